package composedemo

import (
	"context"
	"sync/atomic"
	"time"
)

// clock is the world's: the machine's own, and put forward now and then, because
// nobody wants to wait a day to see a compose expire.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// stride is how far the clock is put forward at once: what is told to live on
// every six hours must not be found dead.
const stride = 5 * time.Hour

// later puts the clock forward, and lets everything happen that becomes due.
func (p *play) later(ctx context.Context, d time.Duration) error {
	for d > 0 {
		step := min(stride, d)
		p.clock.ahead.Add(int64(step))
		d -= step
		if err := p.w.Broker.Tick(ctx, "minute"); err != nil {
			return err
		}
		if err := p.w.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}
