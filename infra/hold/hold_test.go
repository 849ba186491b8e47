package hold_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

var (
	service = manifest.Destination{Ref: manifest.Ref{APIVersion: "serving.knative.dev/v1", Kind: "Service", Name: "minute", Namespace: "ci"}, URI: "/clock-tick"}
	letters = manifest.Destination{Ref: manifest.Ref{APIVersion: "serving.knative.dev/v1", Kind: "Service", Name: "dead-letter"}, URI: "/dead-letter/from/t"}
)

func paused(t *testing.T) manifest.Trigger {
	t.Helper()
	sink, err := hold.Sink("t", &letters)
	if err != nil {
		t.Fatal(err)
	}
	notes, err := hold.Notes(hold.Pause{Reason: "Koji is down", By: "anna", Since: start}, hold.Fields(service))
	if err != nil {
		t.Fatal(err)
	}
	to := letters
	to.URI, _ = sink["uri"].(string)
	return manifest.Trigger{Object: manifest.Object{Name: "t", Annotations: notes}, Subscriber: to}
}

func TestAPausedTriggerKnowsItsTrueSubscriber(t *testing.T) {
	trigger := paused(t)
	if trigger.Subscriber.URI != "/dead-letter/hold/t" {
		t.Errorf("it goes to %s", trigger.Subscriber)
	}
	p, yes := hold.Paused(trigger)
	if diff := cmp.Diff(hold.Pause{Reason: "Koji is down", By: "anna", Since: start}, p); !yes || diff != "" {
		t.Error(yes, diff)
	}
	if to, err := hold.True(trigger); err != nil || to != service {
		t.Errorf("%v, %v", to, err)
	}
}

func TestATriggerThatWasPutBackByOtherHandsIsNotPaused(t *testing.T) {
	trigger := paused(t)
	trigger.Subscriber = service
	if _, yes := hold.Paused(trigger); yes {
		t.Error("it is paused")
	}
	trigger = paused(t)
	delete(trigger.Annotations, hold.Subscriber)
	if _, err := hold.True(trigger); err == nil {
		t.Error("its true subscriber is known without the annotation")
	}
}

func TestDeadLettersAtAnAddressHoldThereToo(t *testing.T) {
	sink, err := hold.Sink("t", &manifest.Destination{URI: "http://127.0.0.1:9001/dead-letter/from/t?x=1"})
	if err != nil || sink["uri"] != "http://127.0.0.1:9001/dead-letter/hold/t" {
		t.Errorf("%v, %v", sink, err)
	}
	for _, nowhere := range []*manifest.Destination{nil, {Ref: manifest.Ref{Kind: "Broker", Name: "b"}}} {
		if _, err := hold.Sink("t", nowhere); err == nil {
			t.Errorf("events can be held by %v", nowhere)
		}
	}
}

// A patch merges maps, so what has to go must be said.
func TestAPatchTakesAwayWhatTheOtherSubscriberHad(t *testing.T) {
	sink, err := hold.Sink("t", &letters)
	if err != nil {
		t.Fatal(err)
	}
	patch := hold.Patch("t", map[string]string{hold.By: "anna"}, hold.Fields(service), sink)
	want := map[string]any{
		"apiVersion": "eventing.knative.dev/v1", "kind": "Trigger",
		"metadata": map[string]any{"name": "t", "annotations": map[string]any{hold.By: "anna"}},
		"spec": map[string]any{"subscriber": map[string]any{
			"ref": map[string]any{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "dead-letter", "namespace": nil},
			"uri": "/dead-letter/hold/t",
		}},
	}
	if diff := cmp.Diff(want, patch); diff != "" {
		t.Error(diff)
	}
	back := hold.Patch("t", nil, sink, hold.Fields(manifest.Destination{Ref: service.Ref}))
	subscriber, _ := back["spec"].(map[string]any)["subscriber"].(map[string]any)
	if uri, said := subscriber["uri"]; !said || uri != nil {
		t.Errorf("the path stays: %v", subscriber)
	}
	notes, _ := back["metadata"].(map[string]any)["annotations"].(map[string]any)
	if len(notes) != 4 {
		t.Errorf("notes stay: %v", notes)
	}
}
