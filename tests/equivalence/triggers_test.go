package equivalence

import (
	"context"
	"fmt"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"go.uber.org/zap"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/eventing/pkg/apis/feature"
	"knative.dev/eventing/pkg/eventfilter"
	"knative.dev/eventing/pkg/eventfilter/attributes"
	"knative.dev/eventing/pkg/eventfilter/subscriptionsapi"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// filtered is a Trigger of which only the filters matter.
type filtered struct {
	Attributes map[string]string
	Filters    []eventingv1.SubscriptionsAPIFilter
}

// yaml writes the manifest that both sides read.
func (f filtered) yaml(t testing.TB) string {
	t.Helper()
	spec := map[string]any{
		"broker":     "b",
		"subscriber": map[string]any{"uri": "http://subscriber.example/"},
	}
	if f.Attributes != nil {
		spec["filter"] = map[string]any{"attributes": f.Attributes}
	}
	if f.Filters != nil {
		spec["filters"] = written(f.Filters)
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "eventing.knative.dev/v1", "kind": "Trigger",
		"metadata": map[string]any{"name": "t", "namespace": "default"}, "spec": spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// written keeps what is empty, which encoding the type would leave out.
func written(list []eventingv1.SubscriptionsAPIFilter) []any {
	out := []any{}
	for _, x := range list {
		fields := map[string]any{}
		for name, texts := range map[string]map[string]string{"exact": x.Exact, "prefix": x.Prefix, "suffix": x.Suffix} {
			if texts != nil {
				fields[name] = texts
			}
		}
		for name, inner := range map[string][]eventingv1.SubscriptionsAPIFilter{"all": x.All, "any": x.Any} {
			if inner != nil {
				fields[name] = written(inner)
			}
		}
		if x.Not != nil {
			fields["not"] = written([]eventingv1.SubscriptionsAPIFilter{*x.Not})[0]
		}
		if x.CESQL != "" {
			fields["cesql"] = x.CESQL
		}
		out = append(out, fields)
	}
	return out
}

// ours is what the local broker makes of a manifest.
func ours(text string) (manifest.Trigger, error) {
	set, err := manifest.Parse("trigger.yaml", []byte(text))
	if err != nil {
		return manifest.Trigger{}, err
	}
	return set.Triggers[0], nil
}

// enabled are the features of Knative that a cluster for distaff has on.
func enabled(ctx context.Context) context.Context {
	return feature.ToContext(ctx, feature.Flags{
		feature.DeliveryTimeout: feature.Enabled, feature.DeliveryRetryAfter: feature.Enabled,
	})
}

// theirs is what a cluster makes of it: strictly decoded by the API server,
// completed and checked by Knative's webhook.
func theirs(ctx context.Context, text string) (*eventingv1.Trigger, error) {
	var t eventingv1.Trigger
	if err := yaml.UnmarshalStrict([]byte(text), &t); err != nil {
		return nil, err
	}
	ctx = enabled(ctx)
	t.SetDefaults(ctx)
	if err := t.Validate(ctx).Filter(apis.ErrorLevel); err != nil {
		return nil, err
	}
	return &t, nil
}

// knativeWants is the decision of Knative's filter (pkg/broker/filter,
// filterEvent) by its own packages. A panic is what it is: the connection ends
// without an answer, and no subscriber sees the event.
func knativeWants(ctx context.Context, t *eventingv1.Trigger, e event.Event) (wants bool, panicked string) {
	defer func() {
		if r := recover(); r != nil {
			wants, panicked = false, fmt.Sprint("panic: ", r)
		}
	}()
	var f eventfilter.Filter
	switch {
	case len(t.Spec.Filters) > 0:
		f = subscriptionsapi.CreateSubscriptionsAPIFilters(zap.NewNop(), t.Spec.Filters)
	case t.Spec.Filter != nil:
		f = attributes.NewAttributesFilter(t.Spec.Filter.Attributes)
	default:
		return true, ""
	}
	return f.Filter(ctx, e) != eventfilter.FailFilter, ""
}
