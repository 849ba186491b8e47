// Package state keeps distaff's documents in a bucket: one document, one
// conditional write, and every outside effect exactly once.
//
// It is the only place that knows about concurrency. A reactor hands a fact to
// Keep; a doer claims a label before it asks an outside system; whoever shows
// something raises what is shown; and what must not be forgotten stands in the
// due index before it stands anywhere else.
//
// Keys:
//
//	pr/<document>.json            the document
//	claims/<label>.json           who asked an outside system, and what it gave
//	shown/<document>/<commit>.json  what is shown on the pull request
//	due/<time>/<system>/<document>/<what>   what to look after, and when
//	events/<document>/<fact>.json facts as they were heard
//	runs/<document>/<run>/        result pages
package state

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// Store is the part of a bucket that handling an event needs. Listing is not:
// the cost of an event must not grow with history.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
	Delete(ctx context.Context, key string) error
}

// Lister is what timers, sweeps and pages need besides.
type Lister interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// Bucket is a Store with the two things a document's life needs from outside:
// the time, and nonces that no other writer has.
type Bucket struct {
	Store
	// Now is the clock.
	Now func() time.Time
	// Nonce gives a text that is never given twice.
	Nonce func() string
	// Rest waits before the n-th attempt after a conflict.
	Rest func(ctx context.Context, n int) error
}

// New gives the bucket behind store, on the machine's clock.
func New(store Store) Bucket {
	return Bucket{Store: store, Now: time.Now, Nonce: nonce, Rest: rest} //nolint:forbidigo // the one clock of the bucket
}

func nonce() string {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // never fails
	return hex.EncodeToString(raw[:])
}
