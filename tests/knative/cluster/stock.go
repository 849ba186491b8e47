package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// stock are the manifests of Knative that are installed as they are, by their
// patterns below the modules' folders.
func (c *Cluster) stock() (definitions, settings []string) {
	for _, pattern := range []string{"config/core/resources/*.yaml", "config/channels/in-memory-channel/resources/*.yaml"} {
		definitions = append(definitions, filepath.Join(c.options.Eventing, pattern))
	}
	definitions = append(definitions, filepath.Join(c.options.Serving, "config/core/300-resources/*.yaml"))
	for _, pattern := range []string{"config/core/configmaps/*.yaml", "config/channels/in-memory-channel/configmaps/*.yaml", "config/core/webhooks/*.yaml"} {
		settings = append(settings, filepath.Join(c.options.Eventing, pattern))
	}
	return definitions, settings
}

// webhookAddress is the cluster IP of the webhook's Service.
const webhookAddress = "10.96.0.50"

// install puts Knative's own objects into the API server, and what stands in for
// the endpoints and Deployments that nodes would bring.
func (c *Cluster) install(ctx context.Context) error {
	definitions, settings := c.stock()
	crds, err := glob(definitions)
	if err != nil {
		return err
	}
	rest, err := glob(settings)
	if err != nil {
		return err
	}
	for _, o := range rest {
		if o.GetKind() == "ConfigMap" && o.GetName() == "config-features" {
			for name, value := range c.options.Features {
				_ = unstructured.SetNestedField(o.Object, value, "data", name)
			}
		}
	}
	if err := c.create(ctx, namespace(System), namespace("default")); err != nil {
		return err
	}
	var creating sync.WaitGroup
	errs := make([]error, len(crds))
	for i, o := range crds {
		creating.Go(func() { errs[i] = c.create(ctx, o) })
	}
	creating.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := c.create(ctx, append(rest, standIns()...)...); err != nil {
		return err
	}
	deployment := dispatcher()
	if err := c.create(ctx, deployment); err != nil {
		return err
	}
	err = c.SetStatus(ctx, deployment, map[string]any{
		"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1,
		"conditions": []any{map[string]any{"type": "Available", "status": "True", "reason": "Local", "message": "it runs as a process"}},
	})
	if err != nil {
		return err
	}
	return c.served(ctx, crds)
}

// served returns when the API server serves every version of every kind. Each is
// slow the first time, so they are asked for all at once.
func (c *Cluster) served(ctx context.Context, definitions []*Object) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	asking, ctx := errgroup.WithContext(ctx)
	for _, o := range definitions {
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "names", "kind")
		plural, _, _ := unstructured.NestedString(o.Object, "spec", "names", "plural")
		group, _, _ := unstructured.NestedString(o.Object, "spec", "group")
		versions, _, _ := unstructured.NestedSlice(o.Object, "spec", "versions")
		for _, v := range versions {
			version, _ := v.(map[string]any)
			if version["served"] != true {
				continue
			}
			name, _ := version["name"].(string)
			all := c.dynamic.Resource(schema.GroupVersionResource{Group: group, Version: name, Resource: plural})
			asking.Go(func() error {
				return until(ctx, kind+" "+name+" is served", func(ctx context.Context) error {
					_, err := all.List(ctx, metav1.ListOptions{Limit: 1})
					return err
				})
			})
		}
	}
	return asking.Wait()
}

func glob(patterns []string) ([]*Object, error) {
	var out []*Object
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no %s", pattern)
		}
		for _, file := range found {
			objects, err := ParseFile(file)
			if err != nil {
				return nil, err
			}
			out = append(out, objects...)
		}
	}
	return out, nil
}

func namespace(name string) *Object {
	return object("v1", "Namespace", "", name, nil)
}

func object(version, kind, namespace, name string, rest map[string]any) *Object {
	o := &Object{Object: map[string]any{"apiVersion": version, "kind": kind}}
	for field, value := range rest {
		o.Object[field] = value
	}
	o.SetName(name)
	if namespace != "" {
		o.SetNamespace(namespace)
	}
	return o
}

// standIns are Services, and Endpoints that say somebody is behind them: the
// controllers look no closer. Loopback addresses would be refused.
func standIns() []*Object {
	var out []*Object
	for _, name := range []string{"broker-ingress", "broker-filter", "imc-dispatcher", "job-sink"} {
		port := map[string]any{"name": "http", "port": int64(80)}
		out = append(out,
			object("v1", "Service", System, name, map[string]any{"spec": map[string]any{"ports": []any{port}}}),
			object("v1", "Endpoints", System, name, map[string]any{"subsets": []any{map[string]any{
				"addresses": []any{map[string]any{"ip": advertised}}, "ports": []any{map[string]any{"name": "http", "port": int64(8080)}},
			}}}))
	}
	return append(out, object("v1", "Service", System, "eventing-webhook", map[string]any{"spec": map[string]any{
		"clusterIP": webhookAddress, "ports": []any{map[string]any{"name": "https-webhook", "port": int64(443)}},
	}}))
}

// dispatcher is the Deployment the channels' controller waits for.
func dispatcher() *Object {
	labels := map[string]any{"app": "imc-dispatcher"}
	return object("apps/v1", "Deployment", System, "imc-dispatcher", map[string]any{"spec": map[string]any{
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "dispatcher", "image": "none"}}},
		},
	}})
}
