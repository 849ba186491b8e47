package composemake

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// check answers whether what a rule's request comes to changed. Where none of
// its tags changed that is one cheap question to Koji.
func (m maker) check(ctx context.Context, in fn.In[event.ComposeCheck]) ([]event.Draft, error) {
	ask := in.Data
	answer := event.ComposeCheckAnswer{Rule: ask.Rule, Label: ask.Label, At: m.desk.Bucket.Now()}
	if err := m.look(ctx, ask, &answer); err != nil {
		reason, final := reasonOf(err)
		if !final {
			return nil, fmt.Errorf("check rule %s: %w", ask.Rule, err)
		}
		answer.Trouble = reason
	}
	return []event.Draft{event.ComposeChecked.Say(answer)}, nil
}

func (m maker) look(ctx context.Context, ask event.ComposeCheck, answer *event.ComposeCheckAnswer) error {
	if m.options.Parse == nil {
		return errors.New("requests of rules are not read here")
	}
	request, err := m.options.Parse(ask.Request)
	if err != nil {
		return &gather.UnmetError{Reason: fmt.Sprintf("The request of rule %s: %v.", ask.Rule, err)}
	}
	if ask.Koji != "" {
		request.Koji = ask.Koji
	}
	k, err := m.koji(request.Koji)
	if err != nil {
		return err
	}
	g := m.gatherer(k)
	if request.SourceType != compose.Tag {
		// What else there is changes without a trace in Koji's events.
		answer.Changed = true
		return nil
	}
	if ask.Event != 0 && len(ask.Tags) > 0 {
		changed, err := g.Changed(ctx, ask.Event, ask.Tags)
		if err != nil {
			return err
		}
		if !changed {
			answer.Event, answer.Tags, answer.Content = ask.Event, ask.Tags, ask.Content
			return nil
		}
	}
	start, err := g.Begin(ctx, request, gather.Start{Event: ask.Event, Tags: ask.Tags})
	if err != nil {
		return err
	}
	answer.Event, answer.Tags, answer.TagNames = start.Event, start.Tags, start.TagNames
	// The tag changed; whether the packages did is not told by less than all the
	// compose does until it has its lock, so it is asked for, and finds out.
	answer.Changed = true
	return nil
}
