package broker

import (
	"context"
	"errors"
	"fmt"
)

// Idle gives a channel that is closed once nothing is queued, waits for a
// retry, is being published or delivered. A delivery given up by its timeout
// counts until the subscriber returns; a timer's next tick does not count.
func (b *Broker) Idle() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.idle
}

// Wait returns when the Broker is idle, or with ctx's error.
func (b *Broker) Wait(ctx context.Context) error {
	select {
	case <-b.Idle():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the broker to be idle: %w", ctx.Err())
	}
}

// count changes how much is open. b.mu is held.
func (b *Broker) count(by int) {
	if b.open == 0 && by > 0 {
		b.idle = make(chan struct{})
	}
	b.open += by
	if b.open == 0 {
		close(b.idle)
	}
}

// enter counts a publication, unless the Broker is closed.
func (b *Broker) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == closed {
		return ErrClosed
	}
	b.count(1)
	return nil
}

func (b *Broker) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(-1)
}

// Close ends the timers and starts no more deliveries, lets those going on
// end until ctx does, and closes the journal. What they publish is still
// accepted. What is not delivered stays in the journal for the next start;
// in memory it is gone, so Wait first.
func (b *Broker) Close(ctx context.Context) error {
	b.mu.Lock()
	if b.state >= closing {
		b.mu.Unlock()
		return nil
	}
	b.state = closing
	for _, stop := range b.retries {
		stop()
	}
	b.checkLanded()
	b.mu.Unlock()
	close(b.quit)
	var late error
	select {
	case <-b.landed:
	case <-ctx.Done():
		late = fmt.Errorf("let deliveries end: %w", ctx.Err())
	}
	b.stop()
	b.timing.Wait()
	b.mu.Lock()
	b.state = closed
	b.mu.Unlock()
	return errors.Join(late, b.store.Close())
}
