package nodes

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// Deployment is one whose only pod runs.
type Deployment struct {
	Name    string
	process *cluster.Process
	spec    map[string]any

	mu      sync.Mutex // held while it is started or stopped
	stopped chan struct{}
}

// served is the port that the pods of a Service listen at, by whom it is found
// in a room where each has to have one of its own.
const served = 8080

// Deployments runs the Deployments of a namespace from now on: what is made is
// started, what is changed is replaced, what ends by itself is started again, and
// what is deleted ends. It returns when the context ends.
func (n *Nodes) Deployments(ctx context.Context, namespace string) {
	const look = 250 * time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		if err := n.deploy(ctx, namespace); err != nil && ctx.Err() == nil {
			n.options.Say("the Deployments of %s: %v", namespace, err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// deploy makes what runs what the API server has.
func (n *Nodes) deploy(ctx context.Context, namespace string) error {
	wanted, err := n.cluster.List(ctx, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, namespace)
	if err != nil {
		return err
	}
	var errs []error
	there := map[string]bool{}
	for i := range wanted {
		name := wanted[i].GetName()
		there[name] = true
		spec, _, _ := unstructured.NestedMap(wanted[i].Object, "spec", "template", "spec")
		old := n.Deployment(name)
		if old != nil && reflect.DeepEqual(old.spec, spec) {
			continue
		}
		if old != nil {
			old.stop()
		}
		errs = append(errs, n.launch(ctx, namespace, name, spec))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, d := range n.deployments {
		if !there[name] {
			d.stop()
			delete(n.deployments, name)
		}
	}
	return errors.Join(errs...)
}

// launch starts a Deployment's pod, and keeps it running.
func (n *Nodes) launch(ctx context.Context, namespace, name string, spec map[string]any) error {
	pod, err := podOf(spec)
	if err != nil {
		return err
	}
	c, err := n.prepare(ctx, namespace, name, pod)
	if err != nil {
		return err
	}
	for _, p := range pod.Containers[0].Ports {
		if p.ContainerPort != served {
			continue
		}
		port, err := freePort()
		if err != nil {
			return err
		}
		c.env = append(c.env, "PORT="+strconv.Itoa(port))
		n.cluster.Router.Route(name+"."+namespace+".", "127.0.0.1:"+strconv.Itoa(port))
		if err := n.endpoints(ctx, namespace, name); err != nil {
			return err
		}
	}
	d := &Deployment{Name: name, process: n.process(c), spec: spec, stopped: make(chan struct{})}
	if err := d.process.Start(); err != nil {
		return err
	}
	n.mu.Lock()
	n.deployments[name] = d
	n.mu.Unlock()
	go n.keep(d)
	return nil
}

// endpoints says that somebody is behind the Service of a name, as soon as there
// is that Service.
func (n *Nodes) endpoints(ctx context.Context, namespace, name string) error {
	kind := schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	var service *cluster.Object
	for service == nil {
		var err error
		if service, err = n.cluster.Get(ctx, kind, namespace, name); err != nil {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("find the Service %s: %w", name, err)
			}
		}
	}
	o := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Endpoints", "subsets": []any{map[string]any{
		// Loopback addresses would be refused, and nobody goes there.
		"addresses": []any{map[string]any{"ip": "10.0.0.10"}}, "ports": []any{map[string]any{"name": "http", "port": int64(served)}},
	}}}}
	o.SetName(name)
	o.SetNamespace(namespace)
	o.SetLabels(service.GetLabels())
	return n.cluster.Apply(ctx, o)
}

// keep starts a pod again that has ended by itself: at once, and then after a
// while, as the kubelet does.
func (n *Nodes) keep(d *Deployment) {
	const pause = time.Second
	last := time.Now()
	for {
		select {
		case <-d.process.Over():
		case <-d.stopped:
			return
		}
		if time.Since(last) < pause {
			select {
			case <-time.After(pause):
			case <-d.stopped:
				return
			}
		}
		last = time.Now()
		if err := d.again(); err != nil {
			n.options.Say("%s does not start: %v", d.Name, err)
			return
		}
	}
}

// again starts it, unless it was stopped.
func (d *Deployment) again() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.stopped:
		return nil
	default:
		return d.process.Start()
	}
}

// stop ends it for good.
func (d *Deployment) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.stopped)
	d.process.Kill()
}

// Kill ends its pod as a power cut would; another is started at once.
func (d *Deployment) Kill() { d.process.Kill() }

// Deployment gives one by its name, nil if there is none.
func (n *Nodes) Deployment(name string) *Deployment {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.deployments[name]
}

// Deployed are the names of those that run.
func (n *Nodes) Deployed() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var names []string
	for name := range n.deployments {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
