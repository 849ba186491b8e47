package main

import (
	"context"
	"sync"

	"github.com/distaff-project/distaff/shared/blob"
	used "github.com/distaff-project/distaff/shared/usage"
)

// counting counts what a report asks of the bucket, so that it can tell its own
// price.
type counting struct {
	used.Files
	mu  sync.Mutex
	all blob.Usage
}

func (c *counting) Get(ctx context.Context, key string) (blob.Object, error) {
	object, err := c.Files.Get(ctx, key)
	c.add(blob.Usage{Gets: 1, Out: int64(len(object.Body))})
	return object, err
}

func (c *counting) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	c.add(blob.Usage{Lists: 1})
	return c.Files.List(ctx, prefix, after, limit)
}

func (c *counting) add(u blob.Usage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = c.all.Add(u)
}

func (c *counting) usage() blob.Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}
