// Package composeindex keeps the list of composes short to read: it takes what
// was written beside each compose that changed, and folds it into the list.
package composeindex

import (
	"context"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// Indexer folds what changed since it did so last. Folding twice, or late, does
// no harm.
type Indexer interface {
	Fold(ctx context.Context) (deltas int, err error)
}

// New returns the function. That something changed is all it takes from an
// event: what, it finds in the bucket. So it does not matter if events come
// twice, late or in another order, and one that is lost is made up for by the
// next. It runs alone (max-scale 1); what lies there meanwhile is read as well as
// what is folded.
func New(indexer Indexer) fn.Function {
	return fn.Function{
		Name: "compose-index", Does: "fold changes of composes into the list of all",
		Hears: []fn.Route{fn.On(event.ComposeStateChanged, func(ctx context.Context, _ fn.In[event.ComposeState]) ([]event.Draft, error) {
			_, err := indexer.Fold(ctx)
			return nil, err
		})},
	}
}
