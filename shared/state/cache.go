package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

type cached struct {
	At    time.Time       `json:"at"`
	Value json.RawMessage `json:"value"`
}

// Cached gives a value that is fetched from outside at most once in age, and
// kept in the bucket under cache/<name>.json. If it cannot be fetched, an older
// one will do: a list of releases from last week is better than none. Only when
// there is none at all is the failure given.
func Cached[T any](ctx context.Context, b Bucket, name string, age time.Duration, fetch func(context.Context) (T, error)) (T, error) {
	var value T
	key := "cache/" + blob.Segment(name) + ".json"
	var have cached
	object, err := b.Get(ctx, key)
	if err != nil && !errors.Is(err, blob.ErrNotFound) {
		return value, fmt.Errorf("read %s: %w", key, err)
	}
	// What cannot be read is as good as none.
	known := err == nil && json.Unmarshal(object.Body, &have) == nil && json.Unmarshal(have.Value, &value) == nil
	if known && b.Now().Sub(have.At) < age {
		return value, nil
	}
	fresh, err := fetch(ctx)
	if err != nil {
		if known {
			return value, nil
		}
		return fresh, err
	}
	raw, err := json.Marshal(fresh)
	if err == nil {
		raw, err = json.Marshal(cached{At: b.Now(), Value: raw})
	}
	if err != nil {
		return fresh, fmt.Errorf("write %s: %w", key, err)
	}
	// Another may write at the same time; either value is good. One that cannot
	// be kept is good as well, and fetched again the next time.
	_, _ = b.Put(ctx, key, raw, blob.Any, blob.Type(jsonType))
	return fresh, nil
}
