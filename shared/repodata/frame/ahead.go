package frame

import (
	"context"
	"sync"
)

// ahead does jobs in advance, some at once, and hands out what they give in
// their order.
type ahead[T any] struct {
	cancel context.CancelFunc
	ended  sync.WaitGroup
	given  chan chan outcome[T]
	slots  chan struct{}
}

type outcome[T any] struct {
	value T
	err   error
}

// newAhead begins. At most depth jobs run or wait to be fetched.
func newAhead[J, T any](ctx context.Context, depth int, jobs []J, do func(context.Context, J) (T, error)) *ahead[T] {
	ctx, cancel := context.WithCancel(ctx) //nolint:gosec // stop calls it
	a := &ahead[T]{cancel: cancel, given: make(chan chan outcome[T], depth), slots: make(chan struct{}, depth)}
	a.ended.Go(func() {
		defer close(a.given)
		for _, job := range jobs {
			select {
			case a.slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			one := make(chan outcome[T], 1)
			a.ended.Go(func() {
				value, err := do(ctx, job)
				one <- outcome[T]{value, err}
			})
			a.given <- one // has room: no more than the slots
		}
	})
	return a
}

// next gives the outcome of the next job.
func (a *ahead[T]) next(ctx context.Context) (T, error) {
	var none T
	select {
	case one, more := <-a.given:
		if !more {
			return none, context.Canceled
		}
		select {
		case got := <-one:
			<-a.slots
			return got.value, got.err
		case <-ctx.Done():
			return none, ctx.Err()
		}
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// stop ends all jobs and waits for them.
func (a *ahead[T]) stop() {
	a.cancel()
	a.ended.Wait()
}
