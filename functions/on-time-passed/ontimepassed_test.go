package ontimepassed_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	ontimepassed "github.com/distaff-project/distaff/functions/on-time-passed"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

var bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}

// desk is the function, its bucket, and what a listener does.
type desk struct {
	fn.Function
	*mem.Store
	bucket state.Bucket
	now    time.Time
	events int
}

func newDesk() *desk {
	d := &desk{Store: mem.New(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	d.bucket = state.New(d.Store)
	d.bucket.Now = func() time.Time { return d.now }
	d.Function = ontimepassed.New(d.bucket, pipeline.NewDesk(d.bucket, pipeline.Rules{
		Koji: "fedora", Farm: "public", Forges: map[string]pipeline.Taken{"fedora": {Namespaces: []string{"rpms"}}}, Pages: "https://ci.example",
	}))
	return d
}

// hear stores a message as a listener does, and gives its due entry. The event
// that was to follow is lost.
func (d *desk) hear(t *testing.T, kind event.Kind[event.PullRequest]) string {
	t.Helper()
	drafts, err := pipeline.Listen(t.Context(), d.bucket, pipeline.Message{
		Heard: forge.Heard{Kind: kind, PullRequest: event.PullRequest{
			PullRequestID: bash, Branch: "rawhide", Commit: strings.Repeat("a", 40), Updated: d.now,
		}},
		By: "forge-webhook", Forge: "fedora", ID: fmt.Sprint("message ", kind), At: d.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return drafts[0].Attributes[event.Due]
}

// pass says what the clock says of a due entry.
func (d *desk) pass(t *testing.T, due string) ([]string, error) {
	t.Helper()
	entry, err := state.ParseDue(due)
	if err != nil {
		t.Fatal(err)
	}
	news := event.Passed{PullRequestID: bash, At: d.now}
	if len(entry.What) > 0 {
		news.Fact = entry.What[0]
	}
	draft := event.TimePassed.Say(news).With(event.Due, due)
	d.events++
	draft.ID = fmt.Sprint("passed-", d.events)
	drafts, err := d.Hear(t.Context(), fn.Sent("clock-tick", draft, d.now))
	var said []string
	for _, draft := range drafts {
		said = append(said, strings.TrimPrefix(draft.Type, "distaff."))
	}
	return said, err
}

func (d *desk) stands(t *testing.T, key string) bool {
	t.Helper()
	_, err := d.Get(t.Context(), key)
	return err == nil
}

func TestAMessageWhoseEventWasLostIsDealtWith(t *testing.T) {
	d := newDesk()
	due := d.hear(t, event.PullRequestOpened)
	d.now = d.now.Add(3 * time.Minute)
	said, err := d.pass(t, due)
	if err != nil || strings.Join(said, " ") != "change.look-wanted release.look-wanted status.wanted" {
		t.Errorf("said %v, %v", said, err)
	}
	if d.stands(t, due) {
		t.Error("its entry still stands")
	}
	if !d.stands(t, "pr/fedora/rpms/bash/12.json") {
		t.Error("there is no document")
	}
}

func TestAMessageThatWasDealtWithIsNotDealtWithAgain(t *testing.T) {
	d := newDesk()
	due := d.hear(t, event.PullRequestOpened)
	if _, err := d.pass(t, due); err != nil {
		t.Fatal(err)
	}
	before, err := d.Get(t.Context(), "pr/fedora/rpms/bash/12.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.pass(t, due); err != nil {
		t.Error(err)
	}
	if after, _ := d.Get(t.Context(), "pr/fedora/rpms/bash/12.json"); after.Tag != before.Tag {
		t.Errorf("the document became\n%s\nfrom\n%s", after.Body, before.Body)
	}
}

func TestAnEntryWithoutItsMessageIsRemoved(t *testing.T) {
	d := newDesk()
	due := state.Entry{At: d.now, System: state.Self, Document: bash.Document(), What: []string{"20260302T085700Z-000000000000"}}.Key()
	if _, err := d.Put(t.Context(), due, nil, blob.Any); err != nil {
		t.Fatal(err)
	}
	if said, err := d.pass(t, due); err != nil || len(said) > 0 || d.stands(t, due) {
		t.Errorf("said %v, %v", said, err)
	}
}

func TestWhatHadNoAnswerIsSaidAgain(t *testing.T) {
	d := newDesk()
	if _, err := d.pass(t, d.hear(t, event.PullRequestOpened)); err != nil {
		t.Fatal(err)
	}
	page, err := d.List(t.Context(), state.DuePrefix, "", 0)
	if err != nil || len(page) != 1 {
		t.Fatalf("due are %v, %v", page, err)
	}
	d.now = d.now.Add(5 * time.Minute)
	said, err := d.pass(t, page[0].Key)
	if err != nil || strings.Join(said, " ") != "change.look-wanted release.look-wanted" {
		t.Errorf("said %v, %v", said, err)
	}
	if d.stands(t, page[0].Key) {
		t.Error("the entry that was found still stands")
	}
	if page, _ = d.List(t.Context(), state.DuePrefix, "", 0); len(page) != 1 {
		t.Errorf("due are %v", page)
	}
}

func TestAStoredMessageNothingFollowsFromIsLeft(t *testing.T) {
	d := newDesk()
	e := fn.Sent("forge-webhook", event.Draft{ID: "m", Type: "distaff.something.newer", Data: []byte(`{}`)}, d.now)
	due, err := d.bucket.Remember(t.Context(), bash.Document(), e)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := d.pass(t, due); err != nil || len(said) > 0 || d.stands(t, due) {
		t.Errorf("said %v, %v", said, err)
	}
}

func TestABucketThatIsDownIsAskedAgain(t *testing.T) {
	d := newDesk()
	due := d.hear(t, event.PullRequestOpened)
	bucket := d.bucket
	bucket.Store = broken{d.Store}
	d.Function = ontimepassed.New(bucket, pipeline.NewDesk(bucket, pipeline.Rules{}))
	_, err := d.pass(t, due)
	if code, _ := fn.Verdict(err); code != http.StatusInternalServerError || !d.stands(t, due) {
		t.Errorf("%v", err)
	}
}

type broken struct{ *mem.Store }

func (broken) Get(context.Context, string) (blob.Object, error) {
	return blob.Object{}, errors.New("503 Slow Down")
}
