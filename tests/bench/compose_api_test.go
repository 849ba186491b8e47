package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/event"
)

// manyComposes are in the bucket: the last 50 are being made, the 1,000 before
// them are there to install from, all others are removed.
const manyComposes = 100_000

// shelf is a bucket with composes, and a clock.
type shelf struct {
	*mem.Store
	now atomic.Int64 // Unix seconds
}

func newShelf() *shelf {
	s := &shelf{}
	s.now.Store(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC).Unix())
	s.Store = mem.NewAt(s.clock)
	return s
}

func (s *shelf) clock() time.Time { return time.Unix(s.now.Load(), 0).UTC() }

func (s *shelf) passes(d time.Duration) { s.now.Add(int64(d.Seconds())) }

// fill puts n composes of others there, and folds them into the list.
func (s *shelf) fill(b testing.TB, c *composing, n int64) {
	b.Helper()
	indexer := index.NewIndexer(c.bucket, s, compose.NewDesk(c.bucket, compose.Rules{}, nil).Read)
	put := func(key string, body []byte) {
		if _, err := s.Put(b.Context(), key, body, blob.Any); err != nil {
			b.Fatal(err)
		}
	}
	for id := int64(1); id <= n; id++ {
		one := old(id, s.clock())
		switch {
		case id > n-50:
			one.State = compose.Generating
		case id > n-1050:
			one.State = compose.Done
			put(fmt.Sprintf("due/20991231T%06d/compose/%d/-", id%86400, id), nil)
		}
		raw, err := json.Marshal(one)
		if err != nil {
			b.Fatal(err)
		}
		put(compose.DocumentPrefix+one.Subject()+".json", raw)
		put(index.Row(one))
		if id%2000 == 0 || id == n {
			if _, err := indexer.Fold(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	put("compose/ids.json", fmt.Appendf(nil, `{"writer":"bench","value":%d}`, n))
}

// old is a compose that was removed.
func old(id int64, now time.Time) compose.Compose {
	at := now.Add(-time.Duration(manyComposes-id) * time.Minute)
	c := compose.Compose{
		ComposeID: event.ComposeID{ID: id}, Owner: fmt.Sprint("user", id%50), State: compose.Removed,
		Reason:    "Compose is generated successfully\nCompose is expired.",
		Submitted: at, Started: at.Add(time.Second), Done: at.Add(9 * time.Second), Removed: at.Add(25 * time.Hour), Expires: at.Add(24 * time.Hour),
		PungiID: fmt.Sprintf("odcs-%d-1-20261121.t.0", id),
		Request: compose.Request{
			Koji: "fedora", SourceType: compose.Tag, Source: []string{fmt.Sprint("f", 40+id%7, "-build")}, Packages: []string{"bash", "coreutils", "glibc"},
			Sigkeys: []string{"fd431d51"}, Arches: []string{"x86_64", "aarch64"}, Results: compose.Repository, ComposeType: "test",
			Event: 7_000_000 + id, Lifetime: 86400,
		},
	}
	c.Rev = 3
	return c
}

// BenchmarkComposeAPI asks the API for composes, of which the bucket has 100,000
// (5,000 with -short): an instance that has been asked before, and a new one for
// each request. The bucket is in memory; a real one takes its time for each
// request on top.
func BenchmarkComposeAPI(b *testing.B) {
	n := int64(manyComposes)
	if testing.Short() {
		n = 5000
	}
	s := newShelf()
	c, err := newComposing(s, "", s.clock)
	if err != nil {
		b.Fatal(err)
	}
	s.fill(b, c, n)
	for _, ask := range []struct{ name, path string }{
		{"one", fmt.Sprint("composes/", n/2)},
		{"list", "composes/"},
		{"list, deep", fmt.Sprint("composes/?page=", n/10-5)},
		{"filter by state", "composes/?state=2"},
		{"filter by owner", "composes/?owner=user7"},
		{"filter by source", "composes/?source=f42-build"},
		{"filter and order, deep", fmt.Sprint("composes/?owner=user7&order_by=-time_done&page=", n/50/10-5)},
		{"order by time done", "composes/?order_by=-time_done"},
		{"order by time done, deep", fmt.Sprint("composes/?order_by=-time_done&page=", n/20)},
		{"order by owner", "composes/?order_by=owner"},
		{"metrics", "metrics/"},
	} {
		for _, how := range []string{"warm", "cold"} {
			b.Run(ask.name+"/"+how, func(b *testing.B) {
				if err := c.call(b.Context(), http.MethodGet, ask.path, nil, nil); err != nil {
					b.Fatal(err)
				}
				one := c
				var spent blob.Usage
				for b.Loop() {
					if how == "cold" {
						if one, err = newComposing(s, "", s.clock); err != nil {
							b.Fatal(err)
						}
					}
					before := one.store.Usage()
					get(b, one.api(), ask.path)
					spent = spent.Add(one.store.Usage().Sub(before))
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
				b.ReportMetric(float64(spent.Gets)/float64(b.N), "GET/op")
				b.ReportMetric(float64(spent.Lists)/float64(b.N), "LIST/op")
				b.ReportMetric(float64(spent.Out)/float64(b.N)/1024, "KiB-got/op")
			})
		}
	}
}

func get(b *testing.B, api http.Handler, path string) {
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://odcs.example.org/api/1/"+path, http.NoBody))
	if answer.Code != http.StatusOK {
		b.Fatalf("%s answered %d: %s", path, answer.Code, answer.Body)
	}
}

// BenchmarkExpiry lets ten composes expire at once, alone and beside 100,000
// others, of which 1,000 are still to be removed some day: the clock ticks, and
// all that follows happens. What the bucket is asked for must depend on the ten.
func BenchmarkExpiry(b *testing.B) {
	server := bulkKoji(b, 400)
	var alone float64
	for _, others := range []int64{0, manyComposes} {
		if testing.Short() {
			others /= 20
		}
		b.Run(fmt.Sprint("others=", others), func(b *testing.B) {
			s := newShelf()
			c, err := newComposing(s, server, s.clock)
			if err != nil {
				b.Fatal(err)
			}
			if others > 0 {
				s.fill(b, c, others)
			}
			var spent blob.Usage
			var took time.Duration
			events, rounds := 0, 0
			for b.Loop() {
				b.StopTimer()
				ids := composeTen(b, c, rounds)
				rounds++
				c.forget()
				s.passes(2 * time.Hour)
				b.StartTimer()
				start := time.Now()
				for range 2 { // the second finds nothing
					s.passes(time.Minute)
					if err := c.tick(b.Context(), s.clock()); err != nil {
						b.Fatal(err)
					}
				}
				took += time.Since(start)
				removed(b, c, ids)
				spent = spent.Add(c.total())
				for _, times := range c.ran {
					events += times
				}
			}
			n := float64(rounds)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took.Seconds()*1000/n, "ms/10-composes")
			b.ReportMetric(float64(events)/n, "events")
			b.ReportMetric(float64(spent.Gets)/n, "GET")
			b.ReportMetric(float64(spent.Puts)/n, "PUT")
			b.ReportMetric(float64(spent.Lists)/n, "LIST")
			b.ReportMetric(float64(spent.Deletes)/n, "DELETE")
			b.ReportMetric(spent.Cost()/n*1000, "USD/1000-runs")
			requests := float64(spent.Requests()) / n
			if others == 0 {
				alone = requests
			}
			if requests > 1.1*alone {
				b.Errorf("%.1f requests beside %d others, and %.1f alone", requests, others, alone)
			}
			if testing.Verbose() {
				for _, name := range slices.Sorted(maps.Keys(c.spent)) {
					b.Logf("%-20s %4d times: %+v", name, c.ran[name], c.spent[name])
				}
			}
		})
	}
}

func TestExpiryAsksForNoMoreBesideOthers(t *testing.T) {
	server := bulkKoji(t, 80)
	var alone blob.Usage
	for _, others := range []int64{0, 2500} {
		s := newShelf()
		c, err := newComposing(s, server, s.clock)
		if err != nil {
			t.Fatal(err)
		}
		if others > 0 {
			s.fill(t, c, others)
		}
		ids := composeTen(t, c, 0)
		c.forget()
		s.passes(2 * time.Hour)
		if err := c.tick(t.Context(), s.clock()); err != nil {
			t.Fatal(err)
		}
		removed(t, c, ids)
		spent := c.total()
		spent.In, spent.Out = 0, 0 // numbers have more digits here and there
		if others == 0 {
			alone = spent
		}
		if spent != alone {
			t.Errorf("%+v beside %d others, and %+v alone", spent, others, alone)
		}
	}
}

// composeTen makes ten composes that live for an hour, each of another package.
func composeTen(b testing.TB, c *composing, round int) []int64 {
	b.Helper()
	var ids []int64
	for i := range 10 {
		body := fmt.Sprintf(`{"source": {"type": "tag", "source": "bulk", "packages": ["bulk-%05d"], "sigkeys": ["a15b79cc"]},
			"flags": ["no_deps"], "arches": ["x86_64"], "seconds-to-live": 3600}`, (10*round+i)%100)
		var asked struct{ ID int64 }
		if err := c.call(b.Context(), http.MethodPost, "composes/", json.RawMessage(body), &asked); err != nil {
			b.Fatal(err)
		}
		if err := c.settle(b.Context()); err != nil {
			b.Fatal(err)
		}
		if is, err := readCompose(b.Context(), c, asked.ID); err != nil || is.State != compose.Done {
			b.Fatalf("compose %d is %s: %s, %v", is.ID, is.State, is.Reason, err)
		}
		ids = append(ids, asked.ID)
	}
	return ids
}

// removed makes sure that composes are gone with their directories.
func removed(b testing.TB, c *composing, ids []int64) {
	b.Helper()
	for _, id := range ids {
		is, err := readCompose(b.Context(), c, id)
		if err != nil || is.State != compose.Removed {
			b.Fatalf("compose %d is %s, not removed: %v", id, is.State, err)
		}
		left, err := c.store.List(b.Context(), fmt.Sprintf("composes/odcs-%d/", id), "", 10)
		if err != nil || len(left) > 0 {
			b.Fatalf("of compose %d there are left: %v, %v", id, left, err)
		}
	}
}
