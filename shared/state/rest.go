package state

import (
	"context"
	"math/rand/v2"
	"time"
)

// Conflicts are met with full jitter: measured with 32 writers on one document,
// it needs a third of the requests that trying at once does, for less than
// twice the time.
const (
	restBase = 25 * time.Millisecond
	restMost = time.Second
	// attempts is how often a write is tried. Then the event goes back to the
	// broker, which has more patience.
	attempts = 12
)

func rest(ctx context.Context, n int) error {
	most := min(restBase<<min(n, 10), restMost)
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
