package lint

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// wires follows each type of event from those who say it to those who hear it.
func (l *linter) wires() {
	if len(l.set.Triggers) == 0 || len(l.Functions) == 0 {
		return
	}
	first := l.find1(triggerKind, l.set.Triggers[0].Name)
	if first == nil {
		return
	}
	said := map[string][]string{} // by type: the brokers it is said on
	for _, f := range l.Functions {
		for _, kind := range f.Says {
			if from := eventing.BrokerOf(f); !slices.Contains(said[kind.Name()], from) {
				said[kind.Name()] = append(said[kind.Name()], from)
			}
		}
	}
	for _, p := range l.set.PingSources {
		if p.Sink.Ref.Kind == "Broker" {
			said[event.TickType] = append(said[event.TickType], p.Sink.Ref.Name)
		}
	}
	l.heard(first, said)
	for _, t := range l.set.Triggers {
		kind, d := exactly(t)["type"], l.find1(triggerKind, t.Name)
		if d == nil || kind == "" {
			continue
		}
		_, inward := l.Inward[kind]
		if len(said[kind]) == 0 && !inward {
			l.find(d, "spec.filter", rule{
				"never-said", Warning, "It waits for something that never happens: a wrong name, mostly.", "Correct the type, or declare it as coming from outside.",
			}, "waits for %s, which nobody says", kind)
			continue
		}
		if !inward && !slices.ContainsFunc(said[kind], func(from string) bool { return slices.Contains(l.reach(kind, from), t.Broker) }) {
			l.find(d, "spec.broker", rule{
				"unreached", Error, "Nothing hands it over from there, so its subscriber never gets it.",
				"Put the Trigger on that Broker, or add a Trigger whose subscriber is the Broker " + t.Broker + ".",
			}, "waits on the Broker %s for %s, which is said on %s", t.Broker, kind, strings.Join(said[kind], " and "))
		}
	}
	l.circles()
}

// heard finds what is said and reaches nobody who wants it.
func (l *linter) heard(first *document, said map[string][]string) {
	for _, f := range l.Functions {
		for _, named := range f.Says {
			kind, from := named.Name(), eventing.BrokerOf(f)
			brokers := l.reach(kind, from)
			_, outward := l.Outward[kind]
			if !outward && !slices.ContainsFunc(l.set.Triggers, func(t manifest.Trigger) bool {
				return slices.Contains(brokers, t.Broker) && t.Subscriber.Ref.Kind != "Broker" && lets(t, kind)
			}) {
				l.find(first, "", rule{
					"unheard", Error, "What should follow from it does not happen, and nobody is told.", "Add a Trigger for it (make generate), or declare it as said outward.",
				}, "among these Triggers none hears %s, which %s says on the Broker %s", kind, f.Name, from)
			}
		}
		l.hears(first, f, said)
	}
}

// hears finds routes of a function that no Trigger serves.
func (l *linter) hears(first *document, f fn.Function, said map[string][]string) {
	for _, route := range f.Hears {
		if route.Type == "" || len(said[route.Type]) == 0 {
			continue
		}
		if !slices.ContainsFunc(l.set.Triggers, func(t manifest.Trigger) bool { return l.gets(t) == f.Name && lets(t, route.Type) }) {
			l.find(first, "", rule{
				"unheard", Error, "The function never runs for it.", "Run `make generate` and apply the Trigger.",
			}, "among these Triggers none brings %s to %s, which hears it", route.Type, f.Name)
		}
	}
}

// lets tells whether a Trigger may let events of a type through. One with
// filters that are more than an exact type may.
func lets(t manifest.Trigger, kind string) bool {
	all := exactly(t)
	want, ok := all["type"]
	return !ok || want == "" || want == kind
}

// reach are the brokers an event of a type comes to that is said on one.
func (l *linter) reach(kind, from string) []string {
	reached := []string{from}
	for i := 0; i < len(reached); i++ {
		for _, t := range l.set.Triggers {
			if t.Broker == reached[i] && t.Subscriber.Ref.Kind == "Broker" && lets(t, kind) && !slices.Contains(reached, t.Subscriber.Ref.Name) {
				reached = append(reached, t.Subscriber.Ref.Name)
			}
		}
	}
	return reached
}

// circles finds Triggers that hand an event back to the Broker it came from.
func (l *linter) circles() {
	for _, t := range l.set.Triggers {
		if t.Subscriber.Ref.Kind != "Broker" {
			continue
		}
		kind := exactly(t)["type"]
		if kind == "" {
			kind = "any event"
		}
		if slices.Contains(l.reach(exactly(t)["type"], t.Subscriber.Ref.Name), t.Broker) {
			l.find(l.find1(triggerKind, t.Name), "spec.subscriber", rule{
				"circle", Error, "One event goes round 255 times, and every function gets it each time.", "Keep only the way from where it is said to where it is heard.",
			}, "hands %s to the Broker %s, which hands it back", kind, t.Subscriber.Ref.Name)
		}
	}
}
