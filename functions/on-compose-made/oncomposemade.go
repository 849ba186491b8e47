// Package oncomposemade lets a compose decide on what became of its making or
// its removal, and on what other composes tell it.
package oncomposemade

import (
	"context"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// New returns the function, deciding with desk.
func New(desk compose.Desk) fn.Function {
	h := hearer{desk}
	return fn.Function{
		Name: "on-compose-made", Does: "note what became of a compose, and tell everybody",
		Hears: []fn.Route{
			fn.On(event.ComposeBegan, h.answer),
			fn.On(event.ComposeProgressed, h.answer),
			fn.On(event.ComposeFollows, h.answer),
			fn.On(event.ComposeMade, h.answer),
			fn.On(event.ComposeFailed, h.answer),
			fn.On(event.ComposeRemoved, h.answer),
			fn.On(event.ComposeFollowed, h.tie),
			fn.On(event.ComposeLeaderEnded, h.tie),
			fn.On(event.ComposeExtended, h.tie),
		},
		Says: compose.Says(),
	}
}

type hearer struct{ desk compose.Desk }

func (h hearer) answer(ctx context.Context, in fn.In[event.ComposeAnswer]) ([]event.Draft, error) {
	_, drafts, err := h.desk.Decide(ctx, in.Data.ID, in.Event, compose.Answer{Kind: in.Event.Type(), ComposeAnswer: in.Data})
	return drafts, err
}

func (h hearer) tie(ctx context.Context, in fn.In[event.ComposeTie]) ([]event.Draft, error) {
	return h.desk.Shared(ctx, in.Event, compose.Tie{Kind: in.Event.Type(), ComposeTie: in.Data})
}
