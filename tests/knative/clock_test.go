package knative

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// clock is the machine's with a lead that only grows. The functions read the
// lead from a file.
type clock struct {
	file *os.File
	mu   sync.Mutex
	lead time.Duration
}

func newClock(t *testing.T, path string) *clock {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{file: file}
	c.advance(0)
	return c
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.lead)
}

// advance puts the clock forward. The text keeps its length, so that who reads
// meanwhile sees the old or the new.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lead += d
	if _, err := c.file.WriteAt(fmt.Appendf(nil, "%-30s\n", c.lead), 0); err != nil {
		panic(err)
	}
}
