package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

// Getter gives a compose as it is now: a Client does.
type Getter interface {
	Get(ctx context.Context, id int64) (Compose, error)
}

const (
	// longest is the longest pause between two looks; they begin with a second,
	// and each is a second longer.
	longest = 10 * time.Second
	// patience is how many looks in a row may fail.
	patience = 20
)

// Wait looks at a compose until it is over. Told is called after each look, and
// trouble when one failed that is made again. The pauses are 1, 2, 3 … 10
// seconds, or as long as a busy server asks for.
func Wait(ctx context.Context, from Getter, id int64, told func(Compose), trouble func(error)) (Compose, error) {
	pause, failed := time.Duration(0), 0
	for {
		pause = min(pause+time.Second, longest)
		is, err := from.Get(ctx, id)
		switch {
		case ctx.Err() != nil:
			return is, fmt.Errorf("wait for compose %d: %w", id, ctx.Err())
		case err == nil:
			failed = 0
			told(is)
			if is.Over() {
				return is, nil
			}
		case !wire.Temporary(err):
			return is, err
		default:
			if failed++; failed == patience {
				return is, err
			}
			var answer *wire.Error
			if errors.As(err, &answer) && answer.After > 0 {
				pause = answer.After
			}
			trouble(err)
		}
		if !rest(ctx, pause) {
			return is, fmt.Errorf("wait for compose %d: %w", id, ctx.Err())
		}
	}
}

// rest waits, and tells whether ctx lasted.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Busy tells whether err says that the server has no time now.
func Busy(err error) bool {
	code := wire.Code(err)
	return code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests
}
