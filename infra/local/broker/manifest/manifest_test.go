package manifest_test

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker/filter"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func load(t *testing.T) *manifest.Set {
	t.Helper()
	set, err := manifest.Load(os.DirFS("testdata"), "events")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func service(name, uri string) manifest.Destination {
	return manifest.Destination{Ref: manifest.Ref{APIVersion: "serving.knative.dev/v1", Kind: "Service", Name: name}, URI: uri}
}

func TestAFolderOfManifestsIsRead(t *testing.T) {
	set := load(t)
	if len(set.Brokers) != 1 || len(set.Triggers) != 2 || len(set.PingSources) != 2 || len(set.Others) != 1 {
		t.Fatalf("read %d brokers, %d triggers, %d timers, %d others", len(set.Brokers), len(set.Triggers), len(set.PingSources), len(set.Others))
	}
	dead := service("dead-letter", "")
	broker := manifest.Delivery{Retry: 10, Policy: "exponential", Delay: 200 * time.Millisecond, Timeout: time.Minute, DeadLetters: &dead}
	if diff := cmp.Diff(&broker, set.Brokers[0].Delivery); diff != "" {
		t.Error("broker's delivery", diff)
	}
	minute := time.Minute
	first, second := set.Triggers[0], set.Triggers[1]
	if diff := cmp.Diff(service("on-pr-opened", "/events"), first.Subscriber); diff != "" {
		t.Error("subscriber", diff)
	}
	if diff := cmp.Diff(broker, set.Brokers[0].DeliveryOf(first)); diff != "" {
		t.Error("a trigger without delivery gets the broker's", diff)
	}
	want := manifest.Delivery{Retry: 2, Policy: "linear", Delay: 300 * time.Millisecond, RetryAfterMax: &minute, Format: "json", DeadLetters: &dead}
	if diff := cmp.Diff(want, set.Brokers[0].DeliveryOf(second)); diff != "" {
		t.Error("a trigger's delivery replaces the broker's, but for the dead letter sink", diff)
	}
	exprs := []filter.Expr{
		{Exact: map[string]string{"type": "distaff.build.asked"}},
		{Any: []filter.Expr{
			{Prefix: map[string]string{"branch": "f"}},
			{Suffix: map[string]string{"branch": "rawhide"}},
			{Not: &filter.Expr{CESQL: "EXISTS draft AND draft"}},
		}},
	}
	if diff := cmp.Diff(exprs, second.Filters); diff != "" {
		t.Error("filters", diff)
	}
	if second.File != "events/triggers.yml" || second.Line != 18 {
		t.Errorf("the second trigger is at %s:%d", second.File, second.Line)
	}
}

func TestFiltersReplaceTheOldFilter(t *testing.T) {
	e := event.New()
	e.SetType("never.looked.at")
	if matched, why := load(t).Triggers[1].Filter.Explain(e); matched || why != "type is never.looked.at, the trigger wants distaff.build.asked" {
		t.Errorf("Explain = %t, %q", matched, why)
	}
}

func TestABrokerWithoutDeliveryGetsWhatItsClassGives(t *testing.T) {
	trigger := manifest.Trigger{}
	stock := manifest.Delivery{Retry: 10, Policy: "exponential", Delay: 200 * time.Millisecond}
	if diff := cmp.Diff(stock, manifest.Broker{}.DeliveryOf(trigger)); diff != "" {
		t.Error("stock Knative", diff)
	}
	rabbit := manifest.Broker{Object: manifest.Object{Annotations: map[string]string{"eventing.knative.dev/broker.class": "RabbitMQBroker"}}}
	if diff := cmp.Diff(manifest.Delivery{}, rabbit.DeliveryOf(trigger)); diff != "" {
		t.Error("RabbitMQ drops after the first failure", diff)
	}
	dead := service("dead-letter", "")
	trigger.Delivery = &manifest.Delivery{DeadLetters: &dead}
	if got := (manifest.Broker{}).DeliveryOf(trigger); got.Retry != 0 {
		t.Error("a trigger that only names a dead letter sink is still retried")
	}
}

func TestTimersFollowTheirScheduleInTheirZone(t *testing.T) {
	set := load(t)
	from := time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC) // the night the clocks go back
	promote, tick := set.PingSources[0], set.PingSources[1]
	if got, want := promote.Next(from), time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC); !got.Equal(want) && !got.Equal(want.Add(time.Hour)) {
		t.Errorf("Sunday 02:00 in Prague is %v", got)
	}
	if got, want := promote.Next(from.AddDate(0, 0, 7)), time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("the Sunday after, 02:00 in Prague is %v, want %v", got, want)
	}
	if got, want := tick.Next(from), from.Add(time.Minute); !got.Equal(want) {
		t.Errorf("a timer without schedule ticks at %v, want %v", got, want)
	}
	if string(promote.Data) != `{"environment": "production"}` {
		t.Errorf("data is %q", promote.Data)
	}
}

func TestAddressesAreThoseOfACluster(t *testing.T) {
	for want, d := range map[string]manifest.Destination{
		"http://on-pr-opened.default.svc.cluster.local":   service("on-pr-opened", ""),
		"http://on-pr-opened.default.svc.cluster.local/x": service("on-pr-opened", "/x"),
		"http://on-pr-opened.default.svc.cluster.local/y": service("on-pr-opened", "y"),
		"https://h/p": {URI: "https://h/p"},
		"http://broker-ingress.knative-eventing.svc.cluster.local/ci/distaff":     {Ref: manifest.Ref{Kind: "Broker", Name: "distaff", Namespace: "ci"}},
		"http://broker-ingress.knative-eventing.svc.cluster.local/default/events": {Ref: manifest.Ref{Kind: "Broker", Name: "events"}},
	} {
		if got := d.Address(); got != want {
			t.Errorf("Address of %v = %s, want %s", d, got, want)
		}
	}
}

func TestAServiceRunsOneFunctionOrSeveral(t *testing.T) {
	for want, d := range map[string]manifest.Destination{
		"on-pr-opened": service("on-pr-opened", ""),
		"clock-tick":   service("minute", "/clock-tick"),
		"fedmsg-drain": service("minute", "fedmsg-drain/now?x=1"),
		"":             {Ref: manifest.Ref{Kind: "Broker", Name: "distaff"}},
	} {
		if got := d.Function(); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

const trigger = `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: t}
spec:
  broker: b
  subscriber: {uri: "http://s/"}
`

func TestManifestsThatWouldSurpriseAreRefused(t *testing.T) {
	ping := "apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {name: p}\nspec:\n  sink: {uri: \"http://s/\"}\n"
	tests := []struct{ name, text, want string }{
		{"unknown field", trigger + "  retries: 3\n", "f.yaml:7: spec.retries: unknown field"},
		{"unknown field deep down", trigger + "  filters:\n  - exact: {type: x}\n  - exakt: {type: x}\n", "f.yaml:9: spec.filters[1].exakt: unknown field"},
		{"field twice", trigger + "  broker: c\n", "f.yaml:7: spec.broker: is given twice"},
		{"second document", trigger + "---\n" + trigger + "  x: 1\n", "f.yaml:14: spec.x: unknown field"},
		{"a number for text", trigger + "  filters: [{exact: {pr: 12}}]\n", `f.yaml:7: spec.filters[0].exact.pr: wants text: write "12" with quotes`},
		{"yes for text", trigger + "  filters: [{exact: {draft: yes}}]\n", `spec.filters[0].exact.draft: wants text: write "yes" with quotes`},
		{"nothing for text", trigger + "  filters: [{exact: {draft: }}]\n", `spec.filters[0].exact.draft: wants text`},
		{"CESQL that does not parse", trigger + "  filters:\n  - any:\n    - exact: {type: x}\n    - cesql: \"type = = 1\"\n", "f.yaml:10: spec.filters[0].any[1].cesql: "},
		{"CESQL that gives a number", trigger + "  filters:\n  - cesql: 1 + 1\n", "f.yaml:8: spec.filters[0].cesql: "},
		{"a filter that says nothing", trigger + "  filters:\n  - exact: {type: x}\n  - {}\n", "f.yaml:9: spec.filters[1]: wants exactly one"},
		{"two dialects", trigger + "  filters:\n  - exact: {type: x}\n    prefix: {type: z}\n", "f.yaml:8: spec.filters[0]: wants exactly one"},
		{"bad attribute, though filters replace it", trigger + "  filter:\n    attributes:\n      Type: x\n  filters: [{exact: {type: x}}]\n", "f.yaml:9: spec.filter.attributes.Type: an attribute's name"},
		{"alias", "a: &a [x]\n" + strings.Replace(trigger, "broker: b", "broker: *a", 1), "wants text, not an alias"},
		{"merge key", trigger + "  <<: {x: 1}\n", "spec.<<: a field's name is plain text"},
		{"no broker", strings.Replace(trigger, "  broker: b\n", "", 1), "spec.broker: is missing"},
		{"no subscriber", strings.Replace(trigger, "  subscriber: {uri: \"http://s/\"}\n", "", 1), "spec.subscriber: is missing"},
		{"no name", strings.Replace(trigger, "{name: t}", "{}", 1), "metadata.name: is missing"},
		{"a name that is a path", strings.Replace(trigger, "{name: t}", "{name: ../t}", 1), "metadata.name: wants a name"},
		{"relative address alone", strings.Replace(trigger, "http://s/", "/x", 1), "f.yaml:6: spec.subscriber.uri: wants a whole http"},
		{"ref without apiVersion", strings.Replace(trigger, `{uri: "http://s/"}`, "{ref: {kind: Service, name: s}}", 1), "spec.subscriber.ref: wants apiVersion, kind and name"},
		{"ref with a whole address", strings.Replace(trigger, `{uri: "http://s/"}`, `{uri: "http://s/", ref: {apiVersion: v1, kind: Service, name: s}}`, 1), "wants a path"},
		{"negative retry", trigger + "  delivery: {retry: -1}\n", "spec.delivery.retry: wants a number"},
		{"retry as text", trigger + "  delivery: {retry: \"3\"}\n", "spec.delivery.retry: wants a number"},
		{"Go duration", trigger + "  delivery: {backoffDelay: 200ms}\n", "spec.delivery.backoffDelay: wants a duration"},
		{"no timeout at all", trigger + "  delivery: {timeout: PT0S}\n", "spec.delivery.timeout: wants a duration"},
		{"backwards timeout", trigger + "  delivery: {timeout: -PT1S}\n", "spec.delivery.timeout: wants a duration"},
		{"unknown policy", trigger + "  delivery: {backoffPolicy: fibonacci}\n", "spec.delivery.backoffPolicy: wants linear or exponential"},
		{"old version", strings.Replace(trigger, "/v1\n", "/v1beta1\n", 1), "the local broker knows no eventing.knative.dev/v1beta1 Trigger"},
		{"a kind that routes", "apiVersion: flows.knative.dev/v1\nkind: Sequence\nmetadata: {name: s}\n", "knows no flows.knative.dev/v1 Sequence"},
		{"no kind", "apiVersion: v1\nmetadata: {name: s}\n", "wants an object with apiVersion and kind"},
		{"a list", "- a\n", "wants an object with apiVersion and kind, not a list"},
		{"no YAML", "a: [\n", "f.yaml:"},
		{"no cron", ping + "  schedule: whenever\n", "f.yaml:6: spec.schedule: "},
		{"time zone in the schedule", ping + "  schedule: \"TZ=\"\n", "write the time zone into spec.timezone"},
		{"@every", ping + "  schedule: \"@every 1s\"\n", "@every is not supported"},
		{"no such zone", ping + "  timezone: Mars/Olympus\n", `time zone "Mars/Olympus" is not known`},
		{"two data", ping + "  data: a\n  dataBase64: YQ==\n", "f.yaml:7: spec.dataBase64: is given beside data"},
		{"no base64", ping + "  dataBase64: \"!\"\n", "spec.dataBase64: is not base64"},
		{"no JSON", ping + "  contentType: application/json\n  data: a\n", "spec.data: is no JSON object"},
		{"no sink", strings.Replace(ping, "  sink: {uri: \"http://s/\"}\n", "  data: x\n", 1), "spec.sink: is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := manifest.Parse("f.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v; want %q", err, tt.want)
			}
		})
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	_, err := manifest.Parse("f.yaml", []byte(trigger+"  x: 1\n---\n"+trigger+"  y: 1\n"))
	var one *manifest.Error
	if !errors.As(err, &one) || one.Line != 7 || one.Field != "spec.x" {
		t.Errorf("the first error is %+v", one)
	}
	if !strings.Contains(err.Error(), "f.yaml:15: spec.y") {
		t.Errorf("the second document's error is missing in %v", err)
	}
}

// forward writes a Trigger that hands events of a type on to another Broker.
func forward(name, from, to, kind string) string {
	filters := ""
	if kind != "" {
		filters = "  filters: [{exact: {type: " + kind + "}}]\n"
	}
	return "---\napiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata: {name: " + name + "}\nspec:\n  broker: " + from +
		"\n  subscriber: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: " + to + "}}\n" + filters
}

func TestTriggersThatHandAnEventRoundAreRefused(t *testing.T) {
	three := ""
	for _, name := range []string{"a", "b", "c"} {
		three += "---\napiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {name: " + name + "}\n"
	}
	attributes := strings.Replace(forward("back", "b", "a", ""), "  subscriber", "  filter: {attributes: {type: x, repo: \"\"}}\n  subscriber", 1)
	tests := []struct{ name, triggers, want string }{
		{"there", forward("there", "a", "b", "x"), ""},
		{"there and back, other types", forward("there", "a", "b", "x") + forward("back", "b", "a", "z"), ""},
		{"there and back, one type", forward("there", "a", "b", "x") + forward("back", "b", "a", "x"), "there → back → there"},
		{"there and back, the same in the older form", forward("there", "a", "b", "x") + attributes, "there → back → there"},
		{"there and back, one without filter", forward("there", "a", "b", "x") + forward("back", "b", "a", ""), "there → back → there"},
		{"to itself", forward("self", "a", "a", "x"), "self → self"},
		{"by three", forward("one", "a", "b", "x") + forward("two", "b", "c", "") + forward("three", "c", "a", ""), "one → two → three → one"},
		{"by three, one of another type", forward("one", "a", "b", "x") + forward("two", "b", "c", "") + forward("three", "c", "a", "z"), ""},
		{"further on", forward("in", "a", "b", "") + forward("two", "b", "c", "") + forward("three", "c", "b", ""), "two → three → two"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := manifest.Parse("f.yaml", []byte(three+tt.triggers))
			if err != nil {
				t.Fatal(err)
			}
			err = set.Check()
			if tt.want == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), "handed round for ever: "+tt.want+";")) {
				t.Errorf("Check = %v; want %q", err, tt.want)
			}
		})
	}
}

func TestManifestsMustFitTogether(t *testing.T) {
	broker := "apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {name: b}\n"
	other := strings.Replace(broker, "{name: b}", "{name: c}", 1)
	files := func(texts ...string) fstest.MapFS {
		fsys := fstest.MapFS{}
		for i, text := range texts {
			fsys["events/"+string(rune('a'+i))+".yaml"] = &fstest.MapFile{Data: []byte(text)}
		}
		return fsys
	}
	if _, err := manifest.Load(files(trigger, broker), "events"); err != nil {
		t.Error("a trigger before its broker is refused:", err)
	}
	for want, fsys := range map[string]fstest.MapFS{
		"events/a.yaml:1: spec.broker: there is no Broker b":                 files(trigger),
		"metadata.name: Trigger t is also in events/a.yaml:1":                files(trigger, trigger, broker),
		"metadata.name: Broker b is also in events/a.yaml:1":                 files(broker, broker),
		"a.yaml:1: spec.broker: there is no Broker b":                        files(strings.Replace(trigger, "{name: t}", "{name: t, namespace: x}", 1), strings.Replace(broker, "{name: b}", "{name: b, namespace: ci}", 1)),
		"events/a.yaml:2: spec.subscriber.ref.name: there is no Broker gone": files(forward("t", "b", "gone", "x"), broker),
		"events/a.yaml:2: spec.subscriber.uri: would lead past the Broker c": files(strings.Replace(forward("t", "b", "c", "x"), "name: c}", "name: c}, uri: /x", 1), broker, other),
		"events/a.yaml:1: spec.delivery.deadLetterSink.ref.name: there is no Broker gone": files(
			broker + "spec: {delivery: {deadLetterSink: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: gone}}}}\n"),
		"there is no Broker c in the namespace ci":                     files(strings.Replace(forward("t", "b", "c", "x"), "name: c}", "name: c, namespace: ci}", 1), broker, strings.Replace(other, "{name: c}", "{name: c, namespace: x}", 1)),
		"events/a.yaml:1: spec.sink.ref.name: there is no Broker gone": files("apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {name: p}\nspec: {sink: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: gone}}}\n"),
	} {
		if _, err := manifest.Load(fsys, "events"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load = %v; want %q", err, want)
		}
	}
	if _, err := manifest.Load(fstest.MapFS{}, "events"); err == nil {
		t.Error("a folder that is not there is read")
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"broker.yaml", "triggers.yml", "timers.yaml"} {
		data, err := os.ReadFile("testdata/events/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(trigger + "  filters: [{not: {not: {any: [{cesql: \"1=1\"}]}}}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := manifest.Parse("f.yaml", data)
		if err != nil {
			for _, part := range strings.Split(err.Error(), "\n") {
				if part == "" {
					t.Error("an error without words")
				}
			}
			return
		}
		_ = set.Check()
		for _, p := range set.PingSources {
			if next := p.Next(time.Unix(0, 0)); !next.IsZero() && next.Unix() <= 0 || next.Unix() == math.MaxInt64 {
				t.Errorf("the next time of %q is %v", p.Schedule, next)
			}
		}
	})
}
