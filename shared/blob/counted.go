package blob

import (
	"context"
	"sync"
)

// List prices of S3 standard storage in us-east-1, US dollars a request. A
// request whose condition fails is billed like any other; DELETE is free.
// Source: https://aws.amazon.com/s3/pricing/, "Requests & data retrievals".
const (
	pricePut  = 0.005 / 1000
	priceList = 0.005 / 1000
	priceGet  = 0.0004 / 1000
)

// Usage is what was asked of a bucket.
type Usage struct {
	Gets, Puts, Deletes, Lists int64
	In, Out                    int64 // bytes of bodies put and got
}

// Requests is the number of requests that cost money.
func (u Usage) Requests() int64 { return u.Gets + u.Puts + u.Lists }

// Cost is the price of the requests in US dollars at S3's list prices.
// Storage, and traffic that leaves the region, come on top.
func (u Usage) Cost() float64 {
	return float64(u.Gets)*priceGet + float64(u.Puts)*pricePut + float64(u.Lists)*priceList
}

// Sub gives what was asked since earlier.
func (u Usage) Sub(earlier Usage) Usage {
	return Usage{
		Gets: u.Gets - earlier.Gets, Puts: u.Puts - earlier.Puts,
		Deletes: u.Deletes - earlier.Deletes, Lists: u.Lists - earlier.Lists,
		In: u.In - earlier.In, Out: u.Out - earlier.Out,
	}
}

// Add gives both together.
func (u Usage) Add(other Usage) Usage {
	return Usage{
		Gets: u.Gets + other.Gets, Puts: u.Puts + other.Puts,
		Deletes: u.Deletes + other.Deletes, Lists: u.Lists + other.Lists,
		In: u.In + other.In, Out: u.Out + other.Out,
	}
}

// Tally counts what is asked under one context: on behalf of one event.
type Tally struct {
	mu    sync.Mutex
	usage Usage
}

type tallyKey struct{}

// WithTally gives a context in which every Counted store also counts into the
// tally.
func WithTally(ctx context.Context) (context.Context, *Tally) {
	t := new(Tally)
	return context.WithValue(ctx, tallyKey{}, t), t
}

// Usage is what was asked so far.
func (t *Tally) Usage() Usage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.usage
}

func (t *Tally) add(u Usage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.usage = t.usage.Add(u)
}

// store is the five methods every store has; see the package comment.
type store interface {
	Get(ctx context.Context, key string) (Object, error)
	GetRange(ctx context.Context, key string, offset, length int64) (Object, error)
	Put(ctx context.Context, key string, body []byte, cond Cond, opts ...PutOption) (Tag, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix, after string, limit int) ([]Info, error)
}

// Counted is a store that counts what is asked of it. What an SDK repeats by
// itself inside one call is not seen. Under a context made by WithTally it also
// counts there.
type Counted struct {
	store store
	mu    sync.Mutex
	usage Usage
}

// Count wraps a store: anything with the five methods.
func Count(s store) *Counted { return &Counted{store: s} }

// Usage is what was asked so far.
func (c *Counted) Usage() Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.usage
}

func (c *Counted) add(ctx context.Context, u Usage) {
	if tally, ok := ctx.Value(tallyKey{}).(*Tally); ok {
		tally.add(u)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.usage = c.usage.Add(u)
}

// Get counts one GET.
func (c *Counted) Get(ctx context.Context, key string) (Object, error) {
	o, err := c.store.Get(ctx, key)
	c.add(ctx, Usage{Gets: 1, Out: int64(len(o.Body))})
	return o, err
}

// GetRange counts one GET.
func (c *Counted) GetRange(ctx context.Context, key string, offset, length int64) (Object, error) {
	o, err := c.store.GetRange(ctx, key, offset, length)
	c.add(ctx, Usage{Gets: 1, Out: int64(len(o.Body))})
	return o, err
}

// Put counts one PUT, also when its condition is not met.
func (c *Counted) Put(ctx context.Context, key string, body []byte, cond Cond, opts ...PutOption) (Tag, error) {
	c.add(ctx, Usage{Puts: 1, In: int64(len(body))})
	return c.store.Put(ctx, key, body, cond, opts...)
}

// Delete counts one DELETE.
func (c *Counted) Delete(ctx context.Context, key string) error {
	c.add(ctx, Usage{Deletes: 1})
	return c.store.Delete(ctx, key)
}

// List counts one LIST.
func (c *Counted) List(ctx context.Context, prefix, after string, limit int) ([]Info, error) {
	c.add(ctx, Usage{Lists: 1})
	return c.store.List(ctx, prefix, after, limit)
}
