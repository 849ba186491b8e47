package eventing

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// Forward is a type of event that is said on one broker and heard on another,
// and the name of the Trigger that hands it over.
type Forward struct{ Name, Type, From, To string }

// Forwards are all types that have to be handed over, sorted. What is heard
// where it is said needs nothing.
func Forwards(functions []fn.Function) []Forward {
	heard, said := map[string][]string{}, map[string][]string{}
	note := func(where map[string][]string, kind, broker string) {
		if !slices.Contains(where[kind], broker) {
			where[kind] = append(where[kind], broker)
		}
	}
	for _, f := range functions {
		for _, route := range f.Hears {
			note(heard, route.Type, BrokerOf(f))
		}
		for _, kind := range f.Says {
			note(said, kind.Name(), BrokerOf(f))
		}
	}
	note(said, event.TickType, Broker) // the timers
	var out []Forward
	for kind, from := range said {
		for _, there := range from {
			for _, to := range heard[kind] {
				if to != there {
					out = append(out, Forward{forwardName(to, kind), kind, there, to})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Forward) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// forwardName is to-ci-build-look-wanted for what goes to distaff-ci.
func forwardName(to, kind string) string {
	return "to-" + strings.TrimPrefix(to, Broker+"-") + "-" + strings.ReplaceAll(strings.TrimPrefix(kind, "distaff."), ".", "-")
}
