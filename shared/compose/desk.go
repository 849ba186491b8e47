package compose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/state"
)

// ErrOver means that it is too late: what should live on has ended, or its end
// was decided on.
var ErrOver = errors.New("it is over")

// Beside gives what is to be written along with a compose that was before.
type Beside func(before, after Compose) ([]state.Object, error)

// Desk is where facts about composes are decided on: the documents, the rules,
// and what several composes share.
type Desk struct {
	Bucket   state.Bucket
	Rules    Rules
	Contents Contents
	IDs      IDs
	beside   Beside
}

// NewDesk gives the desk that keeps its documents in bucket. Beside may be nil.
func NewDesk(bucket state.Bucket, rules Rules, beside Beside) Desk {
	return Desk{Bucket: bucket, Rules: rules, Contents: NewContents(bucket), IDs: NewIDs(bucket), beside: beside}
}

// The compiler keeps the document to what state needs of it.
var _ interface{ Asking() *ask.Book } = (*Compose)(nil)

// Call gives the event of a call of an api, which came in none. The nonce must
// never have been given before.
func Call(by string, at time.Time, nonce string) event.Event {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetID(by + "-" + nonce)
	e.SetSource("/" + by)
	e.SetType("distaff.call")
	e.SetTime(at.UTC())
	return e
}

// Read gives a compose as it is now, or blob.ErrNotFound.
func (d Desk) Read(ctx context.Context, id int64) (Compose, error) {
	keeper := state.Keeper[Compose, *Compose]{Bucket: d.Bucket, Prefix: DocumentPrefix}
	c, err := keeper.Read(ctx, event.ComposeID{ID: id}.Document())
	if err != nil {
		return c, fmt.Errorf("read compose %d: %w", id, err)
	}
	return c, nil
}

// Open makes the document of a compose that somebody asked for. If it is there
// already and nothing has come of it yet, what it said is given once more: it
// may never have been sent.
func (d Desk) Open(ctx context.Context, id int64, asked Asked, e event.Event) (Compose, []event.Draft, error) {
	c, drafts, err := d.apply(ctx, id, e, asked, true)
	if err == nil && len(drafts) == 0 && c.Rev == 1 {
		drafts = d.unsent(c, nil)
	}
	return c, drafts, err
}

// Decide lets a compose decide on news that came in an event. It gives the
// compose after that, and what it says; where there is no such compose, one
// whose number is 0.
func (d Desk) Decide(ctx context.Context, id int64, e event.Event, news any) (Compose, []event.Draft, error) {
	return d.apply(ctx, id, e, news, false)
}

// Repeat gives what a compose said last of its state, once more and with the
// id it had, for somebody who asks again what became of it.
func (d Desk) Repeat(c Compose) []event.Draft {
	for _, s := range slices.Backward(c.Said) {
		if len(s.To) == 0 {
			return d.Rules.drafted(c, s)
		}
	}
	return nil
}

// Extend lets a compose live until a moment at least, with its content. It
// fails with ErrOver where that cannot be any more.
func (d Desk) Extend(ctx context.Context, id int64, until time.Time, by string, e event.Event) (Compose, []event.Draft, error) {
	c, err := d.hold(ctx, id, until)
	if err != nil {
		return c, nil, err
	}
	c, drafts, err := d.Decide(ctx, id, e, Extended{Until: until, By: by})
	if err == nil && (c.State != Done || c.Removing) {
		err = fmt.Errorf("extend compose %d: %w", id, ErrOver)
	}
	return c, drafts, err
}

// Shared lets a compose decide on what another tells it. Where that makes it
// live longer, its content is held first.
func (d Desk) Shared(ctx context.Context, e event.Event, tie Tie) ([]event.Draft, error) {
	if tie.Kind == event.ComposeExtended.Name() {
		_, err := d.hold(ctx, tie.ID, tie.Until)
		if errors.Is(err, ErrOver) || errors.Is(err, blob.ErrNotFound) {
			return nil, nil // then it does not live longer
		}
		if err != nil {
			return nil, err
		}
	}
	_, drafts, err := d.Decide(ctx, tie.ID, e, tie)
	return drafts, err
}

// hold holds the content of a compose that is done until a moment at least.
func (d Desk) hold(ctx context.Context, id int64, until time.Time) (Compose, error) {
	c, err := d.Read(ctx, id)
	if err != nil {
		return c, err
	}
	if c.State != Done || c.Removing {
		return c, fmt.Errorf("extend compose %d: %w", id, ErrOver)
	}
	if c.Content == "" || !until.After(c.Expires) {
		return c, nil
	}
	if err := d.Contents.Extend(ctx, c.Content, HolderOf(id), until); err != nil {
		return c, fmt.Errorf("extend compose %d: %w", id, err)
	}
	return c, nil
}

func (d Desk) apply(ctx context.Context, id int64, e event.Event, news any, opens bool) (Compose, []event.Draft, error) {
	var after Compose
	was, decided := int64(0), false
	document := event.ComposeID{ID: id}.Document()
	keeper := state.Keeper[Compose, *Compose]{
		Bucket: d.Bucket, Prefix: DocumentPrefix, System: Self, Beside: d.beside,
		Decide: func(c Compose, fact any) (Compose, []event.Draft) {
			was, decided = c.Rev-1, true
			next, drafts := d.Rules.Decide(c, fact)
			after = next
			return next, drafts
		},
	}
	// Each attempt begins by reading the document; only the last one's decision
	// is the one that stands.
	keeper.Bucket.Store = onGet{d.Bucket.Store, keeper.Key(document), func() { decided = false }}
	drafts, err := keeper.Apply(ctx, state.Fact{
		Document: document, Opens: opens, Event: e,
		News: Fact{ID: id, At: e.Time(), Event: e.ID(), News: news},
	})
	replayed := event.Extension(e, event.ReplayOf)
	switch {
	case err != nil:
		return Compose{}, nil, err
	case decided && (len(drafts) > 0 || replayed == ""):
		if len(drafts) == 0 {
			after.Rev = was
		}
		return after, drafts, nil
	}
	// It was heard before, or there is no document. What nobody answers is not
	// among the drafts then.
	c, err := d.Read(ctx, id)
	if errors.Is(err, blob.ErrNotFound) {
		return Compose{}, nil, nil
	}
	if err != nil {
		return c, nil, err
	}
	return c, merge(d.unsent(c, []string{e.ID(), replayed}), drafts), nil
}

// unsent gives what a document said because of some events, or because of any,
// if none are given.
func (d Desk) unsent(c Compose, causes []string) []event.Draft {
	var drafts []event.Draft
	for _, s := range c.Said {
		if causes == nil || slices.Contains(causes, s.Cause) {
			drafts = append(drafts, d.Rules.drafted(c, s)...)
		}
	}
	if causes != nil {
		return drafts
	}
	for _, label := range c.Under("") {
		if order, _ := c.Get(label); !order.Later {
			drafts = append(drafts, order.Draft)
		}
	}
	return drafts
}

// merge puts drafts together, each once.
func merge(drafts, more []event.Draft) []event.Draft {
	for _, d := range more {
		if !slices.ContainsFunc(drafts, func(other event.Draft) bool { return other.ID == d.ID }) {
			drafts = append(drafts, d)
		}
	}
	return drafts
}

// onGet is a store that tells of each Get of one key.
type onGet struct {
	state.Store
	key  string
	told func()
}

func (s onGet) Get(ctx context.Context, key string) (blob.Object, error) {
	if key == s.key {
		s.told()
	}
	return s.Store.Get(ctx, key)
}
