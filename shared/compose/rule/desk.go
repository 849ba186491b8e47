package rule

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// Desk is where facts about rules are decided on. Every reactor that knows
// rules has one.
type Desk struct {
	bucket state.Bucket
	rules  []Rule
	// base is the address composes are found under.
	base string
}

// NewDesk gives the desk that keeps the documents of rules in bucket. Base is
// the address composes are found under.
func NewDesk(bucket state.Bucket, rules []Rule, base string) Desk { return Desk{bucket, rules, base} }

// The compiler keeps the document to what state needs of it.
var _ interface{ Asking() *ask.Book } = (*State)(nil)

// Says are the drafts a decision may come to.
func Says() []event.Named {
	return []event.Named{event.GateAskWanted, event.ComposeCheckWanted, event.ComposeWanted, event.ComposeKeepWanted}
}

func (d Desk) documents(r Rule) *state.Keeper[State, *State] {
	return &state.Keeper[State, *State]{
		Bucket: d.bucket, Prefix: DocumentPrefix, System: System, Decide: r.Decide,
		Beside: func(before, after State) ([]state.Object, error) { return r.Pointers(d.base, before, after) },
	}
}

// Decide lets the rule with this name decide on news that came in an event. A
// rule that is not configured any more decides nothing.
func (d Desk) Decide(ctx context.Context, name string, e event.Event, news any) ([]event.Draft, error) {
	at := slices.IndexFunc(d.rules, func(r Rule) bool { return r.Name == name })
	if at < 0 {
		return nil, d.forget(ctx, e)
	}
	return d.documents(d.rules[at]).Apply(ctx, state.Fact{Document: name, Opens: true, Event: e, News: news})
}

// forget removes the due entry of a rule that is no more, so that the clock
// does not ask about it for ever.
func (d Desk) forget(ctx context.Context, e event.Event) error {
	key := event.Extension(e, event.Due)
	if _, err := state.ParseDue(key); err != nil {
		return nil //nolint:nilerr // nothing stands behind the event
	}
	if err := d.bucket.Delete(ctx, key); err != nil {
		return fmt.Errorf("remove %s: %w", key, err)
	}
	return nil
}

// Each lets every rule decide that waits for what happened. Waits is told what
// the rule's tags were last found to inherit.
func (d Desk) Each(ctx context.Context, e event.Event, news Happened, waits func(r Rule, inherited []string) bool) ([]event.Draft, error) {
	var drafts []event.Draft
	for _, r := range d.rules {
		inherited, err := d.inherited(ctx, r)
		if err != nil {
			return nil, err
		}
		if !waits(r, inherited) {
			continue
		}
		more, err := d.Decide(ctx, r.Name, e, news)
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, more...)
	}
	return drafts, nil
}

// inherited reads what a rule's tags were last found to inherit: one GET for a
// rule that waits for tags.
func (d Desk) inherited(ctx context.Context, r Rule) ([]string, error) {
	if len(r.When.Tags) == 0 {
		return nil, nil
	}
	doc, err := d.Read(ctx, r.Name)
	return doc.TagNames, err
}

// Read gives a rule's document as it is now; empty where it never heard of
// anything.
func (d Desk) Read(ctx context.Context, name string) (State, error) {
	keeper := state.Keeper[State, *State]{Bucket: d.bucket, Prefix: DocumentPrefix}
	s, err := keeper.Read(ctx, name)
	if errors.Is(err, blob.ErrNotFound) {
		return State{}, nil
	}
	if err != nil {
		return s, fmt.Errorf("read rule %s: %w", name, err)
	}
	return s, nil
}

// On is the route by which a reactor hears an answer to one rule.
func On[T event.Data](desk Desk, kind event.Kind[T], rule func(T) string) fn.Route {
	return fn.On(kind, func(ctx context.Context, in fn.In[T]) ([]event.Draft, error) {
		return desk.Decide(ctx, rule(in.Data), in.Event, in.Data)
	})
}
