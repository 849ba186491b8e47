package eventing

import (
	"cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// BrokerOf names the broker f hears events from and says its answers into.
func BrokerOf(f fn.Function) string { return cmp.Or(f.Broker, Broker) }

// Service names the Knative Service f runs in, and the path below it where f
// alone is addressed. Functions that hear the same timer share one, named after
// it, so that a tick wakes one pod and not several; all others have their own,
// where they are addressed at the top.
func Service(f fn.Function) (name, path string) {
	for _, route := range f.Hears {
		if tick := route.Match["tick"]; route.Type == event.TickType && tick != "" {
			return tick, "/" + f.Name
		}
	}
	return f.Name, ""
}
