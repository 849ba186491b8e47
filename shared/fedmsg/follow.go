package fedmsg

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstPause = time.Second
	mostPause  = time.Minute
)

// Follow hears the queue until ctx is done, then returns nil. A lost
// connection, a failed handler or a broker that refuses is told to Lost, and
// everything is done anew after a pause that grows from 1 s to 1 min and is
// short again once a message was handled. Unlike the client library's own
// recovery this leaves a moment, Connected, to ask the archive for what a
// queue that did not survive has lost.
func (q *Queue) Follow(ctx context.Context, handle Handler) error {
	pause := firstPause
	for ctx.Err() == nil {
		done, err := q.follow(ctx, handle)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // being told to end is no failure, whatever it interrupted
		}
		if done.Handled+done.SetAside > 0 {
			pause = firstPause
		}
		again := pause + rand.N(pause/2)
		if q.cfg.Lost != nil {
			q.cfg.Lost(ctx, err, again)
		}
		wait(ctx, again)
		pause = min(2*pause, mostPause)
	}
	return nil
}

// Hooks are what Follow tells; see Config.
type Hooks struct {
	Connected func(context.Context) error
	Lost      func(ctx context.Context, err error, again time.Duration)
}

// FollowWith is Follow with hooks of the caller's own.
func (q *Queue) FollowWith(ctx context.Context, hooks Hooks, handle Handler) error {
	own := *q
	own.cfg.Connected, own.cfg.Lost = hooks.Connected, hooks.Lost
	return own.Follow(ctx, handle)
}

func (q *Queue) follow(ctx context.Context, handle Handler) (Drained, error) {
	s, err := q.connect(ctx)
	if err != nil {
		return Drained{}, err
	}
	defer s.close()
	if _, err := q.declare(s); err != nil {
		return Drained{}, err
	}
	if q.cfg.Connected != nil {
		if err := q.cfg.Connected(ctx); err != nil {
			return Drained{}, err
		}
	}
	r := &run{queue: q, session: s, handle: handle}
	err = r.consume(ctx)
	if err == nil {
		err = errors.New("subscription ended")
	}
	return r.done(), err
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
