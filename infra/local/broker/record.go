package broker

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker/journal"
)

// Kind is what a Record is about.
type Kind string

// What happens to an event.
const (
	Accepted     Kind = "accepted"      // it is in the journal; Triggers says who gets it
	NoMatch      Kind = "no match"      // it is accepted, and no trigger wants it
	Delivered    Kind = "delivered"     // the subscriber took it
	Retried      Kind = "retried"       // an attempt failed, another follows after Next
	Failed       Kind = "failed"        // the last attempt failed, the dead letter sink is next
	DeadLettered Kind = "dead-lettered" // all attempts failed, the dead letter sink took it
	Lost         Kind = "lost"          // all attempts failed, and nobody took it
)

// Record is one thing that happened to an event.
type Record struct {
	Kind Kind
	Time time.Time
	Seq  uint64 // the broker's number of the event

	ID, Source, Type, Subject string

	// Broker is the Broker that accepted the event. It is empty where only one
	// was known, and for what a timer sent straight to its sink.
	Broker string `json:",omitempty"`
	// By is the Trigger that handed the event on, or whose function replied
	// with it; empty when it came from outside. Only Accepted and NoMatch.
	By string `json:",omitempty"`

	Triggers   []string      `json:",omitempty"` // Accepted: who gets it
	Trigger    string        `json:",omitempty"` // all others but NoMatch
	Subscriber string        `json:",omitempty"` // who was asked: "Service on-pr-opened"
	Attempt    int           `json:",omitempty"` // from 1
	Status     int           `json:",omitempty"` // 0 when there was no answer
	Duration   time.Duration `json:",omitempty"` // of the attempt
	Next       time.Duration `json:",omitempty"` // Retried: the wait before the next attempt
	Detail     string        `json:",omitempty"` // why it failed, on one line
}

func about(e *event.Event) Record {
	return Record{ID: e.ID(), Source: e.Source(), Type: e.Type(), Subject: e.Subject()}
}

// history is the newest records, in a ring.
type history struct {
	mu      sync.Mutex
	records []Record
	at      int
	most    int
}

func (h *history) add(r Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.records) < h.most {
		h.records = append(h.records, r)
		return
	}
	h.records[h.at] = r
	h.at = (h.at + 1) % h.most
}

// find gives the records of events with one of these ids or subjects, oldest
// first; all of them when none is named.
func (h *history) find(names []string) []Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []Record
	for i := range h.records {
		r := h.records[(h.at+i)%len(h.records)]
		if len(names) == 0 || slices.Contains(names, r.ID) || slices.Contains(names, r.Subject) {
			found = append(found, r)
		}
	}
	return found
}

// replay adds journal entries to a history as they are read.
type replay struct {
	into   *history
	events map[uint64]Record
}

func (p replay) visit(entry journal.Entry) {
	if entry.Event {
		record, _, err := decodeEvent(entry.Body)
		if err != nil {
			return
		}
		record.Seq, record.Triggers = entry.Seq, entry.Targets
		p.events[entry.Seq] = record
		p.into.add(record)
		return
	}
	var record Record
	if json.Unmarshal(entry.Body, &record) != nil {
		return
	}
	head := p.events[entry.Seq] // empty when the event's segment was dropped
	record.Seq = entry.Seq
	record.ID, record.Source, record.Type, record.Subject = head.ID, head.Source, head.Type, head.Subject
	record.Broker = head.Broker
	p.into.add(record)
}

// ReadHistory gives the newest records, at most that many, of the journal in
// dir, oldest first. A broker may be running there.
func ReadHistory(dir string, most int, names ...string) ([]Record, error) {
	h := &history{most: max(1, most)}
	err := journal.Read(dir, replay{h, map[uint64]Record{}}.visit)
	if err != nil {
		return nil, err
	}
	return h.find(names), nil
}

// encodeEvent writes the Record before the event, so that history is read
// without decoding events.
func encodeEvent(r Record, e *event.Event) ([]byte, error) {
	head, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	body, err := e.MarshalJSON()
	if err != nil {
		return nil, err
	}
	out := binary.AppendUvarint(make([]byte, 0, 4+len(head)+len(body)), uint64(len(head)))
	return append(append(out, head...), body...), nil
}

// decodeEvent gives the Record and the event's JSON.
func decodeEvent(data []byte) (Record, []byte, error) {
	var r Record
	length, n := binary.Uvarint(data)
	if n <= 0 || length > uint64(len(data)-n) { //nolint:gosec // n is at most len(data)
		return r, nil, errNotEvent
	}
	end := n + int(length) //nolint:gosec // at most len(data)
	return r, data[end:], json.Unmarshal(data[n:end], &r)
}
