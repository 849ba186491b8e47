package compose

import (
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/state"
)

const (
	counterKey = "compose/ids.json"
	oncePrefix = "compose/post/"
)

// IDs gives composes their numbers, which are counted in Bucket. Those of
// NewIDs let the calls of one process go one after the other: they would only
// get into each other's way.
type IDs struct {
	Bucket state.Bucket
	turns  chan struct{}
}

// NewIDs gives the numbers that are counted in bucket.
func NewIDs(bucket state.Bucket) IDs { return IDs{Bucket: bucket, turns: make(chan struct{}, 1)} }

// Next gives a number nobody was given before. Numbers rise; some may be
// missing.
func (i IDs) Next(ctx context.Context) (int64, error) {
	if i.turns != nil {
		select {
		case i.turns <- struct{}{}:
			defer func() { <-i.turns }()
		case <-ctx.Done():
			return 0, fmt.Errorf("number a compose: %w", ctx.Err())
		}
	}
	id, err := change(ctx, i.Bucket, counterKey, func(last *int64) (bool, error) {
		*last++
		return true, nil
	})
	if err != nil {
		return 0, fmt.Errorf("number a compose: %w", err)
	}
	return id, nil
}

// asking is one asking for a compose, by which it is known again.
type asking struct {
	ID int64     `json:"id"`
	At time.Time `json:"at"`
}

// Once gives a number for what key stands for: the same one whenever it is
// asked within window of the first time; 0 means for ever. Known tells that it
// was given before. Key is a part of a key in the bucket: a hash.
func (i IDs) Once(ctx context.Context, key string, window time.Duration) (id int64, known bool, err error) {
	fresh := int64(0)
	valid := func(a asking) bool {
		return a.ID != 0 && (window <= 0 || i.Bucket.Now().Sub(a.At) < window)
	}
	where := oncePrefix + key + ".json"
	is, _, err := read[asking](ctx, i.Bucket, where)
	if err == nil && valid(is.Value) {
		return is.Value.ID, true, nil
	}
	if err == nil {
		fresh, err = i.Next(ctx)
	}
	if err != nil {
		return 0, false, err
	}
	now, err := change(ctx, i.Bucket, where, func(a *asking) (bool, error) {
		if valid(*a) {
			return false, nil
		}
		*a = asking{ID: fresh, At: i.Bucket.Now()}
		return true, nil
	})
	if err != nil {
		return 0, false, fmt.Errorf("number a compose: %w", err)
	}
	return now.ID, now.ID != fresh, nil
}
