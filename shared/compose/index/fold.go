package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	// young is how long a delta may be without its document, which is written
	// after it: far longer than any function works.
	young = 2 * time.Minute
	// attempts is how often a write is tried that somebody else keeps spoiling.
	attempts = 8
)

// Indexer folds deltas into segments. One at a time is enough; several do no
// harm but work in vain.
//
// What a row says it takes from the document. A delta may be that of a write
// that came to nothing; it only tells which document to look at. A segment, the
// owners and the totals are written before the deltas are removed, and writing
// them twice changes nothing, so it may end at any moment.
type Indexer struct {
	bucket state.Bucket
	lister state.Lister
	read   Read
	codec  codec
	// anew takes what cannot be read for empty.
	anew bool
}

// NewIndexer gives the indexer of the list in bucket. Read gives a document.
func NewIndexer(bucket state.Bucket, lister state.Lister, read Read) *Indexer {
	return &Indexer{bucket: bucket, lister: lister, read: read, codec: newCodec()}
}

// Fold folds what is there to be folded, until it is done or ctx is about to
// end, and gives how many deltas it took away.
func (x *Indexer) Fold(ctx context.Context) (int, error) {
	folded := 0
	for {
		n, more, err := x.round(ctx)
		folded += n
		if err != nil || !more || x.late(ctx) {
			return folded, err
		}
	}
}

// late tells that there is no time for another round.
func (x *Indexer) late(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && end.Sub(x.bucket.Now()) < 8*time.Second
}

// found is a delta and when it was written.
type found struct {
	delta
	at time.Time
}

// round folds what one LIST shows.
func (x *Indexer) round(ctx context.Context) (folded int, more bool, err error) {
	page, err := x.lister.List(ctx, newPrefix, "", blob.ListMax)
	if err != nil {
		return 0, false, fmt.Errorf("list %s: %w", newPrefix, err)
	}
	by := map[int64][]found{}
	for _, info := range page {
		if d, ok := parseDelta(info.Key); ok {
			by[d.id] = append(by[d.id], found{d, info.Modified})
		}
	}
	if len(by) == 0 {
		return 0, false, nil
	}
	rows, err := x.documents(ctx, slices.Sorted(maps.Keys(by)))
	if err != nil {
		return 0, false, err
	}
	if err := x.write(ctx, rows); err != nil {
		return 0, false, err
	}
	folded, err = x.remove(ctx, by, rows)
	// Deltas that have to wait do not make another round worth while.
	return folded, len(page) == blob.ListMax && folded > 0, err
}

// documents reads what is true of composes; of one without a document there is
// no row.
func (x *Indexer) documents(ctx context.Context, ids []int64) (map[int64]entry, error) {
	rows := make([]entry, len(ids))
	err := each(ctx, len(ids), func(ctx context.Context, i int) error {
		c, err := x.read(ctx, ids[i])
		if errors.Is(err, blob.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("fold compose %d: %w", ids[i], err)
		}
		rows[i] = shorten(c)
		return nil
	})
	out := map[int64]entry{}
	for _, row := range rows {
		if row.ID != 0 {
			out[row.ID] = row
		}
	}
	return out, err
}

// write puts rows into their segments, and what follows from them where it is
// counted.
func (x *Indexer) write(ctx context.Context, rows map[int64]entry) error {
	by := map[int64][]entry{}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		by[segmentOf(id)] = append(by[segmentOf(id)], rows[id])
	}
	tallies := map[string]tally{}
	for _, n := range slices.Sorted(maps.Keys(by)) {
		s, err := x.merge(ctx, n, by[n])
		if err != nil {
			return err
		}
		tallies[strconv.FormatInt(n, 10)] = tallyOf(s)
	}
	if err := x.owners(ctx, rows); err != nil {
		return err
	}
	return x.count(ctx, tallies)
}

// merge puts rows into a segment and gives it as it is then.
func (x *Indexer) merge(ctx context.Context, n int64, rows []entry) (*segment, error) {
	key := segmentKey(n)
	var after *segment
	err := x.swap(ctx, key, "application/octet-stream", func(o blob.Object) ([]byte, error) {
		have, err := x.open(o)
		if err != nil {
			return nil, err
		}
		merged, changed, err := x.put(have, rows)
		if after = have; err != nil || !changed {
			return nil, err
		}
		body := x.codec.pack(merged, x.bucket.Nonce())
		after, err = x.codec.unpack(blob.Object{Key: key, Body: body})
		return body, err
	}, func(tag blob.Tag) { after.tag = tag })
	return after, err
}

func (x *Indexer) open(o blob.Object) (*segment, error) {
	if o.Body == nil {
		return &segment{}, nil
	}
	s, err := x.codec.unpack(o)
	if err != nil && x.anew {
		return &segment{}, nil
	}
	return s, err
}

// put gives the rows of a segment with newer ones in their places. A row that is
// there already is not changed, so that folding twice writes once.
func (x *Indexer) put(have *segment, rows []entry) (merged []entry, changed bool, err error) {
	lines, err := x.codec.rows(have)
	if err != nil {
		return nil, false, err
	}
	all := map[int64]entry{}
	for i, c := range have.cells {
		if all[c.id], err = have.row(lines, i); err != nil {
			return nil, false, err
		}
	}
	for _, row := range rows {
		if there, ok := all[row.ID]; !ok || there.Rev < row.Rev {
			all[row.ID], changed = row, true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		merged = append(merged, all[id])
	}
	return merged, changed, nil
}

// count writes the numbers of segments.
func (x *Indexer) count(ctx context.Context, tallies map[string]tally) error {
	return x.swap(ctx, totalsKey, "application/json", func(o blob.Object) ([]byte, error) {
		err := error(nil)
		if o.Body == nil {
			err = blob.ErrNotFound
		}
		t, err := readTotals(o, err)
		if err != nil && !x.anew {
			return nil, err
		}
		changed := false
		for n, tally := range tallies {
			if t.Segments[n].Tag != tally.Tag {
				t.Segments[n], changed = tally, true
			}
		}
		if !changed {
			return nil, nil
		}
		t.Writer = x.bucket.Nonce()
		return json.Marshal(t)
	}, func(blob.Tag) {})
}

// remove takes away the deltas that are in their segments, and those that never
// came to a document.
func (x *Indexer) remove(ctx context.Context, by map[int64][]found, rows map[int64]entry) (int, error) {
	var gone []string
	for id, deltas := range by {
		row, ok := rows[id]
		for _, d := range deltas {
			if ok && d.rev <= row.Rev || x.bucket.Now().Sub(d.at) > young {
				gone = append(gone, d.key)
			}
		}
	}
	return len(gone), each(ctx, len(gone), func(ctx context.Context, i int) error {
		if err := x.bucket.Delete(ctx, gone[i]); err != nil {
			return fmt.Errorf("remove %s: %w", gone[i], err)
		}
		return nil
	})
}

// swap writes what change makes of an object, under the condition that nobody
// else wrote it meanwhile, and tells its tag. A nil body leaves it as it is. A
// conflict may be our own write whose answer was lost: then the next attempt
// finds nothing to change.
func (x *Indexer) swap(ctx context.Context, key, media string, change func(blob.Object) ([]byte, error), tell func(blob.Tag)) error {
	for n := range attempts {
		if n > 0 {
			if err := x.bucket.Rest(ctx, n); err != nil {
				return fmt.Errorf("write %s: %w", key, err)
			}
		}
		cond := blob.Absent
		o, err := x.bucket.Get(ctx, key)
		switch {
		case err == nil:
			cond = blob.Match(o.Tag)
		case !errors.Is(err, blob.ErrNotFound):
			return fmt.Errorf("read %s: %w", key, err)
		}
		body, err := change(o)
		if err != nil {
			return fmt.Errorf("write %s: %w", key, err)
		}
		if body == nil {
			tell(o.Tag)
			return nil
		}
		tag, err := x.bucket.Put(ctx, key, body, cond, blob.Type(media))
		if err == nil {
			tell(tag)
			return nil
		}
		if !errors.Is(err, blob.ErrConflict) {
			return fmt.Errorf("write %s: %w", key, err)
		}
	}
	return fmt.Errorf("write %s: changed by others %d times in a row", key, attempts)
}
