package deploy_test

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/eventing/pkg/apis/feature"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/yaml"

	"sigs.k8s.io/kustomize/api/resource"
)

// checked is a type of Knative that knows what is right.
type checked interface {
	SetDefaults(context.Context)
	Validate(context.Context) *apis.FieldError
}

// What Knative's web hooks would refuse, and unknown fields, which they drop in
// silence, are found here.
func TestKnativeTakesEverything(t *testing.T) {
	ctx := feature.ToContext(t.Context(), feature.Flags{feature.DeliveryTimeout: feature.Enabled})
	for _, environment := range environments {
		for _, components := range [][]string{nil, {"jobs", "event-policies", "follow"}} {
			for _, r := range render(t, environment, components...).Resources() {
				if err := check(ctx, r); err != nil {
					t.Errorf("%s: %s %s: %v", environment, r.GetKind(), r.GetName(), err)
				}
			}
		}
	}
}

func check(ctx context.Context, r *resource.Resource) error {
	body, err := r.AsYAML()
	if err != nil {
		return err
	}
	var object any
	switch r.GetApiVersion() + " " + r.GetKind() {
	case "serving.knative.dev/v1 Service":
		object = &servingv1.Service{}
	case "eventing.knative.dev/v1 Broker":
		object = &eventingv1.Broker{}
	case "eventing.knative.dev/v1 Trigger":
		object = &eventingv1.Trigger{}
	case "sources.knative.dev/v1 PingSource":
		object = &sourcesv1.PingSource{}
	case "sources.knative.dev/v1 SinkBinding":
		object = &sourcesv1.SinkBinding{}
	case "apps/v1 Deployment":
		object = &appsv1.Deployment{}
	case "networking.k8s.io/v1 NetworkPolicy":
		object = &networkingv1.NetworkPolicy{}
	case "v1 ServiceAccount":
		object = &corev1.ServiceAccount{}
	case "v1 ConfigMap":
		object = &corev1.ConfigMap{}
	case "v1 Namespace":
		object = &corev1.Namespace{}
	case "sinks.knative.dev/v1alpha1 JobSink":
		// Its own types pull in half of Kubernetes; what is in it is a Job.
		job, err := r.GetFieldValue("spec.job")
		if err != nil {
			return err
		}
		if body, err = yaml.Marshal(job); err != nil {
			return err
		}
		object = &batchv1.Job{}
	case "eventing.knative.dev/v1alpha1 EventPolicy", "eventing.knative.dev/v1alpha1 RabbitmqBrokerConfig":
		return nil // no types of them here; tests/knative has the API server look
	default:
		return unknownKindError(r.GetApiVersion())
	}
	if err := yaml.UnmarshalStrict(body, object); err != nil {
		return err
	}
	known, ok := object.(checked)
	if !ok {
		return nil
	}
	known.SetDefaults(apis.WithinCreate(ctx))
	if err := known.Validate(apis.WithinCreate(ctx)).Filter(apis.ErrorLevel); err != nil {
		return err
	}
	return nil
}

type unknownKindError string

func (e unknownKindError) Error() string { return "nobody checks objects of " + string(e) }

// The check itself has teeth.
func TestKnativeRefusesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ kind, from, to, want string }{
		"a request longer than Knative's most": {"Service", "timeoutSeconds: 40", "timeoutSeconds: 900", "timeoutSeconds"},
		"a key that is written wrong":          {"Service", "containerConcurrency:", "containerConcurency:", "unknown field"},
		"a window that is too short":           {"Service", "window: 6s", "window: 5s", "window"},
		"a Trigger without a broker":           {"Trigger", "broker: distaff", "broker: \"\" #", "broker"},
		"a duration that is none":              {"Trigger", "timeout: PT40S", "timeout: 40s", "timeout"},
		"a timer of nobody's zone":             {"PingSource", "timezone: Etc/UTC", "timezone: Moon/Base", "timezone"},
	} {
		t.Run(name, func(t *testing.T) {
			var told []string
			for _, r := range of(render(t, "dev"), c.kind) {
				body, err := r.AsYAML()
				if err != nil {
					t.Fatal(err)
				}
				changed := strings.Replace(string(body), c.from, c.to, 1)
				if changed == string(body) {
					continue
				}
				broken := r.DeepCopy()
				var fields map[string]any
				if err := yaml.Unmarshal([]byte(changed), &fields); err != nil {
					t.Fatal(err)
				}
				if err := broken.UnmarshalJSON(mustJSON(t, fields)); err != nil {
					t.Fatal(err)
				}
				ctx := feature.ToContext(t.Context(), feature.Flags{feature.DeliveryTimeout: feature.Enabled})
				err = check(ctx, broken)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("%s: %v", r.GetName(), err)
				}
				told = append(told, r.GetName())
			}
			if len(told) == 0 {
				t.Error("there was nothing to break")
			}
		})
	}
}

func mustJSON(t *testing.T, fields map[string]any) []byte {
	t.Helper()
	raw, err := yaml.Marshal(fields)
	if err == nil {
		raw, err = yaml.YAMLToJSON(raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
