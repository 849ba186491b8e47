package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/distaff-project/distaff/tests/knative/cluster"
	"github.com/distaff-project/distaff/tests/knative/nodes"
)

func eventing(kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "eventing.knative.dev", Version: "v1", Kind: kind}
}

func serving(kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "serving.knative.dev", Version: "v1", Kind: kind}
}

func sources(kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "sources.knative.dev", Version: "v1", Kind: kind}
}

// seen is what was done about a Service last.
type seen struct {
	uid        string
	generation int64
}

// operator does what Serving and the PingSources' adapter would do about what
// somebody applies.
type operator struct {
	cluster *cluster.Cluster
	nodes   *nodes.Nodes
	seen    map[string]seen
	ticks   int
	handled int64
	quiet   time.Time
}

// run looks for what was applied, until the context ends.
func (o *operator) run(ctx context.Context) error {
	const look, idle = 500 * time.Millisecond, 15 * time.Second
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	minute := time.Now().Truncate(time.Minute)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		tick := false
		if now := time.Now().Truncate(time.Minute); now != minute {
			minute, tick = now, true
		}
		all, err := o.cluster.List(ctx, schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "")
		for _, namespace := range all {
			err = errors.Join(err, o.serve(ctx, namespace.GetName()))
			if tick {
				err = errors.Join(err, o.tick(ctx, namespace.GetName()))
			}
		}
		if err != nil && ctx.Err() == nil {
			say("%v", err)
		}
		// All go to zero at once, when nothing has come for a while.
		if n := o.nodes.Handled(); n != o.handled || o.nodes.Under() > 0 {
			o.handled, o.quiet = n, time.Now()
		} else if time.Since(o.quiet) > idle {
			o.quiet = time.Now()
			for name := range o.seen {
				o.sleep(name)
			}
		}
	}
}

func (o *operator) sleep(name string) {
	namespace, name, _ := strings.Cut(name, "/")
	if s := o.nodes.Service(namespace, name); s != nil {
		s.Sleep()
	}
}

// serve lets new Services be reached, and ends the processes of those that were
// changed: the next request starts them as they are now.
func (o *operator) serve(ctx context.Context, namespace string) error {
	all, err := o.cluster.List(ctx, serving("Service"), namespace)
	if err != nil {
		return err
	}
	for _, one := range all {
		name := namespace + "/" + one.GetName()
		now, before := seen{string(one.GetUID()), one.GetGeneration()}, o.seen[name]
		if now == before {
			continue
		}
		o.seen[name] = now
		o.sleep(name)
		if image := none(&one); image != "" {
			err = errors.Join(err, o.cluster.SetStatus(ctx, &one, unable(&one, image)))
			continue
		}
		_, served := o.nodes.Serve(ctx, &one)
		err = errors.Join(err, served)
	}
	return err
}

// none gives the image of a Service whose digest is none, as in a clone nobody
// has chosen a release for.
func none(o *cluster.Object) string {
	containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	for _, c := range containers {
		container, _ := c.(map[string]any)
		if image, _ := container["image"].(string); strings.HasSuffix(image, "@sha256:"+strings.Repeat("0", 64)) {
			return image
		}
	}
	return ""
}

// unable is the status of a Service whose image cannot be had.
func unable(o *cluster.Object, image string) map[string]any {
	condition := func(kind, status, reason, message string) any {
		return map[string]any{"type": kind, "status": status, "reason": reason, "message": message}
	}
	failed := fmt.Sprintf("Revision %q failed with message: Back-off pulling image %q.", o.GetName()+"-00001", image)
	missing := fmt.Sprintf("Configuration %q does not have any ready Revision.", o.GetName())
	return map[string]any{"observedGeneration": o.GetGeneration(), "conditions": []any{
		condition("ConfigurationsReady", "False", "RevisionFailed", failed),
		condition("Ready", "False", "RevisionMissing", missing),
		condition("RoutesReady", "False", "RevisionMissing", missing),
	}}
}

// tick sends what the PingSources of a namespace are to send; each is taken to
// be one of each minute, as ours is.
func (o *operator) tick(ctx context.Context, namespace string) error {
	all, err := o.cluster.List(ctx, sources("PingSource"), namespace)
	o.ticks++
	for _, one := range all {
		broker, _, _ := unstructured.NestedString(one.Object, "spec", "sink", "ref", "name")
		sink, unknown := o.cluster.Get(ctx, eventing("Broker"), namespace, broker)
		if unknown != nil {
			continue // the tick is lost, as the adapter's would be
		}
		to, _, _ := unstructured.NestedString(sink.Object, "status", "address", "url")
		if to == "" {
			continue
		}
		data, _, _ := unstructured.NestedString(one.Object, "spec", "data")
		extensions, _, _ := unstructured.NestedStringMap(one.Object, "spec", "ceOverrides", "extensions")
		err = errors.Join(err, o.post(ctx, to, data, map[string]string{
			"Id": "tick-" + strconv.Itoa(o.ticks), "Type": "dev.knative.sources.ping", "Time": time.Now().UTC().Format(time.RFC3339),
			"Source": fmt.Sprintf("/apis/v1/namespaces/%s/pingsources/%s", namespace, one.GetName()),
		}, extensions))
	}
	return err
}

func (o *operator) post(ctx context.Context, to, data string, attributes ...map[string]string) error {
	proxy, err := url.Parse(o.cluster.Router.URL())
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewBufferString(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Ce-Specversion", "1.0")
	for _, some := range attributes {
		for name, value := range some {
			req.Header.Set("Ce-"+name, value)
		}
	}
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("a tick is lost: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		err = fmt.Errorf("a tick is lost: %s answered %s", to, resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}

// serveGateway stands for the ingress: /NAMESPACE/SERVICE/... is the Service.
func (o *operator) serveGateway(ctx context.Context) error {
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", gatewayAt)
	if err != nil {
		return err
	}
	gateway := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		namespace, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		name, _, _ := strings.Cut(rest, "/")
		service := o.nodes.Service(namespace, name)
		if service == nil {
			http.NotFound(w, r)
			return
		}
		to, err := url.Parse(service.URL)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		http.StripPrefix("/"+namespace, httputil.NewSingleHostReverseProxy(to)).ServeHTTP(w, r)
	})}
	go func() { _ = gateway.Serve(socket) }()
	return nil
}

// outsidePID is the room's number where the person is, who sees its process
// from outside.
func outsidePID() int {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return os.Getpid()
	}
	for line := range strings.Lines(string(raw)) {
		if name, value, _ := strings.Cut(line, ":"); name == "NSpid" {
			if n, err := strconv.Atoi(strings.Fields(value)[0]); err == nil {
				return n
			}
		}
	}
	return os.Getpid()
}

// rootOutside reports whether root here is root outside.
func rootOutside() bool {
	raw, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	fields := strings.Fields(string(raw))
	return len(fields) == 3 && fields[0] == "0" && fields[1] == "0"
}
