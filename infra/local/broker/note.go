package broker

import (
	"encoding/json"

	"github.com/distaff-project/distaff/infra/local/broker/journal"
)

// note tells of t in the history, to the observer and in the journal. A final
// note that the journal does not take makes the next start deliver again.
func (b *Broker) note(t *task, r Record, final bool) {
	head := about(t.event)
	r.Time, r.Seq, r.Trigger = b.options.Now(), t.seq, t.route.name
	if _, inMemory := b.store.(*memory); !inMemory {
		body, err := json.Marshal(r)
		if err == nil {
			_ = b.store.Note(journal.Entry{Seq: t.seq, Target: t.route.name, Final: final, Body: body})
		}
	}
	r.ID, r.Source, r.Type, r.Subject = head.ID, head.Source, head.Type, head.Subject
	r.Broker = t.route.broker()
	b.history.add(r)
	b.options.Observe(r)
}
