package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/distaff-project/distaff/infra/cluster"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// live is how a Trigger is on a cluster.
type live struct {
	// Ready is True, False, Unknown, or nothing if nobody looked at it yet.
	Ready      string      `json:"ready"`
	Conditions []condition `json:"conditions,omitempty"`
	// Subscriber and DeadLetters are the addresses the cluster found.
	Subscriber  string `json:"subscriber_uri,omitempty"`
	DeadLetters string `json:"dead_letter_uri,omitempty"`

	version string
	current bool // the status is that of the newest spec
	object  *unstructured.Unstructured
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	Since   string `json:"since,omitempty"`
}

// words says in a few words how it is.
func (l live) words() string {
	switch l.Ready {
	case "True":
		return "ready"
	case "":
		return "not looked at: does Knative Eventing run?"
	}
	for _, c := range l.Conditions {
		if c.Type == "Ready" {
			return l.not() + ": " + cmp.Or(c.Message, c.Reason, "no reason given")
		}
	}
	return l.not()
}

func (l live) not() string {
	if l.Ready == "Unknown" {
		return "not yet"
	}
	return "NO"
}

// fromCluster reads what routes events on a cluster.
func fromCluster(ctx context.Context, client *cluster.Client) (*wiring, error) {
	w := &wiring{
		where: "namespace " + client.Namespace + " of " + client.Server,
		set:   &manifest.Set{}, client: client, live: map[string]live{},
	}
	for _, kind := range []schema.GroupVersionResource{cluster.Brokers, cluster.Triggers, cluster.PingSources} {
		objects, err := client.List(ctx, kind)
		if errors.Is(err, cluster.ErrNoKind) && kind == cluster.PingSources {
			continue
		}
		if err != nil {
			return nil, err
		}
		for i := range objects {
			w.add(&objects[i], kind == cluster.Triggers)
		}
	}
	slices.SortFunc(w.set.Triggers, func(a, b manifest.Trigger) int { return strings.Compare(a.Name, b.Name) })
	return w, nil
}

func (w *wiring) add(object *unstructured.Unstructured, trigger bool) {
	part, err := written1(object)
	if err != nil {
		if trigger {
			w.unclear = append(w.unclear, unclear{object.GetName(), strings.ReplaceAll(err.Error(), "\n", "; ")})
		}
		return
	}
	w.set.Add(part)
	if trigger {
		w.live[object.GetName()] = liveOf(object)
	}
}

// written1 reads an object of a cluster as the local broker would read it as a
// manifest, so that both mean the same: without what a cluster adds.
func written1(object *unstructured.Unstructured) (*manifest.Set, error) {
	meta := map[string]any{"name": object.GetName(), "namespace": object.GetNamespace()}
	if annotations := object.GetAnnotations(); len(annotations) > 0 {
		meta["annotations"] = annotations
	}
	if labels := object.GetLabels(); len(labels) > 0 {
		meta["labels"] = labels
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": object.GetAPIVersion(), "kind": object.GetKind(), "metadata": meta, "spec": object.Object["spec"],
	})
	if err != nil {
		return nil, err
	}
	return manifest.Parse(strings.ToLower(object.GetKind())+"/"+object.GetName(), text)
}

func liveOf(object *unstructured.Unstructured) live {
	l := live{version: object.GetResourceVersion(), object: object}
	seen, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	l.current = seen == object.GetGeneration()
	l.Subscriber, _, _ = unstructured.NestedString(object.Object, "status", "subscriberUri")
	l.DeadLetters, _, _ = unstructured.NestedString(object.Object, "status", "deadLetterSinkUri")
	all, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, one := range all {
		fields, ok := one.(map[string]any)
		if !ok {
			continue
		}
		text := func(name string) string { value, _ := fields[name].(string); return value }
		c := condition{text("type"), text("status"), text("reason"), text("message"), text("lastTransitionTime")}
		if c.Type == "Ready" {
			l.Ready = c.Status
		}
		l.Conditions = append(l.Conditions, c)
	}
	return l
}

// broker tells how the Broker of a Trigger is.
func (w *wiring) broker(ctx context.Context, name string) string {
	object, err := w.client.Get(ctx, cluster.Brokers, name)
	if cluster.IsNotFound(err) {
		return "it is not there"
	}
	if err != nil {
		return err.Error()
	}
	return liveOf(object).words()
}

// subscription is what a channel-based Broker made of a Trigger: its name and
// how it is, or nothing with other Brokers.
func (w *wiring) subscription(ctx context.Context, trigger string) string {
	objects, err := w.client.List(ctx, cluster.Subscriptions)
	if err != nil {
		return ""
	}
	for i := range objects {
		for _, owner := range objects[i].GetOwnerReferences() {
			if owner.Kind == "Trigger" && owner.Name == trigger {
				return fmt.Sprintf("%s, %s", objects[i].GetName(), liveOf(&objects[i]).words())
			}
		}
	}
	return ""
}
