package compose_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/state"
)

// room is a desk and its bucket.
type room struct {
	t *testing.T
	*mem.Store
	now  time.Time
	desk compose.Desk
	// put stands between the desk and the bucket, if there is one.
	put func(key string, do func() (blob.Tag, error)) (blob.Tag, error)
}

func newRoom(t *testing.T) *room {
	r := &room{t: t, Store: mem.New(), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	bucket := state.New(r)
	bucket.Now = func() time.Time { return r.now }
	bucket.Rest = func(context.Context, int) error { return nil }
	r.desk = compose.NewDesk(bucket, rules(), func(before, after compose.Compose) ([]state.Object, error) {
		if before.State == after.State && before.ID != 0 {
			return nil, nil
		}
		return []state.Object{{Key: fmt.Sprintf("compose/list/new/%d-%d", after.ID, after.Rev), Body: []byte(after.State.String())}}, nil
	})
	return r
}

func (r *room) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	do := func() (blob.Tag, error) { return r.Store.Put(ctx, key, body, cond, opts...) }
	if r.put != nil {
		return r.put(key, do)
	}
	return do()
}

func (r *room) event(id string) event.Event { return compose.Call("test", r.now, id) }

func (r *room) open(id string) []event.Draft {
	r.t.Helper()
	_, drafts, err := r.desk.Open(r.t.Context(), 7, asked, r.event(id))
	if err != nil {
		r.t.Fatal(err)
	}
	return drafts
}

func (r *room) hear(id string, kind event.Kind[event.ComposeAnswer], a event.ComposeAnswer) (compose.Compose, []string) {
	r.t.Helper()
	a.ComposeID, a.At = event.ComposeID{ID: 7}, r.now
	if a.Label == "" {
		a.Label = "compose/7/make"
	}
	c, drafts, err := r.desk.Decide(r.t.Context(), 7, r.event(id), compose.Answer{Kind: kind.Name(), ComposeAnswer: a})
	if err != nil {
		r.t.Fatal(err)
	}
	return c, ids(drafts)
}

func ids(drafts []event.Draft) []string {
	var out []string
	for _, d := range drafts {
		out = append(out, d.ID+" "+strings.TrimPrefix(d.Type, "distaff.compose."))
	}
	return out
}

// A reactor that dies before it sends what it says gets its event again.
func TestWhatWasSaidIsSaidAgain(t *testing.T) {
	r := newRoom(t)
	want := []string{"compose/7@1.0 state-changed", "compose/7@1.1 make-wanted"}
	for range 2 {
		if diff := cmp.Diff(want, ids(r.open("post"))); diff != "" {
			t.Errorf("opened:\n%s", diff)
		}
	}
	r.open("another call of the same")
	if c, _ := r.desk.Read(t.Context(), 7); c.Rev != 1 {
		t.Errorf("it has the revision %d", c.Rev)
	}
	want = []string{"compose/7@2.0 state-changed", "compose/7@2.1 state-changed"}
	for range 2 {
		c, said := r.hear("made", event.ComposeMade, event.ComposeAnswer{Attempt: 1})
		if diff := cmp.Diff(want, said); diff != "" || c.State != compose.Done {
			t.Errorf("made, %s:\n%s", c.State, diff)
		}
	}
	if c, said := r.hear("made twice", event.ComposeMade, event.ComposeAnswer{Attempt: 1}); len(said) > 0 || c.Rev != 2 {
		t.Errorf("another run says %v at revision %d", said, c.Rev)
	}
	if drafts := r.open("a call that was late"); len(drafts) > 0 {
		t.Errorf("when it is done, opening it says %v", ids(drafts))
	}
	again, err := r.desk.Read(t.Context(), 7)
	if diff := cmp.Diff([]string{"compose/7@2.1 state-changed"}, ids(r.desk.Repeat(again))); diff != "" || err != nil {
		t.Errorf("asked again: %v\n%s", err, diff)
	}
}

// A replay from the dead letters is another event, whose answer was decided on.
func TestAReplaySaysWhatWasNeverSent(t *testing.T) {
	r := newRoom(t)
	r.open("post")
	_, said := r.hear("failed", event.ComposeFailed, event.ComposeAnswer{Reason: "x"})
	e := r.event("replay")
	e.SetExtension(event.ReplayOf, r.event("failed").ID())
	_, drafts, err := r.desk.Decide(t.Context(), 7, e, compose.Answer{Kind: event.ComposeFailed.Name(), ComposeAnswer: event.ComposeAnswer{
		ComposeID: event.ComposeID{ID: 7}, Label: "compose/7/make",
	}})
	if diff := cmp.Diff(said, ids(drafts)); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// Of two deliveries of one event that overlap, the one that comes second says
// the same.
func TestADeliveryThatOverlapsSaysTheSame(t *testing.T) {
	r := newRoom(t)
	r.open("post")
	overtaken := false
	r.put = func(key string, do func() (blob.Tag, error)) (blob.Tag, error) {
		if strings.HasPrefix(key, compose.DocumentPrefix) && !overtaken {
			overtaken = true
			r.hear("made", event.ComposeMade, event.ComposeAnswer{})
		}
		return do()
	}
	_, said := r.hear("made", event.ComposeMade, event.ComposeAnswer{})
	if diff := cmp.Diff([]string{"compose/7@2.0 state-changed", "compose/7@2.1 state-changed"}, said); diff != "" {
		t.Error(diff)
	}
}

func TestNewsOfNoComposeIsDropped(t *testing.T) {
	r := newRoom(t)
	c, said := r.hear("made", event.ComposeMade, event.ComposeAnswer{})
	if c.ID != 0 || len(said) > 0 {
		t.Errorf("compose %d says %v", c.ID, said)
	}
	if _, err := r.desk.Read(t.Context(), 7); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Read: %v", err)
	}
}

func TestTheListIsWrittenBesideTheDocument(t *testing.T) {
	r := newRoom(t)
	r.open("post")
	r.hear("made", event.ComposeMade, event.ComposeAnswer{})
	page, err := r.List(t.Context(), "compose/list/", "", 0)
	if err != nil || len(page) != 2 || page[1].Key != "compose/list/new/7-2" {
		t.Errorf("the list is %v, %v", page, err)
	}
}

func TestRenewing(t *testing.T) {
	tests := []struct {
		name string
		// before is what happens to the compose, which is done and holds a content
		// for a day.
		before func(r *room)
		want   error
		// held is how long it holds the content in the end.
		held time.Duration
	}{
		{"what is done lives on", func(*room) {}, nil, 40 * time.Hour},
		{"what is being removed does not", func(r *room) {
			r.now = r.now.Add(24 * time.Hour)
			_, _, _ = r.desk.Decide(r.t.Context(), 7, r.event("due"), event.ComposePassed{At: r.now})
		}, compose.ErrOver, 24 * time.Hour},
		{"nor what others have taken for over", func(r *room) {
			r.now = r.now.Add(25 * time.Hour)
			_, _ = r.desk.Contents.BeginRemoval(r.t.Context(), "c", "other")
		}, compose.ErrOver, 0},
		{"what is over by the clock but not taken for it does", func(r *room) { r.now = r.now.Add(25 * time.Hour) }, nil, 65 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			start := r.now
			r.open("post")
			if _, err := r.desk.Contents.Enter(t.Context(), "c", 7, start.Add(24*time.Hour)); err != nil {
				t.Fatal(err)
			}
			r.hear("made", event.ComposeMade, event.ComposeAnswer{Content: "c", Until: start.Add(24 * time.Hour)})
			tt.before(r)
			c, _, err := r.desk.Extend(t.Context(), 7, r.now.Add(40*time.Hour), "osbs", r.event("patch"))
			if !errors.Is(err, tt.want) || err == nil && !c.Expires.Equal(r.now.Add(40*time.Hour)) {
				t.Errorf("it expires at %s, %v", c.Expires, err)
			}
			is, err := r.desk.Contents.Look(t.Context(), "c")
			if held := is.Holders["7"]; err != nil || tt.held != 0 && !held.Equal(start.Add(tt.held)) || tt.held == 0 && !held.IsZero() {
				t.Errorf("it holds the content until %s, %v", held, err)
			}
		})
	}
	r := newRoom(t)
	r.open("post")
	if _, _, err := r.desk.Extend(t.Context(), 7, r.now, "osbs", r.event("patch")); !errors.Is(err, compose.ErrOver) {
		t.Errorf("what waits is renewed: %v", err)
	}
	if _, _, err := r.desk.Extend(t.Context(), 8, r.now, "osbs", r.event("patch")); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("what is not there is renewed: %v", err)
	}
}

// Who shares the content of another holds it for that one as well.
func TestATieHoldsTheContentFirst(t *testing.T) {
	r := newRoom(t)
	r.open("post")
	until := r.now.Add(24 * time.Hour)
	if _, err := r.desk.Contents.Enter(t.Context(), "c", 7, until); err != nil {
		t.Fatal(err)
	}
	r.hear("made", event.ComposeMade, event.ComposeAnswer{Content: "c", Until: until})
	longer := event.ComposeTie{ComposeID: event.ComposeID{ID: 7}, Other: 9, Until: until.Add(time.Hour), Sharing: true}
	if _, err := r.desk.Shared(t.Context(), r.event("tie"), compose.Tie{Kind: event.ComposeExtended.Name(), ComposeTie: longer}); err != nil {
		t.Fatal(err)
	}
	is, _ := r.desk.Contents.Look(t.Context(), "c")
	c, err := r.desk.Read(t.Context(), 7)
	if err != nil || !is.Holders["7"].Equal(longer.Until) || !c.Expires.Equal(longer.Until) || !cmp.Equal(c.Sharers, []int64{9}) {
		t.Errorf("held until %s, it lives until %s with %v, %v", is.Holders["7"], c.Expires, c.Sharers, err)
	}
	other := longer
	other.ID = 8
	if drafts, err := r.desk.Shared(t.Context(), r.event("tie 2"), compose.Tie{Kind: event.ComposeExtended.Name(), ComposeTie: other}); err != nil || len(drafts) > 0 {
		t.Errorf("told to one that is not there: %v, %v", ids(drafts), err)
	}
}
