package store

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/distaff-project/distaff/shared/blob"
)

// disk keeps each object in a file of its own; see path.go for its name.
//
// A write is a temporary file, made durable, then renamed over the old one,
// then the rename made durable. Readers open whichever file is there, so they
// need no lock and never see half a write.
type disk struct {
	root string // of the objects
	tmp  string // on the same file system
	sync bool

	// keys serializes "look at the condition, then rename" for each key.
	keys keyLocks
	// tree is held for reading while a file is renamed into a directory, and
	// for writing while directories come and go. So a directory that is seen
	// under the lock is durable already, and is not removed under a rename.
	tree sync.RWMutex
}

func (d *disk) spool() *spool { return newSpool(d.tmp) }

func (d *disk) open(_ context.Context, key string) (meta, io.ReadSeekCloser, error) {
	file, m, err := d.openFile(d.path(key))
	if err != nil {
		return m, nil, err
	}
	return m, recordBody{io.NewSectionReader(file, 0, m.Size), file}, nil
}

func (d *disk) openFile(path string) (*os.File, meta, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, meta{}, blob.ErrNotFound
	}
	if err != nil {
		return nil, meta{}, err
	}
	m, err := unseal(file)
	if err != nil {
		return nil, meta{}, fmt.Errorf("%s: %w", path, errors.Join(err, file.Close()))
	}
	return file, m, nil
}

// look gives what is known of the object at path.
func (d *disk) look(path string) (meta, bool, error) {
	file, m, err := d.openFile(path)
	if errors.Is(err, blob.ErrNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	return m, true, file.Close()
}

func (d *disk) check(path string, cond blob.Cond) error {
	if cond == blob.Any {
		return nil
	}
	m, found, err := d.look(path)
	switch {
	case err != nil:
		return err
	case cond.Met(m.Tag, found):
		return nil
	}
	if _, matching := cond.Tag(); matching && !found {
		return fmt.Errorf("%w: %w", blob.ErrConflict, errNothingToMatch)
	}
	return blob.ErrConflict
}

// errNothingToMatch tells the 404 of an If-Match from its 412.
var errNothingToMatch = errors.New("there is no object to match")

func (d *disk) commit(_ context.Context, m meta, from *spool, cond blob.Cond) (meta, error) {
	path := d.path(m.Key)
	// Who has lost already need not wait for the disk.
	if err := d.check(path, cond); err != nil {
		return m, err
	}
	if err := d.finish(from, m); err != nil {
		return m, err
	}
	defer d.keys.lock(m.Key)()
	if err := d.check(path, cond); err != nil {
		return m, err
	}
	if err := d.rename(from.file.Name(), path); err != nil {
		return m, err
	}
	from.file = nil // it is the object now
	return m, d.syncDir(filepath.Dir(path))
}

// finish makes a whole and durable record of a spool.
func (d *disk) finish(from *spool, m meta) error {
	end, err := seal(m)
	if err != nil {
		return err
	}
	if from.file == nil {
		from.buf.Write(end)
		err = from.spill()
	} else {
		_, err = from.file.Write(end)
	}
	if err != nil {
		return err
	}
	if d.sync {
		if err := from.file.Sync(); err != nil {
			return err
		}
	}
	return from.file.Close()
}

func (d *disk) rename(from, to string) error {
	for {
		d.tree.RLock()
		err := os.Rename(from, to)
		d.tree.RUnlock()
		if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		rel, err := filepath.Rel(d.root, filepath.Dir(to))
		if err != nil {
			return err
		}
		d.tree.Lock()
		err = makeDirs(d.root, rel, d.sync)
		d.tree.Unlock()
		if err != nil {
			return err
		}
		if _, err := os.Stat(from); err != nil {
			return err // it is not the directory that is missing
		}
	}
}

func (d *disk) remove(_ context.Context, key string, only func(meta) bool) (bool, error) {
	defer d.keys.lock(key)()
	path := d.path(key)
	if only != nil {
		if m, found, err := d.look(path); err != nil || !found || !only(m) {
			return false, err
		}
	}
	if err := os.Remove(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, d.prune(filepath.Dir(path))
}

// prune removes the directories that a deletion left empty, and makes the
// deletion durable.
func (d *disk) prune(dir string) error {
	d.tree.Lock()
	for dir != d.root && os.Remove(dir) == nil {
		dir = filepath.Dir(dir)
	}
	d.tree.Unlock()
	err := d.syncDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil // another deletion pruned further, and syncs there
	}
	return err
}

func (d *disk) syncDir(dir string) error {
	if !d.sync {
		return nil
	}
	return syncDir(dir)
}

// keyLocks is a lock for each key, some keys sharing one.
type keyLocks struct {
	once  sync.Once
	seed  maphash.Seed
	locks [256]sync.Mutex
}

// lock takes the lock of key and gives what releases it.
func (k *keyLocks) lock(key string) func() {
	k.once.Do(func() { k.seed = maphash.MakeSeed() })
	l := &k.locks[maphash.String(k.seed, key)%uint64(len(k.locks))]
	l.Lock()
	return l.Unlock
}
