package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/state"
)

// attempts is how often a write is tried that others get in the way of.
const attempts = 12

// kept is a small value that several change, as it lies in the bucket. Writer
// is the nonce of the last write, by which a writer whose answer was lost knows
// its own work.
type kept[T any] struct {
	Writer string `json:"writer"`
	Value  T      `json:"value"`
}

// read gives the value at key, and what must hold for it to be replaced. Where
// there is none it is the zero value.
func read[T any](ctx context.Context, store state.Store, key string) (kept[T], blob.Cond, error) {
	var is kept[T]
	object, err := store.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return is, blob.Absent, nil
	}
	if err != nil {
		return is, "", err
	}
	if err := json.Unmarshal(object.Body, &is); err != nil {
		return is, "", fmt.Errorf("read %s: %w", key, err)
	}
	return is, blob.Match(object.Tag), nil
}

// change lets f change the value at key, and gives the value after that. F says
// whether it changed anything, and may be called several times: each time with
// the value as it is by then, which may hold what f did before.
func change[T any](ctx context.Context, b state.Bucket, key string, f func(value *T) (bool, error)) (T, error) {
	var none T
	for n := range attempts {
		if n > 0 {
			if err := b.Rest(ctx, n); err != nil {
				return none, err
			}
		}
		is, cond, err := read[T](ctx, b, key)
		if err != nil {
			return none, err
		}
		changed, err := f(&is.Value)
		if err != nil || !changed {
			return is.Value, err
		}
		is.Writer = b.Nonce()
		err = put(ctx, b, key, is, cond)
		if err == nil || !errors.Is(err, blob.ErrConflict) {
			return is.Value, err
		}
	}
	return none, fmt.Errorf("write %s: changed by others %d times in a row", key, attempts)
}

// put writes under a condition. A failure may be of our own write whose answer
// was lost: then the nonce that lies there is ours.
func put[T any](ctx context.Context, b state.Bucket, key string, is kept[T], cond blob.Cond) error {
	raw, err := json.Marshal(is)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	if _, err = b.Put(ctx, key, raw, cond, blob.Type("application/json")); err == nil {
		return nil
	}
	if now, _, readErr := read[T](ctx, b, key); readErr == nil && now.Writer == is.Writer {
		return nil
	}
	return fmt.Errorf("write %s: %w", key, err)
}
