package index

import (
	"context"

	"github.com/distaff-project/distaff/shared/compose"
)

// Order is what composes can be ordered by.
type Order string

// The orders there are.
const (
	ByID        Order = "id"
	ByOwner     Order = "owner"
	ByType      Order = "source_type"
	ByEvent     Order = "koji_event"
	ByState     Order = "state"
	ByExpires   Order = "time_to_expire"
	BySubmitted Order = "time_submitted"
	ByDone      Order = "time_done"
	ByRemoved   Order = "time_removed"
)

// Orders are all of them, in ODCS's order.
func Orders() []Order {
	return []Order{ByID, ByOwner, ByType, ByEvent, ByState, ByExpires, BySubmitted, ByDone, ByRemoved}
}

// Query is what is asked of the list.
type Query struct {
	// What is nil may be anything; all else must be exactly that.
	Type                   *compose.SourceType
	State                  *compose.State
	Owner, Source, PungiID *string
	ComposeType, Label     *string
	// None finds nothing: something was asked for that no compose has.
	None bool
	// Upto leaves out composes with a higher number; 0: none is left out.
	Upto int64
	// Order is what they are ordered by, empty for ByID; Descending turns it
	// around. Where there is no value, as of a compose that is not done, that
	// counts as more than any, as in PostgreSQL.
	Order      Order
	Descending bool
	// Skip so many, and give Take at most.
	Skip, Take int
}

// Page is what was found.
type Page struct {
	Composes []compose.Compose
	// Total is how many there are on all pages.
	Total int
	// Newest is the highest number there is at all.
	Newest int64
}

// Find answers a query. It sees all that was written before it was called.
//
// It costs one LIST, and one GET for each delta and each segment that this
// process has not read as it is now. A segment that can hold nothing of what is
// asked for is not read.
func (l *List) Find(ctx context.Context, q Query) (Page, error) {
	k, err := l.look(ctx)
	if err != nil {
		return Page{}, err
	}
	t, err := l.sums(ctx, k)
	if err != nil {
		return Page{}, err
	}
	s := search{Query: q, list: l, look: k, totals: t}
	if q.plain() {
		return s.byNumber(ctx)
	}
	return s.all(ctx)
}

// plain is a query that the totals answer but for the page itself.
func (q Query) plain() bool {
	return q.Type == nil && q.State == nil && q.Owner == nil && q.Source == nil && q.PungiID == nil &&
		q.ComposeType == nil && q.Label == nil && !q.None && (q.Order == "" || q.Order == ByID)
}
