package composedemo

import (
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/compose/publish"
)

// counter counts what is asked of the bucket about composes.
type counter struct {
	mu            sync.Mutex
	reads, writes int
	published     int
}

func newCounter() *counter { return new(counter) }

// hear counts one request. What the clock and the bus ask all the time is left
// out.
func (c *counter) hear(r store.Request) {
	if !strings.HasPrefix(r.Key, "compose") {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.Verb {
	case "GET", "HEAD", "LIST":
		c.reads++
		return
	}
	c.writes++
	if strings.HasPrefix(r.Key, publish.Root) {
		c.published++
	}
}

// tally is what was asked of the systems.
type tally struct {
	calls         map[string]int // of Koji, by method
	files         int            // of Koji
	reads, writes int            // of the bucket, about composes
	published     int            // of the writes, those that everybody sees
}

// tally is what was asked so far.
func (p *play) tally() tally {
	stats := p.w.Koji.Stats()
	p.counter.mu.Lock()
	defer p.counter.mu.Unlock()
	return tally{maps.Clone(stats.Calls), stats.Files, p.counter.reads, p.counter.writes, p.counter.published}
}

// since is what was asked since before.
func (t tally) since(before tally) tally {
	out := tally{
		calls: map[string]int{}, files: t.files - before.files,
		reads: t.reads - before.reads, writes: t.writes - before.writes, published: t.published - before.published,
	}
	for method, n := range t.calls {
		if more := n - before.calls[method]; more > 0 {
			out.calls[method] = more
		}
	}
	return out
}

// all is how many calls of Koji there were.
func (t tally) all() int {
	n := 0
	for _, times := range t.calls {
		n += times
	}
	return n
}

func (t tally) String() string {
	return fmt.Sprintf("asked of Koji: %s, %s; of the bucket: %s, %s (%d of them metadata)",
		count(t.all(), "call"), count(t.files, "file"), count(t.reads, "read"), count(t.writes, "write"), t.published)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
