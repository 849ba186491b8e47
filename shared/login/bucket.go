package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// Store is what a bucket does for us.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
}

// Bucket is the Cache and the Seen that all instances with one bucket share.
// What it remembers lies under cache/ and, for as long as claims are kept,
// under claims/ticket/: one object for each login by Kerberos.
type Bucket struct{ Store Store }

// Get implements Cache.
func (b Bucket) Get(ctx context.Context, name string) ([]byte, error) {
	object, err := b.Store.Get(ctx, cacheKey(name))
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil
	}
	return object.Body, err
}

// Put implements Cache.
func (b Bucket) Put(ctx context.Context, name string, body []byte) error {
	_, err := b.Store.Put(ctx, cacheKey(name), body, blob.Any, blob.Type("application/json"))
	return err
}

func cacheKey(name string) string { return "cache/login-" + blob.Segment(name) + ".json" }

// First implements Seen: the object is created only if it is absent.
func (b Bucket) First(ctx context.Context, key string, _ time.Time) (bool, error) {
	key = "claims/ticket/" + blob.Segment(key) + ".json"
	nonce := []byte(`{"writer":"` + rand.Text() + `"}`)
	_, err := b.Store.Put(ctx, key, nonce, blob.Absent, blob.Type("application/json"))
	if !errors.Is(err, blob.ErrConflict) {
		return err == nil, err
	}
	// The conflict may be with our own write, repeated after its answer was lost.
	object, err := b.Store.Get(ctx, key)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	return string(object.Body) == string(nonce), nil
}
