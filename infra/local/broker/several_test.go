package broker_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/journal"
)

// Two brokers: what is opened at the front one is handed on to the other,
// where the building is done.
const twoBrokers = oneBroker + `---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: ci}
spec: {delivery: {retry: 0}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: to-ci}
spec:
  broker: events
  filters: [{exact: {type: opened}}]
  subscriber: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: ci}}
  delivery: {retry: 2, backoffPolicy: exponential, backoffDelay: PT1S}
`

// at gives a Trigger of another Broker.
func at(name, trigger string) string {
	return strings.Replace(trigger, "broker: events", "broker: "+name, 1)
}

// passage writes records with the broker of each.
func passage(records []broker.Record) []string {
	lines := []string{}
	for i, line := range story(records) {
		if records[i].By != "" {
			line += " by " + records[i].By
		}
		lines = append(lines, "at "+records[i].Broker+": "+line)
	}
	return lines
}

func TestAnEventIsHandedOnToAnotherBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, build, elsewhere := &heard{}, &heard{}, &heard{}
		set := manifests(t, twoBrokers, trigger("log", "opened", ""), at("ci", trigger("build", "opened", "")), at("ci", trigger("elsewhere", "closed", "")))
		services := map[string]broker.Subscriber{"log": log, "build": build, "elsewhere": elsewhere}
		b := run(t, set, broker.Options{Name: "events"}, services)

		// An event of the front broker reaches who listens there, and by the
		// hand-over who listens behind.
		publish(t, b, say("1", "opened"))
		settle(t, b)
		// An event said into the other broker stays there.
		if err := b.PublishTo(t.Context(), "ci", say("2", "opened")); err != nil {
			t.Fatal(err)
		}
		settle(t, b)
		// What is not handed on is not heard behind.
		publish(t, b, say("3", "closed"))
		settle(t, b)

		want := map[string][]string{"log": {"1"}, "build": {"1", "2"}, "elsewhere": {}}
		if diff := cmp.Diff(want, map[string][]string{"log": log.ids(), "build": build.ids(), "elsewhere": elsewhere.ids()}); diff != "" {
			t.Error(diff)
		}
		records := b.History("1")
		slices.SortStableFunc(records, func(x, y broker.Record) int { return strings.Compare(y.Broker, x.Broker) })
		story := []string{
			"at events: 1 accepted",
			"at events: 1 delivered log by Service log, attempt 1: 202",
			"at events: 1 delivered to-ci by Broker ci, attempt 1: 202",
			"at ci: 1 accepted by to-ci",
			"at ci: 1 delivered build by Service build, attempt 1: 202",
		}
		got := passage(records)
		slices.Sort(got[1:3]) // they run at the same time
		if diff := cmp.Diff(story, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"at events: 3 no match"}, passage(b.History("3"))); diff != "" {
			t.Error(diff)
		}
		if err := b.PublishTo(t.Context(), "gone", say("4", "opened")); !errors.Is(err, broker.ErrRefused) {
			t.Errorf("an event for no broker: %v", err)
		}
	})
}

// The hops of an event are counted from one broker's replies. Handed on, it
// begins anew, as on a cluster: the filter takes the count away from what a
// subscriber sees, and a broker is a subscriber here.
func TestAnEventHandedOnBeginsWithAFullCountOfHops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := &heard{}
		set := manifests(t, twoBrokers, at("ci", trigger("build", "opened", "{"+toDead+"}")))
		b := run(t, set, broker.Options{Name: "events"}, map[string]broker.Subscriber{"build": &heard{answer: always(422, "")}, "dead": dead})
		worn := say("1", "opened")
		worn.SetExtension("knativebrokerttl", 9)
		publish(t, b, worn)
		settle(t, b)
		if len(dead.events) != 1 || dead.events[0].Extensions()["knativebrokerttl"] != "255" {
			t.Errorf("the dead letters are %v", dead.events)
		}
	})
}

func TestAReplyGoesToTheBrokerOfItsTrigger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		build := &heard{answer: func(int, event.Event) (*event.Event, int, string, error) {
			reply := say("2", "built")
			return &reply, 200, "", nil
		}}
		here, there := &heard{}, &heard{}
		set := manifests(t, twoBrokers, at("ci", trigger("build", "opened", "")), trigger("here", "built", ""), at("ci", trigger("there", "built", "")))
		b := run(t, set, broker.Options{Name: "events"}, map[string]broker.Subscriber{"build": build, "here": here, "there": there})
		publish(t, b, say("1", "opened"))
		settle(t, b)
		if len(here.events) != 0 || len(there.events) != 1 {
			t.Errorf("the front broker had it %d times, the other %d times", len(here.events), len(there.events))
		}
		if diff := cmp.Diff([]string{"at ci: 2 accepted by build"}, passage(b.History("2"))[:1]); diff != "" {
			t.Error(diff)
		}
	})
}

// A kill after the other broker accepted an event, and before the hand-over is
// noted as done, hands it on again: the same event, with the same id.
func TestAHandOverCutByAKillIsDoneAgain(t *testing.T) {
	dir := t.TempDir()
	set := manifests(t, twoBrokers, at("ci", trigger("build", "opened", "")))
	build := &heard{}
	services := map[string]broker.Subscriber{"build": build}
	b := prepare(t, set, broker.Options{Name: "events", Dir: dir}, services)
	publish(t, b, say("1", "opened"))
	// The state of the journal after such a kill: accepted here and there.
	if err := b.PublishTo(t.Context(), "ci", say("1", "opened")); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b = run(t, set, broker.Options{Name: "events", Dir: dir}, services)
	settle(t, b)
	if diff := cmp.Diff([]string{"1", "1"}, build.ids()); diff != "" {
		t.Error(diff)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := broker.ReadHistory(dir, 100, "1")
	if err != nil {
		t.Fatal(err)
	}
	accepted := []string{}
	for _, r := range records {
		if r.Kind == broker.Accepted {
			accepted = append(accepted, r.Broker+" by "+r.By)
		}
	}
	if diff := cmp.Diff([]string{"events by ", "ci by ", "ci by to-ci"}, accepted); diff != "" {
		t.Error(diff)
	}
}

// A journal of the time when there was one broker says of no event at which it
// was accepted.
func TestAJournalOfTheTimeOfOneBrokerIsRead(t *testing.T) {
	dir := t.TempDir()
	old, _, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const head = `{"Kind":"accepted","Time":"2026-11-20T12:00:00Z","Seq":0,"ID":"1","Source":"/test","Type":"opened","Subject":""}`
	const body = `{"specversion":"1.0","id":"1","source":"/test","type":"opened","knativebrokerttl":255}`
	if err := old.Append([]string{"log"}, append(binary.AppendUvarint(nil, uint64(len(head))), head+body...), func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	log := &heard{}
	b := run(t, manifests(t, twoBrokers, trigger("log", "opened", "")), broker.Options{Name: "events", Dir: dir}, map[string]broker.Subscriber{"log": log})
	settle(t, b)
	want := []string{"at : 1 accepted", "at events: 1 delivered log by Service log, attempt 1: 202"}
	if diff := cmp.Diff(want, passage(b.History())); diff != "" {
		t.Error(diff)
	}
}

func TestEachBrokerHasItsAddress(t *testing.T) {
	build := &heard{}
	b := run(t, manifests(t, twoBrokers, at("ci", trigger("build", "opened", ""))), broker.Options{Name: "events"}, map[string]broker.Subscriber{"build": build})
	if diff := cmp.Diff([]string{"/default/ci", "/default/events"}, b.Paths()); diff != "" {
		t.Error(diff)
	}
	for i, path := range b.Paths() {
		subscriber := broker.InProcessAt(b.Handler(), path)
		if _, status, _, body, err := subscriber.Deliver(t.Context(), say(string(rune('1'+i)), "opened")); err != nil || status != 202 {
			t.Errorf("%s: %d %s, %v", path, status, body, err)
		}
		settle(t, b)
	}
	if diff := cmp.Diff([]string{"1", "2"}, build.ids()); diff != "" {
		t.Error(diff)
	}
}

func TestATimerTicksIntoItsBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tick, hear := &heard{}, &heard{}
		in := strings.ReplaceAll(timers, "kind: Broker, name: events", "kind: Broker, name: ci")
		set := manifests(t, twoBrokers, in, at("ci", trigger("hear", "dev.knative.sources.ping", "")))
		b := run(t, set, broker.Options{Name: "events"}, map[string]broker.Subscriber{"tick": tick, "hear": hear})
		time.Sleep(31 * time.Minute)
		settle(t, b)
		if len(hear.events) != 1 {
			t.Errorf("%d ticks", len(hear.events))
		}
		_ = b.Close(context.Background())
	})
}

func TestBrokersAreKnownByNameAlone(t *testing.T) {
	options := broker.Options{Name: "events"}
	for name, text := range map[string]string{
		"Broker":  strings.Replace(oneBroker, "{name: events}", "{name: events, namespace: other}", 1),
		"Trigger": strings.Replace(trigger("work", "a", ""), "{name: work}", "{name: work, namespace: other}", 1),
	} {
		other := strings.Replace(oneBroker, "{name: events}", "{name: ci, namespace: other}", 1)
		set := manifests(t, oneBroker, trigger("work", "a", ""), "---\n", other, "---\n", at("ci", text))
		if _, err := broker.New(set, options); err == nil || !strings.Contains(err.Error(), "another "+name) {
			t.Errorf("two of kind %s with one name: %v", name, err)
		}
	}
	if _, err := broker.New(manifests(t, twoBrokers), broker.Options{}); err == nil {
		t.Error("a broker is chosen at random")
	}
}

func TestExplainTellsTheBrokerOfEachTrigger(t *testing.T) {
	got := []string{}
	for _, m := range broker.Explain(manifests(t, twoBrokers, at("ci", trigger("build", "opened", ""))), say("1", "opened")) {
		got = append(got, m.Trigger+" at "+m.Broker+" to "+m.Subscriber.String())
	}
	if diff := cmp.Diff([]string{"to-ci at events to Broker ci", "build at ci to Service build"}, got); diff != "" {
		t.Error(diff)
	}
}
