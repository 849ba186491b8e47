package index_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
)

// hundred is a bucket with 100,000 composes, of which the last 50 are being made
// and the 1,000 before them are done.
var hundred = sync.OnceValue(func() *world {
	w := newWorld()
	for id := int64(1); id <= 100_000; id++ {
		c := sample(id)
		switch {
		case id > 99_950:
			c.State = compose.Generating
		case id > 98_950:
			c.State = compose.Done
		}
		raw, body := index.Row(c)
		w.document(quiet{}, c)
		if _, err := w.mem.Put(bgd, raw, body, ""); err != nil {
			panic(err)
		}
		if id%1000 == 999 || id == 100_000 {
			if _, err := w.indexer().Fold(bgd); err != nil {
				panic(err)
			}
		}
	}
	return w
})

func BenchmarkFind(b *testing.B) {
	w := hundred()
	generating, done := compose.Generating, compose.Done
	for _, q := range []struct {
		name string
		q    index.Query
	}{
		{"first page", index.Query{Take: 10, Descending: true}},
		{"deep page", index.Query{Take: 10, Skip: 90_000, Descending: true}},
		{"page bound to a number", index.Query{Take: 10, Skip: 100, Upto: 99_000, Descending: true}},
		{"being made", index.Query{Take: 10, State: &generating, Descending: true}},
		{"done, by expiry", index.Query{Take: 10, State: &done, Order: index.ByExpires}},
		{"of one owner", index.Query{Take: 10, Owner: ptr("user7"), Descending: true}},
		{"of one source", index.Query{Take: 10, Source: ptr("f42-build"), Descending: true}},
		{"by owner", index.Query{Take: 10, Order: index.ByOwner}},
		{"by time, deep", index.Query{Take: 10, Skip: 50_000, Order: index.ByDone, Descending: true}},
	} {
		for _, how := range []string{"warm", "cold"} {
			b.Run(q.name+"/"+how, func(b *testing.B) {
				l := w.list()
				find(b, l, q.q)
				before := w.Usage()
				for b.Loop() {
					if how == "cold" {
						l = w.list()
					}
					find(b, l, q.q)
				}
				used := w.Usage().Sub(before)
				b.ReportMetric(float64(used.Lists)/float64(b.N), "LIST/op")
				b.ReportMetric(float64(used.Gets)/float64(b.N), "GET/op")
			})
		}
	}
}

func BenchmarkFoldOneChange(b *testing.B) {
	w := hundred()
	x := w.indexer()
	before := w.Usage()
	n := 0
	for b.Loop() {
		c := sample(99_000)
		n++
		c.Rev += int64(n)
		c.RemovedBy = fmt.Sprint(n)
		w.write(b, compose.Compose{}, c)
		if _, err := x.Fold(bgd); err != nil {
			b.Fatal(err)
		}
	}
	used := w.Usage().Sub(before)
	b.ReportMetric(float64(used.Lists+used.Puts)/float64(b.N), "LIST+PUT/op")
	b.ReportMetric(float64(used.Gets)/float64(b.N), "GET/op")
}
