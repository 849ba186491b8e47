// Package nodes does what a cluster's nodes and Knative Serving would do with
// our objects: it runs the containers of Services and Jobs. A container is a
// process in a root of its own that holds the production server, what the pod
// mounts, and nothing else, as its image would.
//
// The image in the object is not looked at; everything else that decides how a
// function runs is: its environment, ConfigMaps and Secrets as they are in the
// API server, containerConcurrency, timeoutSeconds, probes' paths.
package nodes

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// Options say what runs.
type Options struct {
	// Program is the file that stands for the image, but for those that Images has
	// a file of.
	Program string
	Images  map[string]string
	// Dir is where roots and logs are.
	Dir string
	// Proxy stands for the cluster's DNS.
	Proxy string
	// Files are put into every root besides, by path, and Env into every
	// environment: for a driven clock.
	Files map[string]string
	Env   []string
	// Say hears what a kubelet would make an event of.
	Say func(format string, args ...any)
}

// Nodes run containers.
type Nodes struct {
	cluster *cluster.Cluster
	options Options
	under   atomic.Int64
	handled atomic.Int64
	number  atomic.Int64

	mu          sync.Mutex
	services    map[string]*Service
	deployments map[string]*Deployment
}

// New has nothing running.
func New(c *cluster.Cluster, o Options) *Nodes {
	return &Nodes{cluster: c, options: o, services: map[string]*Service{}, deployments: map[string]*Deployment{}}
}

// Close ends everything.
func (n *Nodes) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	var ending sync.WaitGroup
	for _, s := range n.services {
		ending.Go(s.close)
	}
	for _, d := range n.deployments {
		ending.Go(d.stop)
	}
	ending.Wait()
}

// Under is how many requests are being handled, and Handled how many there have
// been.
func (n *Nodes) Under() int64   { return n.under.Load() }
func (n *Nodes) Handled() int64 { return n.handled.Load() } //nolint:revive // see above

// container is what one pod runs.
type container struct {
	name string
	root string
	env  []string
}

// errNotStoodFor is what a pod asks for and this package does not do.
var errNotStoodFor = errors.New("nothing stands in for it")

// prepare makes the root and the environment of a pod's only container.
func (n *Nodes) prepare(ctx context.Context, namespace, name string, pod corev1.PodSpec) (container, error) {
	c := container{name: name, root: filepath.Join(n.options.Dir, fmt.Sprintf("%s-%d", name, n.number.Add(1)))}
	fail := func(err error) (container, error) { return c, fmt.Errorf("make the container of %s: %w", name, err) }
	if len(pod.Containers) != 1 || len(pod.InitContainers) > 0 {
		return fail(fmt.Errorf("more than one container: %w", errNotStoodFor))
	}
	only := pod.Containers[0]
	for _, from := range only.EnvFrom {
		v := corev1.Volume{}
		if from.ConfigMapRef != nil {
			v.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: from.ConfigMapRef.LocalObjectReference, Optional: from.ConfigMapRef.Optional}
		}
		if from.SecretRef != nil {
			v.Secret = &corev1.SecretVolumeSource{SecretName: from.SecretRef.Name, Optional: from.SecretRef.Optional}
		}
		values, err := n.volume(ctx, namespace, v)
		if err != nil {
			return fail(fmt.Errorf("envFrom: %w", err))
		}
		for key, value := range values {
			c.env = append(c.env, from.Prefix+key+"="+string(value))
		}
	}
	for _, v := range only.Env {
		if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
			continue // what a label or annotation of the pod says, and there is no pod
		}
		if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
			from := v.ValueFrom.SecretKeyRef
			values, err := n.volume(ctx, namespace, corev1.Volume{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: from.Name}}})
			if err == nil && values[from.Key] == nil {
				err = fmt.Errorf("there is no %s in the Secret %s", from.Key, from.Name)
			}
			if err != nil {
				return fail(fmt.Errorf("%s: %w", v.Name, err))
			}
			c.env = append(c.env, v.Name+"="+string(values[from.Key]))
			continue
		}
		if v.ValueFrom != nil {
			return fail(fmt.Errorf("%s by valueFrom: %w", v.Name, errNotStoodFor))
		}
		c.env = append(c.env, v.Name+"="+v.Value)
	}
	c.env = append(c.env, "HTTP_PROXY="+n.options.Proxy)
	c.env = append(c.env, n.options.Env...)
	if err := os.MkdirAll(c.root, 0o755); err != nil {
		return fail(err)
	}
	program := n.options.Program
	if file, ok := n.options.Images[only.Image]; ok {
		program = file
	}
	if err := os.Link(program, filepath.Join(c.root, "function")); err != nil {
		return fail(err)
	}
	for path, file := range n.options.Files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(c.root, path)), 0o755); err != nil {
			return fail(err)
		}
		if err := os.Link(file, filepath.Join(c.root, path)); err != nil {
			return fail(err)
		}
	}
	for _, m := range only.VolumeMounts {
		for _, v := range pod.Volumes {
			if v.Name != m.Name {
				continue
			}
			files, err := n.volume(ctx, namespace, v)
			if err == nil {
				err = mount(c.root, m, files)
			}
			if err != nil {
				return fail(fmt.Errorf("volume %s: %w", v.Name, err))
			}
		}
	}
	return c, nil
}

// volume reads the files of a volume from the API server.
func (n *Nodes) volume(ctx context.Context, namespace string, v corev1.Volume) (map[string][]byte, error) {
	kind, name, optional := "", "", false
	switch {
	case v.ConfigMap != nil:
		kind, name = "ConfigMap", v.ConfigMap.Name
		optional = v.ConfigMap.Optional != nil && *v.ConfigMap.Optional
	case v.Secret != nil:
		kind, name = "Secret", v.Secret.SecretName
		optional = v.Secret.Optional != nil && *v.Secret.Optional
	case v.EmptyDir != nil:
		return nil, nil
	default:
		return nil, errNotStoodFor
	}
	o, err := n.cluster.Get(ctx, schema.GroupVersionKind{Version: "v1", Kind: kind}, namespace, name)
	if err != nil {
		if optional {
			return nil, nil // as the kubelet has it
		}
		return nil, err
	}
	files := map[string][]byte{}
	data, _ := o.Object["data"].(map[string]any)
	for name, value := range data {
		text, _ := value.(string)
		raw := []byte(text)
		if kind == "Secret" {
			if raw, err = base64.StdEncoding.DecodeString(text); err != nil {
				return nil, err
			}
		}
		files[name] = raw
	}
	return files, nil
}

func mount(root string, m corev1.VolumeMount, files map[string][]byte) error {
	dir := filepath.Join(root, m.MountPath)
	if m.SubPath != "" {
		raw, ok := files[m.SubPath]
		if !ok {
			return fmt.Errorf("there is no %s in it", m.SubPath)
		}
		files = map[string][]byte{filepath.Base(dir): raw}
		dir = filepath.Dir(dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, raw := range files {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// process is a container as a process that was not started yet.
func (n *Nodes) process(c container, env ...string) *cluster.Process {
	return &cluster.Process{
		Name: c.name, Path: "/function", Root: c.root, Env: append(c.env, env...),
		Log: filepath.Join(n.options.Dir, "logs", c.name+".log"),
	}
}

// podOf reads a pod's spec out of an object.
func podOf(spec map[string]any) (corev1.PodSpec, error) {
	var pod corev1.PodSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &pod); err != nil {
		return pod, fmt.Errorf("read the pod: %w", err)
	}
	return pod, nil
}

// text gives what a container's log holds.
func text(file string) string {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(raw))
}
