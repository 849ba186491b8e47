package equivalence

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
)

var (
	seed  = flag.Uint64("seed", 20261121, "of the generated triggers and events")
	pairs = flag.Int("pairs", 40_000, "of triggers and events to generate")
)

// verdict is what became of one trigger and one event.
type verdict int

const (
	same        verdict = iota
	sameRefusal         // both sides refuse the trigger
	ourRefusal          // only ours does, on purpose
	sparedPanic         // both deliver nothing: theirs by a panic
)

// compare holds one trigger and one event against both sides.
func compare(t testing.TB, f filtered, e event.Event) (verdict, error) {
	text := f.yaml(t)
	mine, refused := ours(text)
	their, invalid := theirs(t.Context(), text)
	switch {
	case refused != nil && invalid != nil:
		return sameRefusal, nil //nolint:nilerr // that both refuse is what was asked
	case invalid != nil:
		return 0, fmt.Errorf("Knative's webhook refuses the trigger, the local broker takes it: %w", invalid)
	case refused != nil && explained(f, refused):
		return ourRefusal, nil
	case refused != nil:
		return 0, fmt.Errorf("the local broker refuses the trigger, Knative takes it: %w", refused)
	}
	matched, why := mine.Filter.Explain(e)
	if quick := mine.Filter.Match(e); quick != matched {
		return 0, fmt.Errorf("the local broker explains %t (%s), and delivers %t", matched, why, quick)
	}
	wants, panicked := knativeWants(context.WithoutCancel(t.Context()), their, e)
	switch {
	case wants != matched:
		return 0, fmt.Errorf("Knative wants the event: %t %s; the local broker: %t, because %s", wants, panicked, matched, why)
	case panicked != "":
		return sparedPanic, nil
	}
	return same, nil
}

func TestGeneratedFiltersDecideTheSame(t *testing.T) {
	const eventsEach = 10
	g := generator{rand.New(rand.NewPCG(*seed, 0))}
	counts := map[verdict]int{}
	matched := 0
	for range *pairs / eventsEach {
		f := g.trigger()
		for range eventsEach {
			e := g.event()
			got, err := compare(t, f, e)
			if err != nil {
				f, e = shrink(t, f, e)
				_, err = compare(t, f, e)
				t.Fatalf("with -seed %d: %v\n%s\n%s", *seed, err, f.yaml(t), show(e))
			}
			counts[got]++
			if got == same {
				if mine, _ := ours(f.yaml(t)); mine.Filter.Match(e) {
					matched++
				}
			}
		}
	}
	t.Logf("%d pairs: %d decided the same (%d delivered), %d triggers' events refused by both, %d by the local broker only, %d spared a panic",
		*pairs, counts[same], matched, counts[sameRefusal], counts[ourRefusal], counts[sparedPanic])
	if counts[same] < *pairs/2 || matched < *pairs/20 {
		t.Error("the generator makes too little that says something")
	}
}

func show(e event.Event) string {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err.Error()
	}
	typed := "\n"
	for name, value := range e.Extensions() {
		typed += fmt.Sprintf("  %s is a %T\n", name, value)
	}
	return string(text) + typed
}

// shrink makes a mismatch smaller while it stays one.
func shrink(t testing.TB, f filtered, e event.Event) (filtered, event.Event) {
	fails := func(f filtered, e event.Event) bool { _, err := compare(t, f, e); return err != nil }
	for again := true; again; {
		again = false
		for _, smaller := range smallerTriggers(f) {
			if fails(smaller, e) {
				f, again = smaller, true
				break
			}
		}
		for name := range e.Extensions() {
			less := e.Clone()
			less.SetExtension(name, nil)
			if fails(f, less) {
				e, again = less, true
				break
			}
		}
	}
	return f, e
}

func smallerTriggers(f filtered) []filtered {
	var all []filtered
	if f.Attributes != nil {
		all = append(all, filtered{Filters: f.Filters})
	}
	for _, texts := range smallerTexts(f.Attributes) {
		all = append(all, filtered{texts, f.Filters})
	}
	if f.Filters != nil {
		all = append(all, filtered{Attributes: f.Attributes})
	}
	for _, list := range smallerLists(f.Filters) {
		all = append(all, filtered{f.Attributes, list})
	}
	return all
}

func smallerLists(list []eventingv1.SubscriptionsAPIFilter) [][]eventingv1.SubscriptionsAPIFilter {
	var all [][]eventingv1.SubscriptionsAPIFilter
	for i, x := range list {
		without := append(append([]eventingv1.SubscriptionsAPIFilter{}, list[:i]...), list[i+1:]...)
		all = append(all, without)
		for _, y := range smallerFilters(x) {
			with := append([]eventingv1.SubscriptionsAPIFilter{}, list...)
			with[i] = y
			all = append(all, with)
		}
	}
	return all
}

func smallerFilters(x eventingv1.SubscriptionsAPIFilter) []eventingv1.SubscriptionsAPIFilter {
	all := append(append([]eventingv1.SubscriptionsAPIFilter{}, x.All...), x.Any...)
	if x.Not != nil {
		all = append(all, *x.Not)
		for _, y := range smallerFilters(*x.Not) {
			all = append(all, eventingv1.SubscriptionsAPIFilter{Not: &y})
		}
	}
	for _, list := range smallerLists(x.All) {
		all = append(all, eventingv1.SubscriptionsAPIFilter{All: list})
	}
	for _, list := range smallerLists(x.Any) {
		all = append(all, eventingv1.SubscriptionsAPIFilter{Any: list})
	}
	for _, texts := range smallerTexts(x.Exact) {
		all = append(all, eventingv1.SubscriptionsAPIFilter{Exact: texts})
	}
	return all
}

func smallerTexts(texts map[string]string) []map[string]string {
	var all []map[string]string
	for name := range texts {
		if len(texts) > 1 {
			less := maps.Clone(texts)
			delete(less, name)
			all = append(all, less)
		}
	}
	return all
}
