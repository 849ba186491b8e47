package knative

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

func TestInvalidManifestsAreRefused(t *testing.T) {
	c := up(t)
	trigger := func(spec string) string {
		return "apiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata: {name: wrong, namespace: default}\nspec: " + spec
	}
	ping := func(spec string) string {
		return "apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {name: wrong, namespace: default}\nspec: " + spec
	}
	for name, wrong := range map[string]struct{ text, says string }{
		"CESQL that cannot be read":           {trigger(`{broker: b, filters: [{cesql: "this is wrong ((("}], subscriber: {uri: "http://a"}}`), "cesql"},
		"a negative number of retries":        {trigger(`{broker: b, subscriber: {uri: "http://a"}, delivery: {retry: -1}}`), "spec.delivery.retry"},
		"a back-off that does not exist":      {trigger(`{broker: b, subscriber: {uri: "http://a"}, delivery: {backoffPolicy: sometimes}}`), "backoffPolicy"},
		"a duration in Go's form":             {trigger(`{broker: b, subscriber: {uri: "http://a"}, delivery: {backoffDelay: 1s}}`), "backoffDelay"},
		"a timeout of nothing":                {trigger(`{broker: b, subscriber: {uri: "http://a"}, delivery: {timeout: PT0S}}`), "timeout"},
		"no subscriber":                       {trigger(`{broker: b}`), "subscriber"},
		"a field that is misspelled":          {trigger(`{broker: b, subscribr: {uri: "http://a"}}`), "subscribr"},
		"an attribute that cannot be one":     {trigger(`{broker: b, filter: {attributes: {Not-One: a}}, subscriber: {uri: "http://a"}}`), "Not-One"},
		"a timer at no time":                  {ping(`{schedule: "99 * * * *", sink: {uri: "http://a"}}`), "schedule"},
		"a timer in a zone that is not there": {ping(`{schedule: "* * * * *", timezone: Nowhere/Land, sink: {uri: "http://a"}}`), "timezone"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := cluster.Parse([]byte(wrong.text))
			if err != nil {
				t.Fatal(err)
			}
			if err = c.Apply(t.Context(), objects...); err == nil {
				t.Error("it was taken")
			} else if !strings.Contains(err.Error(), wrong.says) {
				t.Errorf("it was refused, but not for %q: %v", wrong.says, err)
			}
		})
	}
}

func TestOurManifestsAreTakenAsTheyAre(t *testing.T) {
	s := onStage(t)
	for _, o := range s.objects {
		now, err := s.cluster.Get(t.Context(), o.GroupVersionKind(), o.GetNamespace(), o.GetName())
		if err != nil {
			t.Fatal(err)
		}
		switch o.GetKind() {
		case "PingSource":
			zone, _, _ := unstructured.NestedString(now.Object, "spec", "timezone")
			if zone == "" {
				t.Errorf("%s has no time zone", cluster.Name(o))
			}
		case "Trigger":
			// What the webhook adds; without it a Trigger waits for ever.
			if now.GetLabels()["eventing.knative.dev/broker"] == "" {
				t.Errorf("%s was not defaulted: the webhook was not asked", cluster.Name(o))
			}
		}
	}
}

func TestTheTypesOfEventsAreListed(t *testing.T) {
	s := onStage(t)
	ctx := t.Context()
	p := s.play()
	p.open(ctx, "rpms/listed")
	p.run(ctx)
	types := map[string]bool{}
	kind := schema.GroupVersionKind{Group: "eventing.knative.dev", Version: "v1beta3", Kind: "EventType"}
	for range 50 {
		all, err := s.cluster.List(ctx, kind, s.namespace)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			attributes, _, _ := unstructured.NestedSlice(o.Object, "spec", "attributes")
			for _, a := range attributes {
				if attribute, _ := a.(map[string]any); attribute["name"] == "type" {
					name, _ := attribute["value"].(string)
					types[name] = true
				}
			}
		}
		if types["distaff.status.shown"] {
			break
		}
		if err := s.settle(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"dev.knative.sources.ping", "distaff.pull-request.opened", "distaff.change.looked", "distaff.build.started", "distaff.tests.ended", "distaff.status.shown",
	} {
		if !types[want] {
			t.Errorf("%s is not listed", want)
		}
	}
	t.Logf("%d types are listed", len(types))
}
