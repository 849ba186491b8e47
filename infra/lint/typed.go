package lint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/eventing/pkg/apis/eventing"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/eventing/pkg/apis/feature"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// known is what Knative's own types can do.
type known interface {
	apis.Defaultable
	apis.Validatable
}

// typed reads an object into Knative's own type, in which every field must
// exist, and lets Knative validate it as its webhook does.
func (l *linter) typed(d *document) {
	var into known
	switch d.api + " " + d.kind {
	case brokerKind:
		into = new(eventingv1.Broker)
	case triggerKind:
		into = new(eventingv1.Trigger)
	case pingSourceKind:
		into = new(sourcesv1.PingSource)
	case sinkBindingKind:
		into = new(sourcesv1.SinkBinding)
	default:
		into = new(servingv1.Service)
	}
	if !l.strict(d, "", d.fields, into) {
		return
	}
	// The webhook refuses these fields unless a cluster switches them on, which
	// all do that distaff is documented for.
	ctx := feature.ToContext(context.Background(), feature.Flags{
		feature.DeliveryTimeout: feature.Enabled, feature.DeliveryRetryAfter: feature.Enabled, feature.CrossNamespaceEventLinks: feature.Enabled,
	})
	ctx = apis.WithinCreate(ctx)
	if broker, ok := into.(*eventingv1.Broker); ok && broker.Annotations[eventingv1.BrokerClassAnnotationKey] == "" {
		// The cluster's default class: it is chosen there.
		broker.Annotations = map[string]string{eventingv1.BrokerClassAnnotationKey: eventing.MTChannelBrokerClassValue}
	}
	if object, ok := into.(metav1.Object); ok && object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault) // some namespace it will get
	}
	into.SetDefaults(ctx)
	found := into.Validate(ctx)
	l.fieldErrors(d, found.Filter(apis.ErrorLevel), Error)
	l.fieldErrors(d, found.Filter(apis.WarningLevel), Warning)
}

func (l *linter) fieldErrors(d *document, found *apis.FieldError, severity Severity) {
	if found == nil {
		return
	}
	for _, err := range found.WrappedErrors() {
		var one *apis.FieldError
		if !errors.As(err, &one) {
			continue
		}
		path := ""
		if len(one.Paths) > 0 {
			path = one.Paths[0]
		}
		text := one.Message
		if path != "" && path != apis.CurrentField {
			text += ": " + strings.Join(one.Paths, ", ")
		}
		if one.Details != "" {
			text += " (" + one.Details + ")"
		}
		l.find(d, path, rule{
			"knative-validate", severity, "It is what Knative's own webhook says of it.", "Write it as Knative's reference tells.",
		}, "%s", strings.ReplaceAll(text, "\n", " "))
	}
}

var unknownField = regexp.MustCompile(`unknown field "([^"]*)"`)

// strict reads fields into a type, in which all of them must exist. path is
// where they lie.
func (l *linter) strict(d *document, path string, fields, into any) bool {
	text, err := json.Marshal(fields)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(into)
	}
	if err == nil {
		return true
	}
	at, what := path, strings.TrimPrefix(err.Error(), "json: ")
	if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		if found := where(fields, m[1]); found != "" {
			at = strings.TrimPrefix(path+"."+found, ".")
		}
		what = "has a field that does not exist: " + at
	}
	l.find(d, at, rule{
		"fields", Error, "A cluster refuses it, or drops the field without a word.", "Mend the spelling, or put the field where it belongs.",
	}, "%s", what)
	return false
}

// where finds the path to a field by its last name.
func where(fields any, name string) string {
	switch inside := fields.(type) {
	case map[string]any:
		if _, ok := inside[name]; ok {
			return name
		}
		for _, key := range sortedKeys(inside) {
			if rest := where(inside[key], name); rest != "" {
				return key + "." + rest
			}
		}
	case []any:
		for n, one := range inside {
			if rest := where(one, name); rest != "" {
				return "[" + itoa(n) + "]." + rest
			}
		}
	}
	return ""
}

// jobSink checks the few fields of an alpha type whose Go package is too heavy
// to link: the Job in it is checked whole.
func (l *linter) jobSink(d *document) {
	var spec struct {
		Job *batchv1.Job `json:"job"`
	}
	if !l.strict(d, "spec", d.fields["spec"], &spec) {
		return
	}
	if spec.Job == nil {
		l.find(d, "spec", rule{"job-sink", Error, "It makes no Job of an event.", "Write spec.job, a batch/v1 Job."}, "has no spec.job")
		return
	}
	if ttl := spec.Job.Spec.TTLSecondsAfterFinished; ttl != nil && *ttl < sameEventFor {
		l.find(d, "spec.job.spec.ttlSecondsAfterFinished", rule{
			"job-sink", Warning, "An event that comes twice makes two Jobs once the first one is gone; a delivery is tried for two minutes.",
			"Keep Jobs for " + itoa(sameEventFor) + " s or more.",
		}, "forgets a Job %d s after it ended", *ttl)
	}
	if len(spec.Job.Spec.Template.Spec.Containers) == 0 {
		l.find(d, "spec.job", rule{"job-sink", Error, "A Job needs something to run.", "Write a container."}, "has a Job without a container")
	}
}

// sameEventFor is how long a Job has to be remembered, in seconds: as long as a
// delivery of its event may be repeated, with room.
const sameEventFor = 300

// eventPolicy checks the fields of another alpha type.
func (l *linter) eventPolicy(d *document) {
	type ref struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Name       string `json:"name"`
		Namespace  string `json:"namespace,omitempty"`
	}
	var spec struct {
		From []struct {
			Ref *ref    `json:"ref"`
			Sub *string `json:"sub"`
		} `json:"from"`
		To []struct {
			Ref      *ref           `json:"ref"`
			Selector map[string]any `json:"selector"`
		} `json:"to"`
		Filters []map[string]any `json:"filters"`
	}
	if !l.strict(d, "spec", d.fields["spec"], &spec) {
		return
	}
	bad := rule{"event-policy", Error, "Knative refuses it, and without it a cluster with OIDC takes no events.", "Write each entry as either a ref or the other."}
	for n, from := range spec.From {
		if (from.Ref == nil) == (from.Sub == nil) {
			l.find(d, "spec.from["+itoa(n)+"]", bad, "spec.from[%d] wants one of ref and sub", n)
		}
	}
	for n, to := range spec.To {
		if (to.Ref == nil) == (to.Selector == nil) {
			l.find(d, "spec.to["+itoa(n)+"]", bad, "spec.to[%d] wants one of ref and selector", n)
		} else if to.Ref != nil {
			l.resolve(d, "spec.to["+itoa(n)+"].ref", manifestRef(to.Ref.APIVersion, to.Ref.Kind, to.Ref.Name, to.Ref.Namespace))
		}
	}
}
