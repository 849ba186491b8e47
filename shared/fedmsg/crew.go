package fedmsg

import (
	"context"
	"errors"
	"sync"
	"time"
)

// crew runs pieces of work, a bounded number at a time, and starts none after
// one has failed.
type crew struct {
	slots  chan struct{}
	failed chan struct{} // closed by the first failure
	busy   sync.WaitGroup

	mu   sync.Mutex
	sum  Drained
	errs []error
}

func (c *crew) start(workers int) {
	c.slots = make(chan struct{}, workers)
	c.failed = make(chan struct{})
}

// take waits for a free slot; false means that no more work is to begin.
func (c *crew) take(ctx context.Context, stop <-chan time.Time) bool {
	select {
	case c.slots <- struct{}{}:
	case <-stop:
		return false
	}
	// The slot may have become free by a failure: with one worker, nothing may
	// overtake the message that failed.
	select {
	case <-c.failed:
		return false
	case <-ctx.Done():
		return false
	default:
		return true
	}
}

// work runs f in a slot taken before.
func (c *crew) work(f func() (Drained, error)) {
	c.busy.Go(func() {
		did, err := f()
		c.note(did, err)
		<-c.slots
	})
}

func (c *crew) note(did Drained, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum.Handled += did.Handled
	c.sum.SetAside += did.SetAside
	c.sum.Redelivered += did.Redelivered
	if did.Newest.After(c.sum.Newest) {
		c.sum.Newest = did.Newest
	}
	if err == nil {
		return
	}
	if c.errs = append(c.errs, err); len(c.errs) == 1 {
		close(c.failed)
	}
}

// finish waits for the work under way and gives every failure.
func (c *crew) finish() error {
	c.busy.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.errs...)
}

func (c *crew) tally() Drained {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sum
}
