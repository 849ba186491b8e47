package composeindex_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	composeindex "github.com/distaff-project/distaff/functions/compose-index"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

var at = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func changed(c compose.Compose) event.Event {
	d := event.ComposeStateChanged.Say(event.ComposeState{Event: "state-changed", Compose: json.RawMessage(`{"id":` + c.Subject() + `}`)})
	d.ID = "compose/" + c.Subject() + "@" + strconv.FormatInt(c.Rev, 10) + ".0"
	return fn.Sent("somebody", d, at)
}

func TestEventsMayComeTwiceAndLateAndInAnyOrder(t *testing.T) {
	store := mem.NewAt(func() time.Time { return at })
	bucket := state.New(store)
	bucket.Now = func() time.Time { return at }
	desk := compose.NewDesk(bucket, compose.Rules{}, index.Beside)
	f := composeindex.New(index.NewIndexer(bucket, store, desk.Read))
	list := index.NewList(store, desk.Read)
	random := rand.New(rand.NewPCG(1, 2))
	var waiting []event.Event
	for id := int64(1); id <= 60; id++ {
		opened, _, err := desk.Open(t.Context(), id, compose.Asked{Owner: "alice", Request: compose.Request{SourceType: compose.Tag, Source: []string{"f45"}, Lifetime: 60}}, compose.Call("test", at, strconv.Itoa(int(id))))
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, changed(opened), changed(opened))
		if id%3 == 0 {
			over, _, err := desk.Decide(t.Context(), id, compose.Call("test", at, "cancel"+strconv.Itoa(int(id))), compose.Cancelled{By: "alice"})
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, changed(over))
		}
		random.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		for n := random.IntN(3); n > 0 && len(waiting) > 0; n-- {
			if _, err := f.Hear(t.Context(), waiting[0]); err != nil {
				t.Fatal(err)
			}
			waiting = waiting[1:]
		}
	}
	for _, e := range waiting {
		if drafts, err := f.Hear(t.Context(), e); err != nil || len(drafts) > 0 {
			t.Fatal(drafts, err)
		}
	}
	failed := compose.Failed
	p, err := list.Find(t.Context(), index.Query{State: &failed, Take: 100})
	if err != nil || p.Total != 20 {
		t.Errorf("%d failed, %v", p.Total, err)
	}
	counts, err := list.Counts(t.Context())
	if err != nil || counts.Composes[compose.Tag][compose.Wait] != 40 || counts.Composes[compose.Tag][compose.Failed] != 20 {
		t.Errorf("%+v, %v", counts, err)
	}
	left, err := store.List(t.Context(), "compose/list/new/", "", 0)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", slices.Collect(func(yield func(string) bool) {
			for _, info := range left {
				yield(info.Key)
			}
		}), err)
	}
	if _, err := store.Get(t.Context(), "compose/list/totals.json"); errors.Is(err, blob.ErrNotFound) {
		t.Error("nothing was counted")
	}
}

func TestABucketThatCannotBeAskedIsAskedLater(t *testing.T) {
	store := mem.New()
	bucket := state.New(store)
	broken := errors.New("no route to host")
	f := composeindex.New(index.NewIndexer(bucket, nowhere{store, broken}, nil))
	_, err := f.Hear(t.Context(), changed(compose.Compose{}))
	if code, _ := fn.Verdict(err); code != http.StatusInternalServerError || !errors.Is(err, broken) {
		t.Errorf("%d, %v", code, err)
	}
}

// nowhere is a bucket that cannot be reached.
type nowhere struct {
	*mem.Store
	err error
}

func (n nowhere) List(context.Context, string, string, int) ([]blob.Info, error) { return nil, n.err }
