package compose

import (
	"context"
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/shared/blob"
)

// holding is what a holder holds, or may.
type holding struct {
	Digests []string `json:"digests,omitempty"`
	// Closed tells that it comes to hold nothing more.
	Closed bool `json:"closed,omitempty"`
}

func heldKey(h Holder) string { return "compose/held/" + blob.Segment(string(h)) + ".json" }

// note puts down what h is about to hold, so that it is found when h ends,
// whatever becomes of the run that is at work for it.
func (c Contents) note(ctx context.Context, h Holder, digest string) error {
	_, err := change(ctx, c.bucket, heldKey(h), func(is *holding) (bool, error) {
		switch {
		case is.Closed:
			return false, ErrOver
		case slices.Contains(is.Digests, digest):
			return false, nil
		}
		is.Digests = append(is.Digests, digest)
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("hold content %.12s for %s: %w", digest, h, err)
	}
	return nil
}

// Held gives the digests of all that h holds, or may.
func (c Contents) Held(ctx context.Context, h Holder) ([]string, error) {
	is, _, err := read[holding](ctx, c.bucket, heldKey(h))
	if err != nil {
		return nil, fmt.Errorf("look what %s holds: %w", h, err)
	}
	return is.Value.Digests, nil
}

// Close lets h come to hold nothing more, and gives the digests of all that it
// holds, or may.
func (c Contents) Close(ctx context.Context, h Holder) ([]string, error) {
	is, err := change(ctx, c.bucket, heldKey(h), func(is *holding) (bool, error) {
		was := is.Closed
		is.Closed = true
		return !was, nil
	})
	if err != nil {
		return nil, fmt.Errorf("look what %s holds: %w", h, err)
	}
	return is.Digests, nil
}
