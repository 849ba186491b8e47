package oncomposewanted

import (
	"context"
	"errors"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// keep lets the newest compose of a rule live on. One that is over already
// cannot: the rule makes another when there is something new.
func (o opener) keep(ctx context.Context, in fn.In[event.ComposeKeep]) ([]event.Draft, error) {
	_, drafts, err := o.desk.Extend(ctx, in.Data.ID, in.Data.Until, compose.RuleOwner+in.Data.Rule, in.Event)
	if errors.Is(err, compose.ErrOver) || errors.Is(err, blob.ErrNotFound) {
		return nil, nil
	}
	return drafts, err
}
