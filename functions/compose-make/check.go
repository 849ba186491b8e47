package composemake

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/compose/publish/shelf"
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
	answer.Changed = true
	if ask.Content == "" {
		return nil // the first time there is nothing to compare with
	}
	answer.Content, err = m.now(ctx, request, k, start)
	answer.Changed = answer.Content == "" || answer.Content != ask.Content
	return err
}

// now gives the content that a request comes to now, or "" where to find that out
// is as much work as to make the compose: then that is what finds out.
func (m maker) now(ctx context.Context, request compose.Request, k Koji, start gather.Start) (string, error) {
	g := m.gatherer(k)
	request, err := g.Resolve(ctx, request, start)
	if err != nil {
		return "", err
	}
	keeper, err := shelf.Open(ctx, m.desk.Bucket, k.Hub.Name(), request)
	if err != nil {
		return "", err
	}
	before, err := keeper.Listing(ctx)
	if err != nil {
		return "", err
	}
	src, err := g.List(ctx, request, start, before)
	if err != nil || gather.NeedsSolver(request, src) {
		return "", err
	}
	end := m.until(ctx)
	stop := func() bool { return !m.desk.Bucket.Now().Before(end) }
	err = g.LookAtNoarch(ctx, request, src, nil, stop)
	if publish.Stopped(err) || errors.As(err, new(*gather.GoneError)) {
		return "", keeper.Leave(ctx, start, src.Base)
	}
	if err != nil {
		return "", err
	}
	sel, err := g.Select(request, src, gather.Choice{})
	if err != nil {
		return "", err
	}
	err = g.AskChecksums(ctx, sel, stop)
	if unknown := sel.Unmeasured(); err == nil && unknown <= fewUnmeasured {
		if err = g.Checksums(ctx, sel, stop); err == nil {
			err = m.publisher(k, g).Measure(ctx, sel, stop)
		}
	}
	// The compose that follows need not ask again for what was found out.
	src.Learn(sel.Files)
	if keepErr := keeper.Leave(ctx, start, src.Base); keepErr != nil {
		return "", keepErr
	}
	if publish.Stopped(err) || errors.As(err, new(*gather.GoneError)) || err == nil && sel.Unmeasured() > 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	documents := make([]publish.Documents, len(sel.Trees))
	for i, tree := range sel.Trees {
		documents[i] = publish.DigestsOf(tree)
	}
	lock, err := publish.Lock(sel, documents)
	if err != nil {
		return "", err
	}
	return m.content(lock.Digest(), "", request), nil
}
