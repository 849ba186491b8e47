package index_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/state"
)

var begin = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// world is a bucket with documents of composes, whose clock and accidents a test
// decides on.
type world struct {
	*blob.Counted
	mem *mem.Store

	mu  sync.Mutex
	now time.Time
	// fail is asked before each write; what it gives happens instead.
	fail func(verb, key string) error
}

func newWorld() *world {
	w := &world{now: begin}
	w.mem = mem.NewAt(w.clock)
	w.Counted = blob.Count(faulty{w.mem, w})
	return w
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) passes(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

func (w *world) accident(verb, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail == nil {
		return nil
	}
	return w.fail(verb, key)
}

type faulty struct {
	*mem.Store
	w *world
}

var errPower = errors.New("power cut")

func (f faulty) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if err := f.w.accident("put", key); err != nil {
		return "", err
	}
	return f.Store.Put(ctx, key, body, cond, opts...)
}

func (f faulty) Delete(ctx context.Context, key string) error {
	if err := f.w.accident("delete", key); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key)
}

func (w *world) bucket() state.Bucket {
	b := state.New(w)
	b.Now = w.clock
	b.Rest = func(ctx context.Context, _ int) error { return ctx.Err() }
	return b
}

func (w *world) read(ctx context.Context, id int64) (compose.Compose, error) {
	var c compose.Compose
	o, err := w.Get(ctx, compose.DocumentPrefix+strconv.FormatInt(id, 10)+".json")
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(o.Body, &c)
}

func (w *world) list() *index.List { return index.NewList(w, w.read) }

func (w *world) indexer() *index.Indexer { return index.NewIndexer(w.bucket(), w, w.read) }

func (w *world) fold(t testing.TB) int {
	t.Helper()
	n, err := w.indexer().Fold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sample is the compose with this number, as those of a distribution may be.
func sample(id int64) compose.Compose {
	at := begin.Add(time.Duration(id) * time.Second)
	c := compose.Compose{
		ComposeID: event.ComposeID{ID: id}, Owner: fmt.Sprint("user", id%50), State: compose.Removed, Reason: "Compose is generated successfully\nCompose is expired.",
		Submitted: at, Started: at.Add(time.Second), Done: at.Add(9 * time.Second), Removed: at.Add(25 * time.Hour), Expires: at.Add(24 * time.Hour),
		PungiID: fmt.Sprintf("odcs-%d-1-20261121.t.0", id),
		Request: compose.Request{
			SourceType: compose.Tag, Source: []string{fmt.Sprint("f", 40+id%7, "-build")}, Packages: []string{"bash", "coreutils", "glibc"},
			Sigkeys: []string{"fd431d51"}, Arches: []string{"x86_64", "aarch64"}, Results: compose.Repository, ComposeType: "test", Event: 7_000_000 + id, Lifetime: 86400,
		},
	}
	c.Rev = 3
	if id%11 == 0 {
		c.Request.SourceType = compose.Module
	}
	return c
}

// write writes a document and what lies beside it, as a Keeper does.
func (w *world) write(t testing.TB, before, after compose.Compose) {
	t.Helper()
	w.beside(t, before, after)
	w.document(t, after)
}

func (w *world) beside(t testing.TB, before, after compose.Compose) {
	t.Helper()
	objects, err := index.Beside(before, after)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if _, err := w.mem.Put(context.Background(), o.Key, o.Body, blob.Any); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) document(t testing.TB, c compose.Compose) {
	t.Helper()
	raw, err := json.Marshal(c)
	if err == nil {
		_, err = w.mem.Put(context.Background(), compose.DocumentPrefix+c.Subject()+".json", raw, blob.Any)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// filled has composes 1 to n, folded.
func filled(t testing.TB, n int64) *world {
	w := newWorld()
	for id := int64(1); id <= n; id++ {
		w.write(t, compose.Compose{}, sample(id))
	}
	w.fold(t)
	return w
}

func ids(p index.Page) []int64 {
	out := []int64{}
	for _, c := range p.Composes {
		out = append(out, c.ID)
	}
	return out
}

func find(t testing.TB, l *index.List, q index.Query) index.Page {
	t.Helper()
	p, err := l.Find(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var bgd = context.Background()

// quiet is for what is made once for all benchmarks.
type quiet struct{ testing.TB }

func (quiet) Helper()           {}
func (quiet) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
