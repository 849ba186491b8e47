package bench

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/distaff-project/distaff/shared/blob"
)

// files is a bucket with everything it can do.
type files interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// ledger is a bucket that writes down who asked what of which part of it.
type ledger struct {
	files
	mu   sync.Mutex
	who  string // the function that runs
	rows map[row]entry
}

type row struct{ who, verb, prefix string }

type entry struct {
	times int
	bytes int
}

func newLedger(f files) *ledger { return &ledger{files: f, rows: map[row]entry{}} }

func (l *ledger) note(verb, key string, size int) {
	prefix, _, _ := strings.Cut(key, "/")
	l.mu.Lock()
	defer l.mu.Unlock()
	at := row{l.who, verb, prefix + "/"}
	e := l.rows[at]
	l.rows[at] = entry{e.times + 1, e.bytes + size}
}

func (l *ledger) Get(ctx context.Context, key string) (blob.Object, error) {
	o, err := l.files.Get(ctx, key)
	l.note("GET", key, len(o.Body))
	return o, err
}

func (l *ledger) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	l.note("PUT", key, len(body))
	return l.files.Put(ctx, key, body, cond, opts...)
}

func (l *ledger) Delete(ctx context.Context, key string) error {
	l.note("DELETE", key, 0)
	return l.files.Delete(ctx, key)
}

func (l *ledger) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	page, err := l.files.List(ctx, prefix, after, limit)
	l.note("LIST", prefix, 0)
	return page, err
}

func (l *ledger) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.rows)
}

// table writes the rows summed up by what keeps of each, the dearest first.
func (l *ledger) table(title string, keep func(row) row) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums := map[row]entry{}
	for r, e := range l.rows {
		sum := sums[keep(r)]
		sums[keep(r)] = entry{sum.times + e.times, sum.bytes + e.bytes}
	}
	rows := slices.SortedFunc(maps.Keys(sums), func(a, b row) int {
		return cmp.Or(cmp.Compare(sums[b].times, sums[a].times), cmp.Compare(a.who+a.verb+a.prefix, b.who+b.verb+b.prefix))
	})
	var b strings.Builder
	fmt.Fprintln(&b, title)
	for _, r := range rows {
		fmt.Fprintf(&b, "%5d  %7.1f KiB  %-6s %-10s %s\n", sums[r].times, float64(sums[r].bytes)/1024, r.verb, r.prefix, r.who)
	}
	return b.String()
}
