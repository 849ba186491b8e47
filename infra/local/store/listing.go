package store

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

// list walks only the directories that can hold what is asked for.
func (d *disk) list(ctx context.Context, prefix, after string, limit int) ([]meta, error) {
	base := prefix[:strings.LastIndexByte(prefix, '/')+1]
	if bad := base != "" && blob.CheckKey(base[:len(base)-1]) != nil; bad {
		return nil, nil // no key begins like this, and it must not become a path
	}
	w := &walk{disk: d, prefix: prefix, after: after, limit: limit}
	err := w.dir(ctx, base)
	return w.found, err
}

type walk struct {
	disk          *disk
	prefix, after string
	limit         int
	found         []meta
}

// name is one entry of a directory: the key of an object, or what the keys
// below a directory begin with.
type name struct {
	key  string
	file string // empty: a directory
}

func (w *walk) dir(ctx context.Context, base string) error {
	names, err := w.names(base)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := ctx.Err(); err != nil || len(w.found) >= w.limit {
			return err
		}
		if n.file == "" {
			err = w.dir(ctx, n.key)
		} else {
			err = w.object(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) object(n name) error {
	m, found, err := w.disk.look(n.file)
	if err != nil {
		return err
	}
	if found { // else it was deleted meanwhile
		w.found = append(w.found, m)
	}
	return nil
}

// names gives those entries below base that may belong to the answer, in the
// order of their keys: "p.x" before "p/q", as the bytes sort.
func (w *walk) names(base string) ([]name, error) {
	dir := filepath.Join(w.disk.root, filepath.FromSlash(base))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []name
	for _, e := range entries {
		n := name{file: filepath.Join(dir, e.Name())}
		switch base := base; {
		case e.IsDir():
			n = name{key: base + e.Name() + "/"}
		case strings.HasPrefix(e.Name(), mark):
			m, found, err := w.disk.look(n.file)
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			n.key = base + path.Base(m.Key)
		case strings.HasSuffix(e.Name(), mark):
			n.key = base + strings.TrimSuffix(e.Name(), mark)
		default:
			continue // not ours
		}
		if w.wanted(n) {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b name) int { return strings.Compare(a.key, b.key) })
	return names, nil
}

func (w *walk) wanted(n name) bool {
	if n.file != "" {
		return strings.HasPrefix(n.key, w.prefix) && n.key > w.after
	}
	// All keys below sort with n.key, unless after lies among them.
	return (strings.HasPrefix(n.key, w.prefix) || strings.HasPrefix(w.prefix, n.key)) &&
		(n.key > w.after || strings.HasPrefix(w.after, n.key))
}
