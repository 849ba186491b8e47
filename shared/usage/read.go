package usage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// Files is the bucket pieces are read from.
type Files interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// readers is how many pieces are fetched at a time.
const readers = 16

// Found is what was read.
type Found struct {
	Pieces []Piece
	// Broken counts objects that are no pieces.
	Broken int
	// Cut tells that there was more than might be read.
	Cut bool
}

// Read gives the pieces that end in the days from since to now, at most so many
// of them. It asks one LIST for each day and thousand, and one GET for each.
func Read(ctx context.Context, files Files, since, now time.Time, most int) (Found, error) {
	var found Found
	var keys []string
	for day := since.UTC().Truncate(24 * time.Hour); !day.After(now) && !found.Cut; day = day.AddDate(0, 0, 1) {
		more, err := keysOf(ctx, files, day, since, most+1-len(keys))
		if err != nil {
			return found, err
		}
		keys = append(keys, more...)
		found.Cut = len(keys) > most
	}
	pieces, err := Fetch(ctx, files, keys[:min(len(keys), most)], Parse)
	for _, piece := range pieces {
		if piece == nil {
			found.Broken++
			continue
		}
		found.Pieces = append(found.Pieces, *piece)
	}
	return found, err
}

// keysOf lists the pieces that end on a day and not before since, at most so
// many.
func keysOf(ctx context.Context, files Files, day, since time.Time, most int) ([]string, error) {
	prefix := Prefix + day.Format(time.DateOnly) + "/"
	var keys []string
	for after := ""; ; {
		page, err := files.List(ctx, prefix, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list usage of %s: %w", day.Format(time.DateOnly), err)
		}
		for _, info := range page {
			after = info.Key
			if info.Modified.Before(since) {
				continue // of the first day, but too early
			}
			if keys = append(keys, info.Key); len(keys) == most {
				return keys, nil
			}
		}
		if len(page) < blob.ListMax {
			return keys, nil
		}
	}
}

// Fetch gets and reads many objects, in the order of keys. What is gone in the
// meantime or cannot be read is nil.
func Fetch[T any](ctx context.Context, files Files, keys []string, parse func([]byte) (T, error)) ([]*T, error) {
	out := make([]*T, len(keys))
	errs := make([]error, readers)
	var working sync.WaitGroup
	for worker := range readers {
		working.Go(func() {
			for i := worker; i < len(keys); i += readers {
				object, err := files.Get(ctx, keys[i])
				if errors.Is(err, blob.ErrNotFound) {
					continue
				}
				if err != nil {
					errs[worker] = fmt.Errorf("get %s: %w", keys[i], err)
					return
				}
				if value, err := parse(object.Body); err == nil {
					out[i] = &value
				}
			}
		})
	}
	working.Wait()
	return out, errors.Join(errs...)
}
