// Package cluster asks a Kubernetes API for what of distaff is on a cluster: the
// Brokers, Triggers, timers and Services, and changes Triggers there.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Where says which cluster is meant, in the words of kubectl.
type Where struct {
	// Kubeconfig is a file; empty: $KUBECONFIG, ~/.kube/config, or the pod's own
	// account.
	Kubeconfig string
	// Context and Namespace are the current ones where they are empty.
	Context, Namespace string
}

// patience is how long the API may take for one answer.
const patience = 30 * time.Second

// Client talks to one namespace of one cluster.
type Client struct {
	// Server is the API's address; Namespace the one that is talked to.
	Server, Namespace string

	objects dynamic.Interface
	config  *rest.Config
	mapper  meta.RESTMapper // of TryApply, made when it is first needed
}

// The kinds of objects that are asked for, by their resources.
//
//nolint:gochecknoglobals // names; a struct can be no constant
var (
	Brokers     = schema.GroupVersionResource{Group: "eventing.knative.dev", Version: "v1", Resource: "brokers"}
	Triggers    = schema.GroupVersionResource{Group: "eventing.knative.dev", Version: "v1", Resource: "triggers"}
	PingSources = schema.GroupVersionResource{Group: "sources.knative.dev", Version: "v1", Resource: "pingsources"}
	Services    = schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "services"}
	// Subscriptions are what the in-memory and the Kafka channel broker make of
	// Triggers.
	Subscriptions = schema.GroupVersionResource{Group: "messaging.knative.dev", Version: "v1", Resource: "subscriptions"}
)

// Open reads the kubeconfig. Nothing is asked of the cluster yet.
func Open(where Where) (*Client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = where.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: where.Context}
	overrides.Context.Namespace = where.Namespace
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("no cluster is configured: name one with --kubeconfig FILE, or set KUBECONFIG")
	}
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.Timeout = patience
	config.UserAgent = "distaff"
	config.WarningHandler = rest.NoWarnings{}
	config.QPS, config.Burst = 50, 100 // all Triggers are asked for at once; the API has limits of its own
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	return &Client{Server: config.Host, Namespace: namespace, objects: objects, config: config}, nil
}

// ErrNoKind says that the cluster does not know a kind of object: its CRD is
// not installed.
var ErrNoKind = errors.New("the cluster does not know this kind of object")

// listPage is how many objects are asked for at once.
const listPage = 250

// List gives all objects of a kind in the namespace, by name.
func (c *Client) List(ctx context.Context, kind schema.GroupVersionResource) ([]unstructured.Unstructured, error) {
	var all []unstructured.Unstructured
	for from := ""; ; {
		page, err := c.objects.Resource(kind).Namespace(c.Namespace).List(ctx, metav1.ListOptions{Limit: listPage, Continue: from})
		if err != nil {
			return nil, c.explain("list "+kind.Resource, err)
		}
		all = append(all, page.Items...)
		if from = page.GetContinue(); from == "" {
			return all, nil
		}
	}
}

// Get gives one object.
func (c *Client) Get(ctx context.Context, kind schema.GroupVersionResource, name string) (*unstructured.Unstructured, error) {
	object, err := c.objects.Resource(kind).Namespace(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, c.explain("read "+kind.Resource+" "+name, err)
	}
	return object, nil
}

// Step is one step of a JSON patch (RFC 6902).
type Step struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Patch changes an object, if it is still the one that was read: version is
// its resourceVersion. With dry the API only tells whether it would.
func (c *Client) Patch(ctx context.Context, kind schema.GroupVersionResource, name, version string, steps []Step, dry bool) (*unstructured.Unstructured, error) {
	steps = append([]Step{{"test", "/metadata/resourceVersion", version}}, steps...)
	body, err := json.Marshal(steps)
	if err != nil {
		return nil, fmt.Errorf("write the change of %s: %w", name, err)
	}
	options := metav1.PatchOptions{FieldManager: manager}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	object, err := c.objects.Resource(kind).Namespace(c.Namespace).Patch(ctx, name, types.JSONPatchType, body, options)
	if err != nil {
		return nil, c.explain("change "+kind.Resource+" "+name, err)
	}
	return object, nil
}

// manager is who the API writes down as the owner of what we change.
const manager = "distaff"

// IsNotFound tells whether the object is not there.
func IsNotFound(err error) bool { return apierrors.IsNotFound(err) && !errors.Is(err, ErrNoKind) }

// explain says what was being done, and in our words what an operator can mend.
func (c *Client) explain(doing string, err error) error {
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status) && apierrors.IsNotFound(err) && (status.Status().Details == nil || status.Status().Details.Name == ""):
		return fmt.Errorf("%s: %w: install Knative there, or look at another cluster (%s)", doing, ErrNoKind, c.Server)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s in namespace %s: not allowed; the role that may is in infra/ (%w)", doing, c.Namespace, err)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: the cluster does not take these credentials; log in again (%s)", doing, c.Server)
	}
	return fmt.Errorf("%s in namespace %s: %w", doing, c.Namespace, err)
}
