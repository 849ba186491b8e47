package index

import (
	"strings"
	"time"
	"unique"
)

// cell is what composes are looked for and ordered by. Times are in seconds
// since 1970, 0 where there is none.
type cell struct {
	id, rev                           int64
	sourceType, state                 int
	event                             int64
	submitted, expires, done, removed int64
	owner, source, pungi, kind, label string
}

func cellOf(e entry) cell {
	return cell{
		id: e.ID, rev: e.Rev, sourceType: int(e.Request.SourceType), state: int(e.State), event: e.Request.Event,
		submitted: seconds(e.Submitted), expires: seconds(e.Expires), done: seconds(e.Done), removed: seconds(e.Removed),
		owner: e.Owner, source: strings.Join(e.Request.Source, " "), pungi: e.PungiID, kind: e.Request.ComposeType, label: e.Request.Label,
	}
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// columns are the cells of a segment as they are stored: they are read at once,
// and much faster than row by row.
type columns struct {
	Writer                            string `json:"writer"`
	ID, Rev, Event                    []int64
	Submitted, Expires, Done, Removed []int64
	Type, State                       []int
	Owner, Source, Pungi, Kind, Label []string
	// Length is that of each row, in bytes, with the line's end.
	Length []int
}

func (c *columns) add(x cell, length int) {
	c.ID, c.Rev, c.Event = append(c.ID, x.id), append(c.Rev, x.rev), append(c.Event, x.event)
	c.Submitted, c.Expires = append(c.Submitted, x.submitted), append(c.Expires, x.expires)
	c.Done, c.Removed = append(c.Done, x.done), append(c.Removed, x.removed)
	c.Type, c.State = append(c.Type, x.sourceType), append(c.State, x.state)
	c.Owner, c.Source, c.Pungi = append(c.Owner, x.owner), append(c.Source, x.source), append(c.Pungi, x.pungi)
	c.Kind, c.Label = append(c.Kind, x.kind), append(c.Label, x.label)
	c.Length = append(c.Length, length)
}

// even tells whether all columns have as many rows.
func (c *columns) even() bool {
	n := len(c.ID)
	for _, other := range []int{
		len(c.Rev), len(c.Event), len(c.Submitted), len(c.Expires), len(c.Done), len(c.Removed), len(c.Type), len(c.State),
		len(c.Owner), len(c.Source), len(c.Pungi), len(c.Kind), len(c.Label), len(c.Length),
	} {
		if other != n {
			return false
		}
	}
	return n <= perSegment
}

// cells keeps each text once: owners and sources are few.
func (c *columns) cells() []cell {
	once := func(text string) string { return unique.Make(text).Value() }
	out := make([]cell, len(c.ID))
	for i := range c.ID {
		out[i] = cell{
			id: c.ID[i], rev: c.Rev[i], sourceType: c.Type[i], state: c.State[i], event: c.Event[i],
			submitted: c.Submitted[i], expires: c.Expires[i], done: c.Done[i], removed: c.Removed[i],
			owner: once(c.Owner[i]), source: once(c.Source[i]), pungi: c.Pungi[i], kind: once(c.Kind[i]), label: once(c.Label[i]),
		}
	}
	return out
}
