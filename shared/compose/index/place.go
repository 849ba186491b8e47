package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
)

// Putter is the part of a bucket that is written.
type Putter interface {
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
}

// Place is the room an owner needs for one more compose.
type Place struct {
	Owner string
	// ID is the compose that is to be opened, and Expires when it is to expire.
	ID      int64
	Expires time.Time
	// Now is the time, and Nonce a text that was never given before.
	Now   time.Time
	Nonce string
	// May tells what is against it, given what the owner has.
	May func(Owned) error
}

// Take takes a place, if May has nothing against it. However many ask at once,
// each is told of all that others took before. A compose that has its place keeps
// it; one that is not opened loses it after two minutes.
//
// It costs one LIST, one GET and one PUT, and more where another process takes
// a place of the same owner at the same time.
func (l *List) Take(ctx context.Context, bucket Putter, p Place) error {
	// Those of one process would only get into each other's way.
	select {
	case l.turns <- struct{}{}:
		defer func() { <-l.turns }()
	case <-ctx.Done():
		return fmt.Errorf("take a place of %s: %w", p.Owner, ctx.Err())
	}
	for range attempts {
		if err := l.take(ctx, bucket, p); !errors.Is(err, blob.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("take a place of %s: changed by others %d times in a row", p.Owner, attempts)
}

func (l *List) take(ctx context.Context, bucket Putter, p Place) error {
	h, cond, err := l.holding(ctx, p.Owner, p.Now)
	if err != nil {
		return err
	}
	if _, has := h.Composes[p.ID]; has {
		return nil // also if the answer to our own write was lost
	}
	if err := p.May(h.owned(p.Now)); err != nil {
		return err
	}
	h.Composes[p.ID] = piece{State: compose.Wait, Submitted: p.Now, Expires: p.Expires}
	h.Writer = p.Nonce
	body, err := json.Marshal(h)
	if err == nil {
		_, err = bucket.Put(ctx, ownerKey(p.Owner), body, cond, blob.Type("application/json"))
	}
	if err != nil {
		return fmt.Errorf("take a place of %s: %w", p.Owner, err)
	}
	return nil
}
