// Package oncomposedue looks after what composes and their rules wait for when
// it is due: orders nobody answered, composes whose time is over, pauses of
// rules.
package oncomposedue

import (
	"context"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// New returns the function, deciding with the desks of composes and of rules.
func New(desk compose.Desk, rules rule.Desk) fn.Function {
	return fn.Function{
		Name: "on-compose-due", Does: "ask again for composes, and end those whose time is over",
		Hears: []fn.Route{
			fn.On(event.ComposeTimePassed, func(ctx context.Context, in fn.In[event.ComposePassed]) ([]event.Draft, error) {
				_, drafts, err := desk.Decide(ctx, in.Data.ID, in.Event, in.Data)
				return drafts, err
			}),
			rule.On(rules, event.RuleTimePassed, func(p event.RulePassed) string { return p.Rule }),
		},
		Says: append(compose.Says(), ruleSays()...),
	}
}

// ruleSays are the drafts of rules that composes do not say themselves.
func ruleSays() []event.Named {
	own := map[string]bool{}
	for _, kind := range compose.Says() {
		own[kind.Name()] = true
	}
	var says []event.Named
	for _, kind := range rule.Says() {
		if !own[kind.Name()] {
			says = append(says, kind)
		}
	}
	return says
}
