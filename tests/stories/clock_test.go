package stories

import (
	"sync"
	"time"
)

// clock is the story's. It stands still unless the player moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

// newClock begins on a Monday morning. It lies in the past, because Testing
// Farm's stand-in keeps real time and must not make what is older than asked for.
func newClock() *clock { return &clock{at: time.Date(2025, 1, 6, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}
