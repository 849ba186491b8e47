// Package oncomposewanted makes a compose of what a rule wants, as the API does
// for people.
package oncomposewanted

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// Parse reads the body of a POST, as the API does. An error says what is wrong
// with it.
type Parse func(body []byte) (compose.Request, error)

// New returns the function, deciding with desk.
func New(desk compose.Desk, parse Parse) fn.Function {
	o := opener{desk, parse}
	return fn.Function{
		Name: "on-compose-wanted", Does: "begin a compose that a rule wants, and keep its newest",
		Hears: []fn.Route{fn.On(event.ComposeWanted, o.open), fn.On(event.ComposeKeepWanted, o.keep)},
		Says:  compose.Says(),
	}
}

type opener struct {
	desk  compose.Desk
	parse Parse
}

// open makes one compose for one asking of a rule, however often it is heard.
func (o opener) open(ctx context.Context, in fn.In[event.ComposeRequest]) ([]event.Draft, error) {
	request, err := o.parse(in.Data.Request)
	if err != nil {
		return nil, fn.Permanent(fmt.Errorf("compose of rule %s: %w", in.Data.Rule, err))
	}
	if request.Event == 0 {
		request.Event = in.Data.Event
	}
	id, _, err := o.desk.IDs.Once(ctx, askingOf(in.Data), 0)
	if err != nil {
		return nil, err
	}
	c, drafts, err := o.desk.Open(ctx, id, compose.Asked{
		Owner: compose.RuleOwner + in.Data.Rule, Request: request,
		Rule: in.Data.Rule, RuleLabel: in.Data.Label, Why: in.Data.Why,
	}, in.Event)
	if err == nil && len(drafts) == 0 && (c.State == compose.Done || c.State == compose.Failed) {
		// The rule asks again because it did not hear what became of it.
		drafts = o.desk.Repeat(c)
	}
	return drafts, err
}

// askingOf names one asking of a rule.
func askingOf(r event.ComposeRequest) string {
	sum := sha256.Sum256([]byte("rule\x00" + r.Rule + "\x00" + r.Label))
	return hex.EncodeToString(sum[:])
}
