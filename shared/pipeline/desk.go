package pipeline

import (
	"context"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// Desk is where facts about pull requests are decided on: the documents and
// the rules. Every reactor of the pipeline has one.
type Desk struct {
	Documents *state.Keeper[PullRequest, *PullRequest]
	rules     Rules
}

// NewDesk gives the desk that keeps its documents in bucket.
func NewDesk(bucket state.Bucket, rules Rules) Desk {
	return Desk{rules: rules, Documents: &state.Keeper[PullRequest, *PullRequest]{
		Bucket: bucket,
		Decide: rules.Decide,
		Beside: pages(bucket.Now),
	}}
}

// The compiler keeps the document to what state needs of it.
var _ interface{ Asking() *ask.Book } = (*PullRequest)(nil)

// Says are the commands a decision may come to.
func Says() []event.Named {
	return []event.Named{
		event.ChangeLookWanted, event.ReleaseLookWanted,
		event.BuildWanted, event.BuildCancelWanted,
		event.TestsWanted, event.TestsCancelWanted,
		event.StatusWanted,
	}
}

// about is data that belongs to one pull request.
type about interface {
	event.Data
	ID() event.PullRequestID
}

// Reading turns the data of an event into news for Decide, and says whether
// the news may make a document.
type Reading[T about] func(T) (news any, opens bool)

// Opening reads that a pull request has a head.
func Opening(pr event.PullRequest) (any, bool) { return Moved{pr}, true }

// Closing reads that a pull request was closed without being merged.
func Closing(pr event.PullRequest) (any, bool) { return Shut{PullRequest: pr}, false }

// Merging reads that a pull request was merged.
func Merging(pr event.PullRequest) (any, bool) { return Shut{PullRequest: pr, Merged: true}, false }

// Knowing reads an answer to something that was asked.
func Knowing[T about](data T) (any, bool) { return data, false }

// On is the route by which a reactor hears kind and lets the document of the
// pull request decide.
func On[T about](desk Desk, kind event.Kind[T], read Reading[T]) fn.Route {
	return fn.On(kind, func(ctx context.Context, in fn.In[T]) ([]event.Draft, error) {
		news, opens := read(in.Data)
		return desk.Decide(ctx, in.Data.ID(), in.Event, news, opens)
	})
}

// Decide lets the document of a pull request decide on news that came in an
// event.
func (d Desk) Decide(ctx context.Context, id event.PullRequestID, e event.Event, news any, opens bool) ([]event.Draft, error) {
	drafts, err := d.Documents.Apply(ctx, state.Fact{
		Document: id.Document(), Opens: opens, Event: e,
		News: Fact{At: e.Time(), Event: e.ID(), Type: e.Type(), News: news},
	})
	if reason := d.rules.Why(id); err == nil && opens && reason != "" {
		return drafts, d.ignored(ctx, id, e, reason)
	}
	return drafts, err
}

// ignored records why nothing follows from a pull request, for those who ask.
func (d Desk) ignored(ctx context.Context, id event.PullRequestID, e event.Event, reason string) error {
	draft := event.MessageIgnored.Say(event.Ignored{PullRequestID: id, Reason: reason, Topic: e.Type()})
	draft.ID = e.ID()
	return d.Documents.Bucket.Record(ctx, id.Document(), fn.Sent("pipeline", draft, e.Time()))
}

// Hear lets a document decide on a stored fact about its pull request, as the
// reactor that hears such events does.
func (d Desk) Hear(ctx context.Context, e event.Event) ([]event.Draft, error) {
	kind := event.Kind[event.PullRequest](e.Type())
	readings := map[event.Kind[event.PullRequest]]Reading[event.PullRequest]{
		event.PullRequestOpened: Opening, event.PullRequestUpdated: Opening, event.PullRequestReopened: Opening,
		event.PullRequestClosed: Closing, event.PullRequestMerged: Merging,
	}
	read, known := readings[kind]
	if !known {
		return nil, nil // recorded, and nothing follows from it
	}
	pr, err := kind.Read(e)
	if err != nil {
		return nil, fn.Permanent(err)
	}
	news, opens := read(pr)
	return d.Decide(ctx, pr.ID(), e, news, opens)
}
