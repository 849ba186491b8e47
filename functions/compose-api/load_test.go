package composeapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/event"
)

// manyComposes is how many composes the server of a benchmark has.
const manyComposes = 100_000

// many is a server with as many composes, folded.
func many(b *testing.B) *server {
	b.Helper()
	s := newServer(b, anyone{}, open())
	template := s.post(f26)
	base, err := s.desk.Read(b.Context(), template.ID)
	if err != nil {
		b.Fatal(err)
	}
	base.Asks, base.Index = nil, nil
	indexer := index.NewIndexer(s.bucket, s.Counted, func(_ context.Context, id int64) (compose.Compose, error) { return one(base, id), nil })
	for id := int64(1); id <= manyComposes; id++ {
		c := one(base, id)
		key, body := index.Row(c)
		if _, err := s.Put(b.Context(), key, body, ""); err != nil {
			b.Fatal(err)
		}
		if id%1000 == 999 || id == manyComposes {
			if _, err := indexer.Fold(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	return s
}

func one(base compose.Compose, id int64) compose.Compose {
	c := base
	c.ComposeID = event.ComposeID{ID: id}
	c.Owner, c.State, c.PungiID = fmt.Sprint("user", id%50), compose.Removed, fmt.Sprintf("odcs-%d-1-20261121.t.0", id)
	c.Submitted = base.Submitted.Add(time.Duration(id) * time.Second)
	c.Done, c.Expires = c.Submitted.Add(time.Minute), c.Submitted.Add(24*time.Hour)
	if id > manyComposes-1000 {
		c.State = compose.Done
	}
	c.Rev = 9
	return c
}

// BenchmarkAPI is requests over loopback with 100,000 composes in a bucket in
// memory, as two clients ask them.
func BenchmarkAPI(b *testing.B) {
	s := many(b)
	front := httptest.NewServer(s)
	defer front.Close()
	for name, path := range map[string]string{
		"get": composes + "1", "list": composes, "filter": composes + "?owner=user7", "done": composes + "?state=2&order_by=time_to_expire",
		"order": composes + "?order_by=-time_done", "deep page": composes + "?page=9000", "a hundred": composes + "?per_page=100", "metrics": "/api/1/metrics/", "about": "/api/1/about/",
	} {
		b.Run(name, func(b *testing.B) {
			get := func() {
				r, err := http.Get(front.URL + path)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
				if r.StatusCode != http.StatusOK {
					b.Error(path + " " + strconv.Itoa(r.StatusCode))
				}
			}
			get()
			before := s.Usage()
			began := time.Now()
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					for range (b.N + 1) / 2 {
						get()
					}
				})
			}
			wg.Wait()
			used := s.Usage().Sub(before)
			n := float64((b.N + 1) / 2 * 2)
			b.ReportMetric(n/time.Since(began).Seconds(), "requests/s")
			b.ReportMetric(float64(used.Lists)/n, "LIST/op")
			b.ReportMetric(float64(used.Gets)/n, "GET/op")
		})
	}
}
