package broker

import (
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// Match is whether one trigger wants an event, and what decided.
type Match struct {
	Trigger string
	// Broker is the Trigger's: only events accepted there reach it.
	Broker     string
	Subscriber manifest.Destination
	Matched    bool
	Why        string
}

// Explain holds an event against every Trigger of the manifests, of all
// Brokers. Nothing needs to run; a Broker delivers by the same evaluation.
func Explain(set *manifest.Set, e event.Event) []Match {
	e = onTheWire(withoutTTL(e))
	matches := make([]Match, 0, len(set.Triggers))
	for _, t := range set.Triggers {
		matched, why := t.Filter.Explain(e)
		matches = append(matches, Match{t.Name, t.Broker, t.Subscriber, matched, why})
	}
	return matches
}

// Explain says for each Trigger whether it wants e.
func (b *Broker) Explain(e event.Event) []Match { return Explain(b.set, e) }
