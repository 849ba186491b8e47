package pipeline

import (
	"context"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/state"
)

// Message is what a forge told, and how it came.
type Message struct {
	forge.Heard
	// By is the function that heard it, Forge the instance that told it.
	By    string
	Forge string
	// ID names the message the same however often it comes.
	ID string
	// Topic is what the message called itself.
	Topic string
	// At is when it was sent.
	At time.Time
}

// Listen stores what a forge told, so that it cannot be lost any more, and
// gives what is to be said of it. Of a message nothing follows from it keeps
// the reason.
func Listen(ctx context.Context, bucket state.Bucket, m Message) ([]event.Draft, error) {
	at := m.At
	if at.IsZero() {
		at = bucket.Now()
	}
	if m.Kind == "" {
		return nil, ignore(ctx, bucket, m, at)
	}
	draft := m.Kind.Say(m.PullRequest)
	draft.ID = m.ID
	fact := fn.Sent(m.By, draft, at)
	if m.Kind == event.PullRequestCommented {
		return []event.Draft{draft}, bucket.Record(ctx, m.PullRequest.Document(), fact)
	}
	due, err := bucket.Remember(ctx, m.PullRequest.Document(), fact)
	if err != nil {
		return nil, err
	}
	return []event.Draft{draft.With(event.Due, due)}, nil
}

func ignore(ctx context.Context, bucket state.Bucket, m Message, at time.Time) error {
	ignored := event.Ignored{PullRequestID: m.PullRequest.PullRequestID, Reason: m.Ignored, Topic: m.Topic}
	ignored.Forge = m.Forge
	document := "ignored/" + event.PullRequestID{Forge: m.Forge, Repo: "messages", Number: 1}.Document()
	if ignored.Repo != "" && ignored.Number > 0 {
		document = ignored.Document()
	}
	draft := event.MessageIgnored.Say(ignored)
	draft.ID = m.ID
	return bucket.Record(ctx, document, fn.Sent(m.By, draft, at))
}

// Heard are the kinds of event Listen says.
func Heard() []event.Named {
	return []event.Named{
		event.PullRequestOpened, event.PullRequestUpdated, event.PullRequestReopened,
		event.PullRequestClosed, event.PullRequestMerged, event.PullRequestCommented,
	}
}
