// Package mem is a bucket in memory: what a function remembers, for tests and
// for a run that is not meant to be remembered.
package mem

import (
	"context"
	"crypto/md5" //nolint:gosec // the ETag S3 gives a plain object, not a safeguard
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// Store holds objects. Make one with New; it is safe for concurrent use.
type Store struct {
	now func() time.Time

	mu      sync.RWMutex
	keys    []string // sorted
	objects map[string]blob.Object
}

// New makes an empty store.
func New() *Store {
	return NewAt(time.Now) //nolint:forbidigo // a bucket has a clock of its own, and this is the bucket
}

// NewAt makes an empty store whose objects are dated by now.
func NewAt(now func() time.Time) *Store {
	return &Store{now: now, objects: make(map[string]blob.Object)}
}

// Get gives the object at key.
func (s *Store) Get(ctx context.Context, key string) (blob.Object, error) {
	o, err := s.look(ctx, key)
	if err != nil {
		return blob.Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	o.Body = slices.Clone(o.Body)
	return o, nil
}

// GetRange gives at most length bytes of the object at key, from offset on.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error) {
	o, err := s.look(ctx, key)
	if err == nil {
		err = blob.CheckRange(offset, length, int64(len(o.Body)))
	}
	if err != nil {
		return blob.Object{}, fmt.Errorf("get %d bytes from %d of %s: %w", length, offset, key, err)
	}
	length = min(length, int64(len(o.Body))-offset)
	o.Body = slices.Clone(o.Body[offset : offset+length])
	return o, nil
}

func (s *Store) look(ctx context.Context, key string) (blob.Object, error) {
	if err := errors.Join(ctx.Err(), blob.CheckKey(key)); err != nil {
		return blob.Object{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.objects[key]
	if !ok {
		return blob.Object{}, blob.ErrNotFound
	}
	return o, nil
}

// Put stores body at key if cond holds.
func (s *Store) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if err := errors.Join(ctx.Err(), blob.CheckKey(key)); err != nil {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	sum := md5.Sum(body) //nolint:gosec // see the import
	tag := blob.Tag(`"` + hex.EncodeToString(sum[:]) + `"`)
	body = append([]byte{}, body...)

	s.mu.Lock()
	defer s.mu.Unlock()
	current, found := s.objects[key]
	if !cond.Met(current.Tag, found) {
		return "", fmt.Errorf("put %s: %w", key, blob.ErrConflict)
	}
	if !found {
		at, _ := slices.BinarySearch(s.keys, key)
		s.keys = slices.Insert(s.keys, at, key)
	}
	s.objects[key] = blob.Object{
		Key: key, Body: body, Tag: tag,
		Type:     blob.Settings(opts).Type,
		Modified: s.now().UTC().Truncate(time.Second), // what Last-Modified can say
	}
	return tag, nil
}

// Delete removes the object at key, if there is one.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := errors.Join(ctx.Err(), blob.CheckKey(key)); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := slices.BinarySearch(s.keys, key); ok {
		s.keys = slices.Delete(s.keys, at, at+1)
		delete(s.objects, key)
	}
	return nil
}

// List gives up to limit objects whose keys begin with prefix and sort after
// after. A limit that is not between 1 and blob.ListMax means blob.ListMax.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list %s: %w", prefix, err)
	}
	if limit < 1 || limit > blob.ListMax {
		limit = blob.ListMax
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, exact := slices.BinarySearch(s.keys, max(prefix, after))
	if exact && s.keys[at] == after {
		at++
	}
	var infos []blob.Info
	for _, key := range s.keys[at:] {
		if len(infos) == limit || !strings.HasPrefix(key, prefix) {
			break
		}
		o := s.objects[key]
		infos = append(infos, blob.Info{Key: key, Size: int64(len(o.Body)), Tag: o.Tag, Modified: o.Modified})
	}
	return infos, nil
}
