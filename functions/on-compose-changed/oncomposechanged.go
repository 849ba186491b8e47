// Package oncomposechanged tells rules that a compose is done: the one that
// wanted it, and those that wait for it.
package oncomposechanged

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// Composes gives the documents of composes.
type Composes interface {
	// Read gives a compose as it is now, or blob.ErrNotFound.
	Read(ctx context.Context, id int64) (compose.Compose, error)
}

// New returns the function, deciding with desk.
func New(composes Composes, desk rule.Desk) fn.Function {
	t := teller{composes, desk}
	return fn.Function{
		Name: "on-compose-changed", Does: "tell rules that a compose is done",
		Hears: []fn.Route{
			fn.On(event.ComposeStateChanged, t.tell).Where("composestate", compose.Done.String()),
			fn.On(event.ComposeStateChanged, t.tell).Where("composestate", compose.Failed.String()),
		},
		Says: rule.Says(),
	}
}

type teller struct {
	composes Composes
	desk     rule.Desk
}

func (t teller) tell(ctx context.Context, in fn.In[event.ComposeState]) ([]event.Draft, error) {
	id, name := in.Data.Shown()
	c, err := t.composes.Read(ctx, id)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fn.Permanent(err)
	}
	if err != nil {
		return nil, err
	}
	done := name == compose.Done.String()
	var drafts []event.Draft
	if c.Rule != "" {
		drafts, err = t.desk.Decide(ctx, c.Rule, in.Event, rule.Finished{
			At: in.Event.Time(), Compose: c.ID, Label: c.RuleLabel, Done: done, Reason: c.Reason,
			Dir: c.DirOf(), Content: c.Content, Arches: c.Request.Arches,
		})
		if err != nil {
			return nil, err
		}
	}
	if !done {
		return drafts, nil
	}
	news := rule.Happened{At: in.Event.Time(), Text: fmt.Sprintf("compose %d is done", c.ID)}
	more, err := t.desk.Each(ctx, in.Event, news, func(r rule.Rule, _ []string) bool {
		return r.Compose(c.Rule, c.Request.Label)
	})
	return append(drafts, more...), err
}
