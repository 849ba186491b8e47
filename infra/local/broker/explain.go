package broker

import (
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// Match is whether one trigger wants an event, and what decided.
type Match struct {
	Trigger    string
	Subscriber manifest.Destination
	Matched    bool
	Why        string
}

// Explain holds an event against every Trigger of the manifests. Nothing
// needs to run; a Broker delivers by the same evaluation.
func Explain(set *manifest.Set, e event.Event) []Match {
	e = withoutTTL(e)
	matches := make([]Match, 0, len(set.Triggers))
	for _, t := range set.Triggers {
		matched, why := t.Filter.Explain(e)
		matches = append(matches, Match{t.Name, t.Subscriber, matched, why})
	}
	return matches
}

// Explain says for each Trigger of the Broker whether it wants e.
func (b *Broker) Explain(e event.Event) []Match {
	return Explain(&manifest.Set{Triggers: b.triggers}, e)
}
