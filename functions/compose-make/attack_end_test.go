package composemake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	composeexpire "github.com/distaff-project/distaff/functions/compose-expire"
	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// meddled tells of each write before it is done.
type meddled struct {
	*mem.Store
	before func(n int64)
	n      atomic.Int64
}

func (m *meddled) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if m.before != nil {
		m.before(m.n.Add(1))
	}
	return m.Store.Put(ctx, key, body, cond, opts...)
}

// A compose may be cancelled and removed, at any moment, while a run is at work
// for it. Whatever the run wrote is removed in the end.
func TestWhatIsMadeForAComposeThatIsRemovedMeanwhileIsRemovedToo(t *testing.T) {
	for at := int64(1); ; at++ {
		w := newWorld(t)
		store := &meddled{Store: mem.New()}
		w.store = store
		w.open(w.options)
		w.desk.Rules.Quiet = 1
		w.make = composemake.New(w.desk, w.store, map[string]composemake.Koji{"fedora": w.koji}, w.options)
		w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
		id := w.ask(request())
		order, _ := w.order(t.Context(), id)
		ended := false
		store.before = func(n int64) {
			if n != at {
				return
			}
			ended = true
			w.decide(id, compose.Cancelled{By: "me"})
			w.decide(id, compose.RemovalAsked{By: "admin"})
		}
		drafts, err := w.make.Hear(t.Context(), order)
		store.before = nil
		if err != nil {
			t.Fatalf("at write %d: %v", at, err)
		}
		w.pump(drafts)
		if !ended {
			t.Logf("removed at each of %d writes", at-1)
			return
		}
		// A run that was killed there leaves what it wrote to the next delivery.
		drafts, err = w.make.Hear(t.Context(), order)
		if err != nil {
			t.Fatalf("at write %d, once more: %v", at, err)
		}
		w.pump(drafts)
		if left := w.published(); left != nil {
			t.Fatalf("removed at write %d: left are %v", at, left)
		}
	}
}

// decide lets a compose decide, and all that is said be heard.
func (w *world) decide(id int64, news any) {
	w.t.Helper()
	_, drafts, err := w.desk.Decide(w.t.Context(), id, compose.Call("compose-api", w.bucket.Now(), w.bucket.Nonce()), news)
	if err != nil {
		w.t.Fatal(err)
	}
	w.pump(drafts)
}

// pump lets what is said be heard, by what removes composes and by the documents.
func (w *world) pump(drafts []event.Draft) {
	w.t.Helper()
	expire := composeexpire.New(w.desk, w.store.(lister))
	for n := 0; len(drafts) > 0; n++ {
		if n > 100 {
			w.t.Fatal("there is no end to it")
		}
		d := drafts[0]
		drafts = drafts[1:]
		w.runs++
		e := fn.Sent("test", d, w.bucket.Now())
		var more []event.Draft
		var err error
		switch d.Type {
		case event.ComposeExpireWanted.Name():
			more, err = expire.Hear(w.t.Context(), e)
		case event.ComposeMakeWanted.Name(), event.ComposeStateChanged.Name(), event.ComposeExtended.Name():
			continue
		default:
			var answer event.ComposeAnswer
			if err = json.Unmarshal(d.Data, &answer); err == nil {
				_, more, err = w.desk.Decide(w.t.Context(), answer.ID, e, compose.Answer{Kind: d.Type, ComposeAnswer: answer})
			}
		}
		if err != nil {
			w.t.Fatal(err)
		}
		for i := range more {
			if more[i].ID == "" {
				w.runs++
				more[i].ID = fmt.Sprint("said-", w.runs)
			}
		}
		drafts = append(drafts, more...)
	}
}

// A server that is down for hours keeps a compose from being made, and must not
// keep it waiting for days.
func TestAComposeWhoseFilesCannotBeReachedIsKnownToBeBegun(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	down := &http.Client{Transport: silent{}}
	w.koji.Files = rpmfile.New(rpmfile.Options{System: "files", Pause: time.Millisecond, HTTP: down})
	w.open(w.options)
	id := w.ask(request())
	for range 5 {
		_ = w.hear(t.Context(), id)
	}
	c, err := w.desk.Read(t.Context(), id)
	if err != nil || c.State != compose.Generating || !strings.Contains(c.Reason, "Compose is generating") {
		t.Errorf("%s: %q, %v", c.State, c.Reason, err)
	}
}

type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}
