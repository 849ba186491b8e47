package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
)

// memory keeps objects in a mem.Store. All their headers travel in the media
// type, which a mem.Store does not look into; an object made of parts has the
// tag of a plain one.
type memory struct {
	objects *mem.Store
	// writing is held while something is looked at and then written.
	writing sync.Mutex
}

func newMemory(now func() time.Time) *memory {
	return &memory{objects: mem.NewAt(now)}
}

func (k *memory) spool() *spool { return newSpool("") }

func (k *memory) commit(ctx context.Context, m meta, from *spool, cond blob.Cond) (meta, error) {
	raw, err := json.Marshal(m.headers)
	if err != nil {
		return m, err
	}
	k.writing.Lock()
	defer k.writing.Unlock()
	if _, matching := cond.Tag(); matching {
		if _, err := k.objects.Get(ctx, m.Key); errors.Is(err, blob.ErrNotFound) {
			return m, fmt.Errorf("%w: %w", blob.ErrConflict, errNothingToMatch)
		}
	}
	m.Tag, err = k.objects.Put(ctx, m.Key, from.buf.Bytes(), cond, blob.Type(string(raw)))
	return m, err
}

func (k *memory) open(ctx context.Context, key string) (meta, io.ReadSeekCloser, error) {
	o, err := k.objects.Get(ctx, key)
	if err != nil {
		return meta{}, nil, err
	}
	m := meta{Key: key, Tag: o.Tag, Size: int64(len(o.Body)), Modified: o.Modified}
	if err := json.Unmarshal([]byte(o.Type), &m.headers); err != nil {
		return meta{}, nil, err
	}
	return m, nopCloser{bytes.NewReader(o.Body)}, nil
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

func (k *memory) remove(ctx context.Context, key string, only func(meta) bool) (bool, error) {
	k.writing.Lock()
	defer k.writing.Unlock()
	m, _, err := k.open(ctx, key)
	if errors.Is(err, blob.ErrNotFound) || err == nil && only != nil && !only(m) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, k.objects.Delete(ctx, key)
}

func (k *memory) list(ctx context.Context, prefix, after string, limit int) ([]meta, error) {
	infos, err := k.objects.List(ctx, prefix, after, limit)
	found := make([]meta, len(infos))
	for i, info := range infos {
		found[i] = meta{Key: info.Key, Tag: info.Tag, Size: info.Size, Modified: info.Modified}
	}
	return found, err
}
