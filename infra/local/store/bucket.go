package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// keeper holds the objects of one bucket: a directory or memory.
type keeper interface {
	// spool gives a place for bytes that are not an object yet.
	spool() *spool
	// commit makes an object of what was spooled, if cond holds. The spool is
	// used up.
	commit(ctx context.Context, m meta, from *spool, cond blob.Cond) (meta, error)
	open(ctx context.Context, key string) (meta, io.ReadSeekCloser, error)
	// remove deletes key, if it exists and only (nil: always) agrees.
	remove(ctx context.Context, key string, only func(meta) bool) (bool, error)
	list(ctx context.Context, prefix, after string, limit int) ([]meta, error)
}

// Bucket is one bucket of the server, used in the process without HTTP. It
// keeps the contract of package blob; the server's faults happen to it too.
type Bucket struct {
	name   string
	keep   keeper
	now    func() time.Time
	faults func(Request) Fault
	sync   bool

	rulesMu   sync.RWMutex
	rules     []rule
	rulesFile string // empty: in memory
}

// Get gives the object at key.
func (b *Bucket) Get(ctx context.Context, key string) (blob.Object, error) {
	o, err := b.read(ctx, key, func(m meta) (int64, int64, error) { return 0, m.Size, nil })
	if err != nil {
		return blob.Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	return o, nil
}

// GetRange gives at most length bytes of the object at key, from offset on.
func (b *Bucket) GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error) {
	o, err := b.read(ctx, key, func(m meta) (int64, int64, error) {
		return offset, min(length, m.Size-offset), blob.CheckRange(offset, length, m.Size)
	})
	if err != nil {
		return blob.Object{}, fmt.Errorf("get %d bytes from %d of %s: %w", length, offset, key, err)
	}
	return o, nil
}

func (b *Bucket) read(ctx context.Context, key string, part func(meta) (offset, length int64, err error)) (blob.Object, error) {
	if err := errors.Join(ctx.Err(), blob.CheckKey(key)); err != nil {
		return blob.Object{}, err
	}
	var o blob.Object
	err := b.suffer(ctx, "GET", key, func() error {
		m, body, err := b.keep.open(ctx, key)
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }()
		offset, length, err := part(m)
		if err != nil {
			return err
		}
		if _, err := body.Seek(offset, io.SeekStart); err != nil {
			return err
		}
		o = blob.Object{Key: key, Body: make([]byte, length), Tag: m.Tag, Type: m.Type, Modified: m.Modified}
		_, err = io.ReadFull(body, o.Body)
		return err
	})
	if err != nil {
		return blob.Object{}, err
	}
	return o, nil
}

// Put stores body at key if cond holds.
func (b *Bucket) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if err := errors.Join(ctx.Err(), blob.CheckKey(key)); err != nil {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	set := blob.Settings(opts)
	var tag blob.Tag
	err := b.suffer(ctx, "PUT", key, func() error {
		sp := b.keep.spool()
		defer sp.discard()
		if _, err := sp.Write(body); err != nil {
			return err
		}
		m := meta{Key: key, Tag: sp.tag(), headers: headers{Type: set.Type, CacheControl: set.CacheControl}}
		m, err := b.commit(ctx, m, sp, cond)
		tag = m.Tag
		return err
	})
	if err != nil {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	return tag, nil
}

// commit dates m and hands it to the keeper.
func (b *Bucket) commit(ctx context.Context, m meta, sp *spool, cond blob.Cond) (meta, error) {
	m.Size, m.Modified = sp.size, b.now().UTC().Truncate(time.Second)
	return b.keep.commit(ctx, m, sp, cond)
}

// Delete removes the object at key, if there is one.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	err := errors.Join(ctx.Err(), blob.CheckKey(key))
	if err == nil {
		err = b.suffer(ctx, "DELETE", key, func() error {
			_, err := b.keep.remove(ctx, key, nil)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// List gives up to limit objects whose keys begin with prefix and sort after
// after. A limit that is not between 1 and blob.ListMax means blob.ListMax.
func (b *Bucket) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if limit < 1 || limit > blob.ListMax {
		limit = blob.ListMax
	}
	var infos []blob.Info
	err := ctx.Err()
	if err == nil {
		err = b.suffer(ctx, "LIST", prefix, func() error {
			found, err := b.keep.list(ctx, prefix, after, limit)
			for _, m := range found {
				infos = append(infos, blob.Info{Key: m.Key, Size: m.Size, Tag: m.Tag, Modified: m.Modified})
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", prefix, err)
	}
	return infos, nil
}
