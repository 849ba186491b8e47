package koji

import (
	"context"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// Event is a moment in a hub's history. Every change of a tag, of its packages
// or of what inherits from it has one, with a number larger than those before;
// questions with an event are answered as they would have been then.
type Event struct {
	ID int64
	At time.Time
}

// LastEvent is the newest event of the hub, of whatever tag.
func (h *Hub) LastEvent(ctx context.Context) (Event, error) {
	var e Event
	err := h.ask(ctx, "getLastEvent", nil, func(r *xmlrpc.Reader) { e = readEvent(r) })
	return e, err
}

// Event looks an event up by its number. One the hub does not have is a
// MissingError.
func (h *Hub) Event(ctx context.Context, id int64) (Event, error) {
	var e Event
	err := h.ask(ctx, "getEvent", []any{id, xmlrpc.Kwargs{"strict": false}}, func(r *xmlrpc.Reader) { e = readEvent(r) })
	if err == nil && e.ID == 0 {
		err = h.missing("event", strconv.FormatInt(id, 10))
	}
	return e, err
}

func readEvent(r *xmlrpc.Reader) Event {
	var e Event
	for name := range r.Members() {
		switch name {
		case "id":
			e.ID = r.Int()
		case "ts":
			e.At = unix(r.Float())
		}
	}
	return e
}
