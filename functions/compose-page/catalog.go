package composepage

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/distaff-project/distaff/shared/compose"
)

// catalog is a lock, with its files by name.
type catalog struct {
	compose.Lock
	files map[string]place
	count int
}

// place is where a file stands in a lock.
type place struct{ tree, rpm int32 }

// newCatalog reads a lock. Many of its texts are the same; each is kept once.
func newCatalog(lock compose.Lock) *catalog {
	c := &catalog{Lock: lock, files: map[string]place{}}
	same := map[string]string{}
	once := func(text *string) {
		if known, ok := same[*text]; ok {
			*text = known
			return
		}
		same[*text] = *text
	}
	for i, tree := range lock.Trees {
		for j := range tree.RPMs {
			r := &tree.RPMs[j]
			once(&r.Build)
			once(&r.SRPM)
			once(&r.Sigkey)
			once(&r.Base)
			name := path.Base(r.Path)
			if _, there := c.files[name]; !there {
				c.files[name] = place{int32(i), int32(j)}
			}
			c.count++
		}
	}
	return c
}

// find gives the RPM with a file name.
func (c *catalog) find(file string) (compose.RPM, bool) {
	at, ok := c.files[file]
	if !ok {
		return compose.RPM{}, false
	}
	return c.Trees[at.tree].RPMs[at.rpm], true
}

// keptMost is how many RPMs the catalogs that are kept may list in all: some
// 100 MB of memory. The one used last is kept whatever it lists.
const keptMost = 200_000

// catalogs are the locks read last. A lock never changes, so none is read
// twice while it is kept.
type catalogs struct {
	locks Locks
	once  singleflight.Group

	mu   sync.Mutex
	kept map[string]*catalog
	// used are their digests, the latest last.
	used []string
}

func newCatalogs(locks Locks) *catalogs { return &catalogs{locks: locks, kept: map[string]*catalog{}} }

// of gives the catalog of a lock: with no request, or one.
func (c *catalogs) of(ctx context.Context, digest string) (*catalog, error) {
	if known := c.look(digest); known != nil {
		return known, nil
	}
	got, err, _ := c.once.Do(digest, func() (any, error) {
		lock, err := c.locks.Load(ctx, digest)
		if err != nil {
			return nil, err
		}
		read := newCatalog(lock)
		c.keep(digest, read)
		return read, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what a compose is made of: %w", err)
	}
	return got.(*catalog), nil
}

func (c *catalogs) look(digest string) *catalog {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.kept[digest]
	if known != nil {
		c.use(digest)
	}
	return known
}

func (c *catalogs) use(digest string) {
	if i := slices.Index(c.used, digest); i >= 0 {
		c.used = slices.Delete(c.used, i, i+1)
	}
	c.used = append(c.used, digest)
}

func (c *catalogs) keep(digest string, read *catalog) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[digest] = read
	c.use(digest)
	total := 0
	for i := len(c.used) - 1; i >= 0; i-- {
		total += c.kept[c.used[i]].count + 100
		if total > keptMost && i < len(c.used)-1 {
			for _, old := range c.used[:i+1] {
				delete(c.kept, old)
			}
			c.used = slices.Clone(c.used[i+1:])
			return
		}
	}
}
