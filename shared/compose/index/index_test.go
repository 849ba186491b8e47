package index_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
)

func ptr[T any](v T) *T { return &v }

func TestAChangeIsSeenAtOnceAndAfterItWasFolded(t *testing.T) {
	w := newWorld()
	list := w.list()
	c := sample(7)
	c.State, c.Reason, c.Rev = compose.Wait, "", 1
	w.write(t, compose.Compose{}, c)
	want := func(what string, state compose.State) {
		t.Helper()
		for how, l := range map[string]*index.List{"warm": list, "cold": w.list()} {
			p := find(t, l, index.Query{Take: 10})
			if p.Total != 1 || len(p.Composes) != 1 || p.Composes[0].State != state || p.Newest != 7 {
				t.Errorf("%s, %s: %+v", what, how, p)
			}
			if got := find(t, l, index.Query{Take: 10, State: &state}); got.Total != 1 {
				t.Errorf("%s, %s: found by its state %d times", what, how, got.Total)
			}
		}
	}
	want("when it was written", compose.Wait)
	w.fold(t)
	want("when that was folded", compose.Wait)
	next := c
	next.State, next.Rev = compose.Generating, 2
	w.write(t, c, next)
	want("when it changed", compose.Generating)
	w.fold(t)
	want("when that was folded, too", compose.Generating)
	if left, _ := w.List(t.Context(), "compose/list/new/", "", 0); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	progress := next
	progress.Rev, progress.Finished = 3, 100
	w.write(t, next, progress)
	if left, _ := w.List(t.Context(), "compose/list/new/", "", 0); len(left) != 0 {
		t.Errorf("what no list shows was written: %v", left)
	}
}

// A plain list of all composes answers the same as the index, whatever is asked.
func TestTheIndexAnswersAsAListWould(t *testing.T) {
	w := filled(t, 3500)
	random := rand.New(rand.NewPCG(1, 2))
	all := map[int64]compose.Compose{}
	for id := int64(1); id <= 3500; id++ {
		all[id] = sample(id)
	}
	warm := w.list()
	for range 60 {
		id := 1 + random.Int64N(3600)
		before, after := all[id], all[id]
		if before.ID == 0 {
			after = sample(id)
		}
		after.Rev++
		after.State = compose.State(random.IntN(5))
		if after.State < compose.Done {
			after.Done, after.Removed = time.Time{}, time.Time{}
		}
		w.write(t, before, after)
		all[id] = after
		if random.IntN(9) == 0 {
			w.fold(t)
		}
	}
	for n := range 400 {
		q := index.Query{Take: random.IntN(30), Skip: random.IntN(50), Descending: random.IntN(2) == 0, Order: index.Orders()[random.IntN(9)]}
		if random.IntN(4) == 0 {
			q.Skip = random.IntN(4000)
		}
		for what := range 6 {
			if random.IntN(4) != 0 {
				continue
			}
			switch what {
			case 0:
				q.State = ptr(compose.State(random.IntN(5)))
			case 1:
				q.Type = ptr(compose.SourceType(1 + random.IntN(2)))
			case 2:
				q.Owner = ptr(fmt.Sprint("user", random.IntN(51)))
			case 3:
				q.Source = ptr("f42-build")
			case 4:
				q.Upto = random.Int64N(4000)
			case 5:
				q.PungiID = ptr("odcs-77-1-20261121.t.0")
			}
		}
		l := warm
		if n%4 == 0 {
			l = w.list()
		}
		got := find(t, l, q)
		want, total := naive(all, q)
		if got.Total != total || !slices.Equal(ids(got), want) {
			t.Fatalf("%+v: %d %v, want %d %v", q, got.Total, ids(got), total, want)
		}
		for _, c := range got.Composes {
			if diff := gocmp.Diff(all[c.ID].Request, c.Request); diff != "" || all[c.ID].State != c.State {
				t.Fatalf("compose %d is shown wrong:\n%s", c.ID, diff)
			}
		}
	}
}

func naive(all map[int64]compose.Compose, q index.Query) (page []int64, total int) {
	var some []compose.Compose
	for _, c := range all {
		if (q.State == nil || *q.State == c.State) && (q.Type == nil || *q.Type == c.Request.SourceType) && (q.Owner == nil || *q.Owner == c.Owner) &&
			(q.Source == nil || *q.Source == strings.Join(c.Request.Source, " ")) && (q.Upto == 0 || c.ID <= q.Upto) && (q.PungiID == nil || *q.PungiID == c.PungiID) {
			some = append(some, c)
		}
	}
	at := func(a, b time.Time) int {
		if a.IsZero() != b.IsZero() {
			return a.Compare(b) * -1
		}
		return a.Compare(b)
	}
	slices.SortFunc(some, func(a, b compose.Compose) int {
		by := map[index.Order]int{
			index.ByOwner: cmp.Compare(a.Owner, b.Owner), index.ByType: cmp.Compare(a.Request.SourceType, b.Request.SourceType),
			index.ByEvent: cmp.Compare(a.Request.Event, b.Request.Event), index.ByState: cmp.Compare(a.State, b.State), index.ByExpires: at(a.Expires, b.Expires),
			index.BySubmitted: at(a.Submitted, b.Submitted), index.ByDone: at(a.Done, b.Done), index.ByRemoved: at(a.Removed, b.Removed),
		}[q.Order]
		by = cmp.Or(by, cmp.Compare(a.ID, b.ID))
		if q.Descending {
			return -by
		}
		return by
	})
	page = []int64{}
	for i, c := range some {
		if i >= q.Skip && i < q.Skip+q.Take {
			page = append(page, c.ID)
		}
	}
	return page, len(some)
}

// Folding may end at any request, and be done again.
func TestFoldingMayEndAtAnyMoment(t *testing.T) {
	for stop := 1; ; stop++ {
		w := newWorld()
		for _, id := range []int64{5, 999, 1000, 2001} {
			w.write(t, compose.Compose{}, sample(id))
		}
		n, cutOff := 0, false
		w.fail = func(string, string) error {
			if n++; n == stop {
				cutOff = true
				return errPower
			}
			return nil
		}
		_, err := w.indexer().Fold(t.Context())
		w.fail = nil
		if cutOff != (err != nil) {
			t.Fatalf("at request %d: %v", stop, err)
		}
		if p := find(t, w.list(), index.Query{Take: 10}); !slices.Equal(ids(p), []int64{5, 999, 1000, 2001}) {
			t.Fatalf("cut off at request %d, the list is %v", stop, ids(p))
		}
		w.fold(t)
		p := find(t, w.list(), index.Query{Take: 10})
		counts, err := w.list().Counts(t.Context())
		if err != nil || len(p.Composes) != 4 || counts.Composes[compose.Tag][compose.Removed] != 4 {
			t.Fatalf("after request %d and once more: %v, %+v, %v", stop, ids(p), counts, err)
		}
		if left, _ := w.List(t.Context(), "compose/list/new/", "", 0); len(left) != 0 {
			t.Fatalf("after request %d and once more, %d deltas are left", stop, len(left))
		}
		if !cutOff {
			return
		}
	}
}

func TestOfTwoWritersTheDocumentTellsWhoWon(t *testing.T) {
	w := newWorld()
	first := sample(7)
	first.Rev, first.State = 1, compose.Wait
	w.write(t, compose.Compose{}, first)
	w.fold(t)
	won, lost := first, first
	won.Rev, won.State = 2, compose.Generating
	lost.Rev, lost.State = 2, compose.Failed
	w.beside(t, first, won)
	w.beside(t, first, lost)
	w.document(t, won)
	if p := find(t, w.list(), index.Query{Take: 1}); p.Composes[0].State != compose.Generating {
		t.Errorf("the list says %s", p.Composes[0].State)
	}
	w.fold(t)
	if p := find(t, w.list(), index.Query{Take: 1}); p.Composes[0].State != compose.Generating {
		t.Errorf("the folded list says %s", p.Composes[0].State)
	}
}

func TestWhatNeverCameToADocumentGoes(t *testing.T) {
	w := newWorld()
	w.beside(t, compose.Compose{}, sample(7))
	if n := w.fold(t); n != 0 {
		t.Errorf("a delta whose document may still be written is taken away")
	}
	w.passes(3 * time.Minute)
	if n := w.fold(t); n != 1 {
		t.Errorf("a delta without a document stays")
	}
	if p := find(t, w.list(), index.Query{Take: 1}); p.Total != 0 {
		t.Errorf("the list has %d", p.Total)
	}
}

// Reading goes on while everything is folded under it.
func TestReadersSeeEachChangeWhileItIsFolded(t *testing.T) {
	w := newWorld()
	list := w.list()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := w.indexer().Fold(context.WithoutCancel(ctx)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for id := int64(990); id < 1100; id++ {
		c := sample(id)
		c.Rev, c.State = 1, compose.Wait
		w.write(t, compose.Compose{}, c)
		next := c
		next.Rev, next.State = 2, compose.Done
		w.write(t, c, next)
		p := find(t, list, index.Query{Take: 3, Descending: true, Owner: &c.Owner})
		if len(p.Composes) == 0 || p.Composes[0].ID != id || p.Composes[0].State != compose.Done {
			t.Fatalf("after compose %d was written: %+v", id, p)
		}
		if p := find(t, list, index.Query{Take: 1, Descending: true}); p.Total != int(id-989) || p.Composes[0].ID != id {
			t.Fatalf("after compose %d was written: %d, %v", id, p.Total, ids(p))
		}
	}
	stop()
	wg.Wait()
}

func TestARequestTooLongForTheListIsReadFromItsDocument(t *testing.T) {
	w := newWorld()
	c := sample(7)
	for n := range 2000 {
		c.Request.Packages = append(c.Request.Packages, fmt.Sprint("package-", n))
	}
	w.write(t, compose.Compose{}, c)
	w.fold(t)
	p := find(t, w.list(), index.Query{Take: 1})
	if len(p.Composes) != 1 || len(p.Composes[0].Request.Packages) != 2003 {
		t.Errorf("%+v", p)
	}
	if _, body := index.Row(c); len(body) > 5000 {
		t.Errorf("its row has %d bytes", len(body))
	}
}

func TestWhatAnOwnerHas(t *testing.T) {
	w := newWorld()
	list := w.list()
	put := func(id int64, state compose.State, ago, left time.Duration) compose.Compose {
		c := sample(id)
		c.Owner, c.State, c.Rev = "alice", state, 1
		c.Submitted, c.Expires = begin.Add(-ago), begin.Add(left)
		w.write(t, compose.Compose{}, c)
		return c
	}
	want := func(what string, n index.Owned) {
		t.Helper()
		for _, l := range []*index.List{list, w.list()} {
			got, err := l.Owned(t.Context(), "alice", w.clock())
			if diff := gocmp.Diff(n, got); diff != "" || err != nil {
				t.Errorf("%s: %v\n%s", what, err, diff)
			}
		}
	}
	want("nothing", index.Owned{})
	one := put(1, compose.Wait, time.Minute, 5*time.Hour)
	has := index.Owned{Live: 1, Generating: 1, Asked: []time.Time{begin.Add(-time.Minute)}, NextExpiry: begin.Add(5 * time.Hour)}
	want("one", has)
	w.fold(t)
	want("one, folded", has)
	put(2, compose.Done, 3*time.Hour, time.Hour)
	put(3, compose.Failed, 2*time.Minute, time.Hour)
	has = index.Owned{Live: 2, Generating: 1, Asked: []time.Time{begin.Add(-2 * time.Minute), begin.Add(-time.Minute)}, NextExpiry: begin.Add(time.Hour)}
	want("three", has)
	w.fold(t)
	want("three, folded", has)
	next := one
	next.Rev, next.State = 2, compose.Removed
	w.write(t, one, next)
	w.passes(2 * time.Hour)
	w.fold(t)
	want("later", index.Owned{Live: 1, NextExpiry: begin.Add(time.Hour)})
}

func TestCountsOfRawConfigs(t *testing.T) {
	w := newWorld()
	for id := int64(1); id <= 9; id++ {
		c := sample(id)
		c.Request.SourceType, c.Request.Source = compose.RawConfig, []string{"fedora#" + map[bool]string{true: "main", false: fmt.Sprint("c", id)}[id < 7]}
		w.write(t, compose.Compose{}, c)
	}
	w.fold(t)
	counts, err := w.list().Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, raw := range counts.Raw {
		got[raw.Source] = raw.Total()
	}
	if diff := gocmp.Diff(map[string]int{"fedora#main": 6, "fedora#c7": 1, "fedora#c8": 1, "fedora#c9": 1}, got); diff != "" {
		t.Error(diff)
	}
}

// What a query costs is a promise.
func TestWhatAQueryAsksOfTheBucket(t *testing.T) {
	w := filled(t, 9_999)
	done := compose.Done
	tests := []struct {
		name       string
		q          index.Query
		cold, warm blob.Usage
	}{
		{"the first page", index.Query{Take: 10, Descending: true}, blob.Usage{Lists: 1, Gets: 2}, blob.Usage{Lists: 1}},
		{"a page in the middle", index.Query{Take: 10, Skip: 5000, Descending: true}, blob.Usage{Lists: 1, Gets: 3}, blob.Usage{Lists: 1}},
		{"what nothing is", index.Query{Take: 10, State: &done}, blob.Usage{Lists: 1, Gets: 2}, blob.Usage{Lists: 1}},
		{"of one owner", index.Query{Take: 10, Owner: ptr("user7")}, blob.Usage{Lists: 1, Gets: 11}, blob.Usage{Lists: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := w.list()
			for _, want := range []blob.Usage{tt.cold, tt.warm} {
				before := w.Usage()
				find(t, l, tt.q)
				if got := w.Usage().Sub(before); got.Lists != want.Lists || got.Gets != want.Gets {
					t.Errorf("%d LIST, %d GET, want %d and %d", got.Lists, got.Gets, want.Lists, want.Gets)
				}
			}
			w.write(t, sample(3), func() compose.Compose { c := sample(3); c.Rev++; c.RemovedBy = "x" + tt.name; return c }())
			before := w.Usage()
			find(t, l, tt.q)
			if got := w.Usage().Sub(before); got.Lists != 1 || got.Gets > 2 {
				t.Errorf("after one change: %d LIST, %d GET", got.Lists, got.Gets)
			}
			w.fold(t)
		})
	}
}

func TestManyThatAskAtOnceShareWhatTheyAsk(t *testing.T) {
	w := filled(t, 100)
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		before := w.Usage()
		l := index.NewList(slow{w, gate}, w.read)
		var wg sync.WaitGroup
		ask := func() {
			wg.Go(func() {
				if p := find(t, l, index.Query{Take: 10}); p.Total != 100 {
					t.Errorf("found %d", p.Total)
				}
			})
		}
		ask()
		synctest.Wait() // it has begun to look
		for range 199 {
			ask()
		}
		synctest.Wait()
		close(gate)
		wg.Wait()
		if got := w.Usage().Sub(before); got.Lists != 2 {
			t.Errorf("200 queries needed %d LIST", got.Lists)
		}
	})
}

// slow is a bucket whose lists take until a gate is opened.
type slow struct {
	*world
	gate chan struct{}
}

func (s slow) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	<-s.gate
	return s.world.List(ctx, prefix, after, limit)
}

func TestASegmentThatIsDamagedIsSaidToBe(t *testing.T) {
	for _, body := range []string{"", "distaff compose list 2\n", "distaff compose list 1\n\x00\x00\x00\xff", "distaff compose list 1\n\x00\x00\x00\x03abc"} {
		w := filled(t, 10)
		if _, err := w.mem.Put(t.Context(), "compose/list/rows/000000000", []byte(body), blob.Any); err != nil {
			t.Fatal(err)
		}
		if _, err := w.list().Find(t.Context(), index.Query{Take: 1}); err == nil {
			t.Errorf("%q is read", body)
		}
	}
}

func TestAListThatWasDamagedIsMadeAgainOfTheDocuments(t *testing.T) {
	w := filled(t, 2500)
	want := find(t, w.list(), index.Query{Take: 3000})
	for key, damage := range map[string]string{"compose/list/rows/000000001": "?", "compose/list/rows/000000002": "", "compose/list/totals.json": `{`, "compose/owner/user7.json": "?"} {
		if _, err := w.mem.Put(t.Context(), key, []byte(damage), blob.Any); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.mem.Delete(t.Context(), "compose/list/rows/000000000"); err != nil {
		t.Fatal(err)
	}
	if n, err := w.indexer().Rebuild(t.Context()); n != 2500 || err != nil {
		t.Fatal(n, err)
	}
	got := find(t, w.list(), index.Query{Take: 3000})
	counts, err := w.list().Counts(t.Context())
	if diff := gocmp.Diff(ids(want), ids(got)); diff != "" || err != nil || counts.Composes[compose.Module][compose.Removed] != 227 {
		t.Errorf("%+v, %v\n%s", counts, err, diff)
	}
}

func TestADeltaThatCannotBeReadKeepsNobodyFromTheList(t *testing.T) {
	w := filled(t, 10)
	key, _ := index.Row(func() compose.Compose { c := sample(3); c.Rev = 9; return c }())
	if _, err := w.mem.Put(t.Context(), key, []byte("?"), blob.Any); err != nil {
		t.Fatal(err)
	}
	if p := find(t, w.list(), index.Query{Take: 20}); p.Total != 10 {
		t.Errorf("%d are found", p.Total)
	}
	w.passes(3 * time.Minute)
	w.fold(t)
	if left, _ := w.List(t.Context(), "compose/list/new/", "", 0); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestPlacesAreTakenOneByOne(t *testing.T) {
	w := newWorld()
	enough := errors.New("enough")
	place := func(id int64) index.Place {
		return index.Place{Owner: "alice", ID: id, Now: w.clock(), Nonce: fmt.Sprint(id, w.clock()), Expires: w.clock().Add(time.Hour), May: func(has index.Owned) error {
			if has.Live >= 3 {
				return enough
			}
			return nil
		}}
	}
	lists := []*index.List{w.list(), w.list(), w.list()}
	var wg sync.WaitGroup
	var got, refused atomic.Int64
	for id := int64(1); id <= 30; id++ {
		wg.Go(func() {
			switch err := lists[id%3].Take(t.Context(), w, place(id)); {
			case err == nil:
				got.Add(1)
			case errors.Is(err, enough):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got.Load() != 3 || refused.Load() != 27 {
		t.Fatalf("%d have a place, %d have not", got.Load(), refused.Load())
	}
	w.passes(3 * time.Minute)
	for id := int64(41); id <= 43; id++ {
		for range 2 {
			if err := w.list().Take(t.Context(), w, place(id)); err != nil {
				t.Errorf("where nothing was opened no place is free: %v", err)
			}
		}
	}
	c := sample(41)
	c.Owner, c.State, c.Rev, c.Submitted, c.Expires = "alice", compose.Failed, 1, w.clock(), w.clock()
	w.write(t, compose.Compose{}, c)
	if err := w.list().Take(t.Context(), w, place(44)); err != nil {
		t.Errorf("the place of one that failed is not free: %v", err)
	}
	w.fold(t)
	if has, err := w.list().Owned(t.Context(), "alice", w.clock()); err != nil || has.Live != 3 {
		t.Errorf("%+v, %v", has, err)
	}
}
