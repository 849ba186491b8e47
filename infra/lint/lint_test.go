package lint_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/infra/lint"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

type name string

func (n name) Name() string { return string(n) }

// Two functions on two brokers: look wakes each minute and says looked; act
// hears it, and says acted for others.
var options = lint.Options{
	Functions: []fn.Function{
		{Name: "look", Broker: "distaff", Hears: []fn.Route{fn.OnTick("minute", nil)}, Says: []event.Named{name("distaff.looked")}},
		{Name: "act", Broker: "distaff-ci", Hears: []fn.Route{{Type: "distaff.looked"}}, Says: []event.Named{name("distaff.acted")}},
		{Name: "dead-letter", Hears: []fn.Route{{}}},
	},
	Outward: map[string]string{"distaff.acted": "for others"},
}

func good(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func check(text string, o lint.Options) []lint.Finding {
	return lint.Check([]lint.File{{Name: "f.yaml", Data: []byte(text)}}, o)
}

func TestGoodManifestsHaveNoFinding(t *testing.T) {
	for _, f := range check(good(t), options) {
		t.Errorf("%+v", f)
	}
}

func TestCESQLThatAsksFirstIsGood(t *testing.T) {
	text := strings.Replace(good(t), "        type: distaff.looked\n  sub", "        type: distaff.looked\n    - cesql: EXISTS branch AND branch LIKE 'f4%'\n  sub", 1)
	if text == good(t) {
		t.Fatal("good.yaml has no such Trigger any more")
	}
	for _, f := range check(text, options) {
		t.Errorf("%+v", f)
	}
}

// Each change to good manifests is found, at the line that was changed.
func TestWhatKnativeTakesAndDoesNotDoIsFound(t *testing.T) {
	const deadLetters = "    deadLetterSink:\n      ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: dead-letter}\n"
	tests := []struct {
		name     string
		old, new string
		after    string // the change is made after this text
		want     string // severity check: what
		at       string // text of the line it is found at
	}{
		{"a field misspelt", "broker: distaff-ci\n", "broker: distaff-ci\n  retries: 3\n", "", `error fields: Trigger act-looked: has a field that does not exist: spec.retries`, "retries: 3"},
		{"what Knative's webhook refuses", "timeoutSeconds: 60", "timeoutSeconds: 900", "", "error knative-validate: Service look: expected 0 <= 900 <= 600", "timeoutSeconds: 900"},
		{"a schedule that is none", `"* * * * *"`, `"every minute"`, "", "error knative-validate: PingSource minute: invalid value", "schedule:"},
		{"no time zone", "  timezone: Etc/UTC\n", "", "", "warning timezone: PingSource minute", "schedule:"},
		{"no dead letter sink", deadLetters, "", "act-looked", "error dead-letter: Trigger act-looked: has no dead letter sink", "delivery:"},
		{"a dead letter sink that is not there", "name: dead-letter}", "name: dead-leter}", "act-looked", "error missing: Trigger act-looked: points to the Service dead-leter", "deadLetterSink:"},
		{"an attempt shorter than a function", "timeout: PT40S", "timeout: PT20S", "act-looked", "error times: Trigger act-looked: gives up an attempt after 20s; a function may take 40s", "timeout: PT20S"},
		{"an attempt without end", "    timeout: PT40S\n", "", "act-looked", "warning times: Trigger act-looked: has no limit for an attempt", "delivery:"},
		{"given up before a claim is free", "retry: 8", "retry: 6", "act-looked", "error times: Trigger act-looked: tries for 31.5s in all", "delivery:"},
		{"Serving cuts off", "timeoutSeconds: 60", "timeoutSeconds: 20", "", "error times: Service look: is cut off after 20s", "timeoutSeconds: 20"},
		{"CESQL that is none", "    - exact:\n        type: distaff.looked\n", "    - cesql: \"type = = 'x'\"\n", "", "error filter: Trigger act-looked: spec.filters[0].cesql", "cesql:"},
		{"CESQL that gives a number", "    - exact:\n        type: distaff.looked\n", "    - cesql: 1 + 1\n", "", "error filter: Trigger act-looked: spec.filters[0].cesql", "cesql:"},
		{"CESQL that asks for what may be missing", "        type: distaff.looked\n  sub", "        type: distaff.looked\n    - cesql: branch = 'rawhide'\n  sub", "act-looked", "error cesql: Trigger act-looked: CESQL uses branch", "cesql:"},
		{"no such Broker", "broker: distaff-ci\n", "broker: distaff-co\n", "", "error missing: Trigger act-looked: is for the Broker distaff-co", "broker: distaff-co"},
		{"no such subscriber", "kind: Service, name: act}", "kind: Service, name: atc}", "", "error missing: Trigger act-looked: points to the Service atc", "name: atc"},
		{"no such sink of a timer", "kind: Broker, name: distaff}", "kind: Broker, name: distraff}", "ceOverrides", "error missing: PingSource minute: points to the Broker distraff", "sink:"},
		{"an event delivered twice", "---\napiVersion: serving", "---\n" + trigger("again", "distaff-ci", "distaff.looked", "kind: Service, name: act", "serving") + "---\napiVersion: serving", "", "error double: Trigger again: brings the same events to Service act as act-looked", "filter:"},
		{"what nobody says", "---\napiVersion: serving", "---\n" + trigger("never", "distaff-ci", "distaff.lookd", "kind: Service, name: act", "serving") + "---\napiVersion: serving", "", "warning never-said: Trigger never: waits for distaff.lookd, which nobody says", "filter:"},
		{"what nobody hears", "type: distaff.looked\n  subscriber:\n    ref: {apiVersion: serving", "type: distaff.acted\n  subscriber:\n    ref: {apiVersion: serving", "act-looked", "error unheard: Trigger look-minute: among these Triggers none hears distaff.looked, which look says", "apiVersion"},
		{"what nobody hands over", "broker: distaff\n  filter:\n    attributes:\n      type: distaff.looked", "broker: distaff\n  filter:\n    attributes:\n      type: distaff.acted", "", "error unreached: Trigger act-looked: waits on the Broker distaff-ci for distaff.looked, which is said on distaff", "broker: distaff-ci"},
		{"handed over and back", "---\napiVersion: serving", "---\n" + trigger("to-front", "distaff-ci", "distaff.looked", "kind: Broker, name: distaff", "eventing") + "---\napiVersion: serving", "", "error circle: Trigger to-front: hands distaff.looked to the Broker distaff, which hands it back", "subscriber:"},
		{"an in-memory broker", "  annotations: {eventing.knative.dev/broker.class: RabbitMQBroker}\nspec:\n  config: {apiVersion: eventing.knative.dev/v1alpha1, kind: RabbitmqBrokerConfig, name: rabbit}\n", "spec: {}\n", "", "warning in-memory: Broker distaff: does not say what kind of broker it is", "spec:"},
		{"a pod all day", `min-scale: "0"`, `min-scale: "2"`, "", "warning idle-cost: Service look: runs at least 2 pods", "min-scale"},
		{"no limit of memory", "          resources: {limits: {memory: 64Mi}}\n", "", "name: look\nspec", "warning limits: Service look: has no limit of memory", "image:"},
		{"an image by tag", "distaff@sha256:1111111111111111111111111111111111111111111111111111111111111111", "distaff:v1", "name: look\nspec", "error digest: Service look: runs the image", "image:"},
		{"a release nobody chose", "distaff@sha256:1111111111111111111111111111111111111111111111111111111111111111", "distaff@sha256:0000000000000000000000000000000000000000000000000000000000000000", "name: look\nspec", "error release: Service look: runs no release yet", "image:"},
		{"a function that does not exist", "value: look", "value: loook", "", `error function: Service look: runs the function "loook"`, "name: FUNCTION"},
		{"nowhere to say events", "kind: Service, name: look}\n  sink", "kind: Service, name: lock}\n  sink", "", "error sink: Service look: runs look, which says events, and has no K_SINK", "spec:"},
		{"said into another's broker", "kind: Broker, name: distaff}\n", "kind: Broker, name: distaff-ci}\n", "SinkBinding", "error sink: SinkBinding look: lets look say its events into distaff-ci", "ref:"},
		{"a secret in the environment", "- name: K_SINK\n", "- {name: KOJI_TOKEN, value: hunter2}\n            - name: K_SINK\n", "", "error secret: Service act: has a value written down for KOJI_TOKEN", "KOJI_TOKEN"},
		{"a Secret", "---\napiVersion: serving", "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hunter2}\n---\napiVersion: serving", "", "error secret: Secret s: holds a value", "stringData:"},
		{"a name that is none", "name: act-looked", "name: act_looked", "", "error name: Trigger act_looked", "name: act_looked"},
		{"an object twice", "name: to-ci-looked", "name: look-minute", "", "error twice: Trigger look-minute: is also in f.yaml:28", "name: look-minute"},
		{"an old version", "apiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata:\n  name: act", "apiVersion: eventing.knative.dev/v1beta1\nkind: Trigger\nmetadata:\n  name: act", "", "error version: Trigger act-looked: is a Trigger of eventing.knative.dev/v1beta1", "v1beta1"},
		{"no YAML", "name: act-looked", "name: {", "", "error yaml: file", ""},
		{"no object", "---\napiVersion: serving", "---\n- a\n---\napiVersion: serving", "", "error yaml: object : is no object", "- a"},
		{"no name", "  name: act-looked\n", "  labels: {}\n", "", "error yaml: Trigger : is no whole object", "apiVersion"},
		{"a JobSink without a job", "---\napiVersion: serving", "---\n" + jobSink("spec: {}") + "---\napiVersion: serving", "", "error job-sink: JobSink rebuild: has no spec.job", "spec:"},
		{"a JobSink that forgets", "---\napiVersion: serving", "---\n" + jobSink("spec: {job: {spec: {ttlSecondsAfterFinished: 5, template: {spec: {containers: [{name: a}]}}}}}") + "---\napiVersion: serving", "", "warning job-sink: JobSink rebuild: forgets a Job 5 s", "spec:"},
		{"a JobSink with a field misspelt", "---\napiVersion: serving", "---\n" + jobSink("spec: {job: {spec: {ttlSeconds: 5}}}") + "---\napiVersion: serving", "", "error fields: JobSink rebuild: has a field that does not exist: spec.job.spec.ttlSeconds", "ttlSeconds"},
		{"an EventPolicy for nothing", "---\napiVersion: serving", "---\n" + policy("spec: {to: [{}]}") + "---\napiVersion: serving", "", "error event-policy: EventPolicy p: spec.to[0] wants one of", "spec:"},
		{"an EventPolicy for what is not there", "---\napiVersion: serving", "---\n" + policy("spec: {to: [{ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: x}}]}") + "---\napiVersion: serving", "", "error missing: EventPolicy p: points to the Broker x", "spec:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, rest, ok := strings.Cut(good(t), tt.after)
			changed := before + tt.after + strings.Replace(rest, tt.old, tt.new, 1)
			if !ok || changed == good(t) {
				t.Fatal("nothing was changed")
			}
			var all []string
			for _, f := range check(changed, options) {
				text := fmt.Sprintf("%s %s: %s: %s", f.Severity, f.Check, f.Object, f.What)
				lines := strings.Split(changed, "\n")
				if strings.HasPrefix(text, tt.want) && strings.Contains(lines[f.Line-1], tt.at) {
					if f.Why == "" || f.Do == "" || f.File != "f.yaml" {
						t.Errorf("it does not say why, or what to do: %+v", f)
					}
					return
				}
				all = append(all, fmt.Sprintf("%d (%s): %s", f.Line, lines[f.Line-1], text))
			}
			t.Errorf("want %q at %q; found:\n%s", tt.want, tt.at, strings.Join(all, "\n"))
		})
	}
}

func trigger(name, broker, kind, to, group string) string {
	return fmt.Sprintf(`apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: %s}
spec:
  broker: %s
  filter:
    attributes: {type: %s}
  subscriber:
    ref: {apiVersion: %s.knative.dev/v1, %s}
  delivery: {retry: 8, backoffPolicy: exponential, backoffDelay: PT0.5S, timeout: PT40S, deadLetterSink: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: dead-letter}}}
`, name, broker, kind, group, to)
}

func jobSink(spec string) string {
	return "apiVersion: sinks.knative.dev/v1alpha1\nkind: JobSink\nmetadata: {name: rebuild}\n" + spec + "\n"
}

func policy(spec string) string {
	return "apiVersion: eventing.knative.dev/v1alpha1\nkind: EventPolicy\nmetadata: {name: p}\n" + spec + "\n"
}

func TestADevelopmentClusterMayForget(t *testing.T) {
	text := strings.ReplaceAll(good(t), "distaff@sha256:1111111111111111111111111111111111111111111111111111111111111111", "distaff:v1")
	o := options
	o.Dev = true
	for _, f := range check(text, o) {
		t.Errorf("%+v", f)
	}
}

func TestAPausedTriggerIsNoFinding(t *testing.T) {
	text := strings.Replace(good(t), "  name: act-looked\n", "  name: act-looked\n  annotations:\n    distaff.dev/paused-subscriber: '{\"ref\":{\"apiVersion\":\"serving.knative.dev/v1\",\"kind\":\"Service\",\"name\":\"act\"}}'\n", 1)
	text = strings.Replace(text, "kind: Service, name: act}", "kind: Service, name: dead-letter}\n    uri: /dead-letter/hold/act-looked", 1)
	for _, f := range check(text, options) {
		t.Errorf("%+v", f)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(good(f)))
	f.Add([]byte("kind: List\napiVersion: v1\nitems: [{}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, finding := range lint.Check([]lint.File{{Name: "f", Data: text}}, options) {
			if finding.Line < 1 || finding.What == "" || finding.Why == "" || finding.Do == "" {
				t.Errorf("%+v", finding)
			}
		}
	})
}
