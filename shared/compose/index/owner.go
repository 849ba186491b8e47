package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
)

// memory is how long it is known that a compose was asked for, also of one that
// is no more.
const memory = time.Hour

// Owned is what somebody has.
type Owned struct {
	// Live are not failed or removed; Generating wait or are being made.
	Live       int
	Generating int
	// Asked are when those of the last hour were asked for.
	Asked []time.Time
	// NextExpiry is when the first of the live ones expires; zero: there is none.
	NextExpiry time.Time
}

// holding is the object with what one owner has: composes by number. Entering
// one twice does no harm.
type holding struct {
	Writer   string          `json:"writer"`
	Composes map[int64]piece `json:"composes"`
}

type piece struct {
	// Rev is 0 of a place that was taken for a compose whose document is not
	// written yet.
	Rev       int64         `json:"rev"`
	State     compose.State `json:"state"`
	Submitted time.Time     `json:"submitted"`
	Expires   time.Time     `json:"expires"`
}

func pieceOf(row entry) piece { return piece{row.Rev, row.State, row.Submitted, row.Expires} }

func (p piece) live() bool { return p.State != compose.Failed && p.State != compose.Removed }

func ownerKey(owner string) string { return ownersAt + blob.Segment(owner) + ".json" }

// enter takes rows in, and lets go what counts for nothing any more.
func (h *holding) enter(rows map[int64]entry, owner string, now time.Time) (changed bool) {
	if h.Composes == nil {
		h.Composes = map[int64]piece{}
	}
	for id, row := range rows {
		if row.Owner == owner && (h.Composes[id].Rev < row.Rev || h.Composes[id].Rev == 0) {
			h.Composes[id], changed = pieceOf(row), true
		}
	}
	for id, p := range h.Composes {
		if !p.live() && now.Sub(p.Submitted) > memory || p.Rev == 0 && now.Sub(p.Submitted) > young {
			delete(h.Composes, id)
			changed = true
		}
	}
	return changed
}

func readHolding(o blob.Object) (holding, error) {
	var h holding
	if o.Body == nil {
		return h, nil
	}
	err := json.Unmarshal(o.Body, &h)
	return h, err
}

// owners writes what the owners of rows have.
func (x *Indexer) owners(ctx context.Context, rows map[int64]entry) error {
	owners := map[string]bool{}
	for _, row := range rows {
		owners[row.Owner] = true
	}
	all := slices.Sorted(maps.Keys(owners))
	return each(ctx, len(all), func(ctx context.Context, i int) error {
		return x.swap(ctx, ownerKey(all[i]), "application/json", func(o blob.Object) ([]byte, error) {
			h, err := readHolding(o)
			if x.anew {
				err = nil
			}
			if err != nil || !h.enter(rows, all[i], x.bucket.Now()) {
				return nil, err
			}
			h.Writer = x.bucket.Nonce()
			return json.Marshal(h)
		}, func(blob.Tag) {})
	})
}

// Owned gives what owner has now. It costs one LIST, one GET, and one for each
// delta that this process has not read.
func (l *List) Owned(ctx context.Context, owner string, now time.Time) (Owned, error) {
	h, _, err := l.holding(ctx, owner, now)
	return h.owned(now), err
}

// holding reads what owner has, with what is not folded yet.
func (l *List) holding(ctx context.Context, owner string, now time.Time) (holding, blob.Cond, error) {
	k, err := l.look(ctx)
	if err != nil {
		return holding{}, "", err
	}
	// Read after the look: a delta that is gone by now is in it.
	cond := blob.Absent
	o, err := l.store.Get(ctx, ownerKey(owner))
	switch {
	case err == nil:
		cond = blob.Match(o.Tag)
	case !errors.Is(err, blob.ErrNotFound):
		return holding{}, "", fmt.Errorf("read what %s has: %w", owner, err)
	}
	h, err := readHolding(o)
	if err != nil {
		return holding{}, "", fmt.Errorf("read what %s has: %w", owner, err)
	}
	h.enter(k.changed, owner, now)
	return h, cond, nil
}

func (h holding) owned(now time.Time) Owned {
	var out Owned
	for _, p := range h.Composes {
		if now.Sub(p.Submitted) < memory {
			out.Asked = append(out.Asked, p.Submitted)
		}
		if !p.live() {
			continue
		}
		out.Live++
		if p.State == compose.Wait || p.State == compose.Generating {
			out.Generating++
		}
		if out.NextExpiry.IsZero() || p.Expires.Before(out.NextExpiry) {
			out.NextExpiry = p.Expires
		}
	}
	slices.SortFunc(out.Asked, time.Time.Compare)
	return out
}
