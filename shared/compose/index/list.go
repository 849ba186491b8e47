package index

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
)

// Read gives a compose's document.
type Read func(ctx context.Context, id int64) (compose.Compose, error)

// List answers queries. It keeps what it read; make one for each process. It is
// safe for concurrent use.
type List struct {
	store Store
	read  Read
	codec codec
	turns chan struct{} // of those who take places

	mu       sync.Mutex
	next     *look // one that has not begun, to which callers may still come
	busy     chan struct{}
	looks    int64
	segments map[int64]*segment
	deltas   map[string]entry
	totals   totals
	lines    lines
}

// NewList gives the list in store. Read gives a document, for the few composes
// whose request is too long for the list.
func NewList(store Store, read Read) *List {
	return &List{
		store: store, read: read, codec: newCodec(), busy: make(chan struct{}, 1), turns: make(chan struct{}, 1),
		segments: map[int64]*segment{}, deltas: map[string]entry{}, lines: newLines(),
	}
}

// look is what one LIST showed: the names and tags of all there is.
type look struct {
	done chan struct{}
	err  error

	number   int64
	segments map[int64]blob.Tag
	totals   blob.Tag
	// changed are the newest deltas of each compose, rows by id; gone are the
	// segments that deltas went into while we looked.
	changed map[int64]entry
	gone    map[int64]bool
}

// lookMost is how long one look at the bucket may take.
const lookMost = 20 * time.Second

// look shows the bucket as it is after the call. Calls that come while a look
// is under way share the next one: however many ask, one LIST is under way.
func (l *List) look(ctx context.Context) (*look, error) {
	l.mu.Lock()
	mine := l.next
	if mine == nil {
		mine = &look{done: make(chan struct{})}
		l.next = mine
		go l.run(context.WithoutCancel(ctx), mine)
	}
	l.mu.Unlock()
	select {
	case <-mine.done:
		return mine, mine.err
	case <-ctx.Done():
		return nil, fmt.Errorf("list composes: %w", ctx.Err())
	}
}

func (l *List) run(ctx context.Context, mine *look) {
	l.busy <- struct{}{}
	defer func() { <-l.busy }()
	defer close(mine.done)
	l.mu.Lock()
	l.next = nil
	l.looks++
	mine.number = l.looks
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lookMost)
	defer cancel()
	mine.err = l.fill(ctx, mine)
}

// fill lists the bucket and reads deltas and totals that are not known yet.
func (l *List) fill(ctx context.Context, k *look) error {
	all, err := listAll(ctx, l.store, prefix)
	if err != nil {
		return err
	}
	k.segments, k.changed, k.gone = map[int64]blob.Tag{}, map[int64]entry{}, map[int64]bool{}
	var deltas []delta
	for _, info := range all {
		if n, ok := parseSegmentKey(info.Key); ok {
			k.segments[n] = info.Tag
		} else if d, ok := parseDelta(info.Key); ok {
			deltas = append(deltas, d)
		} else if info.Key == totalsKey {
			k.totals = info.Tag
		}
	}
	return l.fillDeltas(ctx, k, deltas)
}

func (l *List) fillDeltas(ctx context.Context, k *look, deltas []delta) error {
	l.mu.Lock()
	known := l.deltas
	l.mu.Unlock()
	rows := make([]*entry, len(deltas))
	err := each(ctx, len(deltas), func(ctx context.Context, i int) error {
		if row, ok := known[deltas[i].key]; ok {
			rows[i] = &row
			return nil
		}
		o, err := l.store.Get(ctx, deltas[i].key)
		if errors.Is(err, blob.ErrNotFound) {
			return nil // folded in the meantime
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", deltas[i].key, err)
		}
		// One that cannot be read, as of a newer program, is left to the indexer.
		if row, err := decode(o.Body); err == nil && row.ID == deltas[i].id {
			rows[i] = &row
		}
		return nil
	})
	if err != nil {
		return err
	}
	now := make(map[string]entry, len(deltas))
	disputed := map[int64]bool{}
	for i, d := range deltas {
		if rows[i] == nil {
			k.gone[segmentOf(d.id)] = true
			continue
		}
		now[d.key] = *rows[i]
		have, ok := k.changed[d.id]
		switch {
		case !ok || rows[i].Rev > have.Rev:
			k.changed[d.id] = *rows[i]
			delete(disputed, d.id)
		case rows[i].Rev == have.Rev:
			disputed[d.id] = true
		}
	}
	l.mu.Lock()
	l.deltas = now
	l.mu.Unlock()
	return l.settle(ctx, k, slices.Sorted(maps.Keys(disputed)))
}

// settle asks the documents about composes of which two writers told at the same
// time: one of them came to nothing.
func (l *List) settle(ctx context.Context, k *look, disputed []int64) error {
	rows := make([]entry, len(disputed))
	err := each(ctx, len(disputed), func(ctx context.Context, i int) error {
		c, err := l.read(ctx, disputed[i])
		rows[i] = shorten(c)
		if errors.Is(err, blob.ErrNotFound) {
			return nil // neither is written yet: what the deltas say will do
		}
		return err
	})
	for _, row := range rows {
		if row.ID != 0 {
			k.changed[row.ID] = row
		}
	}
	return err
}

// load gives segments as they were listed or newer. What is there already is
// not read again.
func (l *List) load(ctx context.Context, k *look, numbers []int64) (map[int64]*segment, error) {
	found := make([]*segment, len(numbers))
	err := each(ctx, len(numbers), func(ctx context.Context, i int) error {
		n := numbers[i]
		l.mu.Lock()
		have, since := l.segments[n], l.looks
		l.mu.Unlock()
		tag, listed := k.segments[n]
		switch {
		case !listed && !k.gone[n]:
			return nil
		case have != nil && (have.since > k.number || !k.gone[n] && (have.tag == tag || have.since == k.number)):
			found[i] = have
			return nil
		}
		o, err := l.store.Get(ctx, segmentKey(n))
		if errors.Is(err, blob.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", segmentKey(n), err)
		}
		s, err := l.codec.unpack(o)
		if err != nil {
			return err
		}
		s.since = since
		l.mu.Lock()
		l.segments[n] = s
		l.mu.Unlock()
		found[i] = s
		return nil
	})
	out := make(map[int64]*segment, len(numbers))
	for i, s := range found {
		if s != nil {
			out[numbers[i]] = s
		}
	}
	return out, err
}

// sums gives the totals as they were listed or newer.
func (l *List) sums(ctx context.Context, k *look) (totals, error) {
	l.mu.Lock()
	have := l.totals
	l.mu.Unlock()
	if k.totals == "" || have.tag == k.totals {
		return have, nil
	}
	o, err := l.store.Get(ctx, totalsKey)
	t, err := readTotals(o, err)
	if err != nil {
		return t, err
	}
	l.mu.Lock()
	l.totals = t
	l.mu.Unlock()
	return t, nil
}

// Counts are the numbers of all composes, as they were when deltas were folded
// last: seconds ago. It costs one request.
func (l *List) Counts(ctx context.Context) (Counts, error) {
	o, err := l.store.Get(ctx, totalsKey)
	t, err := readTotals(o, err)
	if err != nil {
		return Counts{}, err
	}
	return t.counts(), nil
}

// tallyOf gives what is known of a segment without reading it.
func (t totals) of(n int64, listed blob.Tag) (tally, bool) {
	known, ok := t.Segments[strconv.FormatInt(n, 10)]
	return known, ok && known.Tag == listed && listed != ""
}
