package publish

import (
	"bytes"
	"context"
	"path"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/frame"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// unknown stands for a checksum nobody knows yet, in metadata that nobody
// installs from.
const unknown = "0000000000000000000000000000000000000000000000000000000000000000"

// entries are the places of a tree's files in its metadata.
func (p *Publisher) entries(sel *gather.Selection, tree *gather.Tree) []frame.Entry {
	entries := make([]frame.Entry, len(tree.Files))
	changelogs := strconv.Itoa(p.Metadata.Changelogs)
	for i, at := range tree.Files {
		f := &sel.Files[at]
		// The checksum is that of the whole file, and so stands for its size and
		// its headers as well.
		sum := f.SHA256
		if sum == "" {
			sum = "unknown " + f.Payload
		}
		entries[i] = frame.Entry{
			Base: path.Base(f.Path), Dir: path.Dir(f.Path), Name: rpm.NameOf(f.NEVRA),
			ID: frame.Identify("1", sum, p.base(f), f.Path, changelogs, p.Origin),
		}
	}
	return entries
}

// describer describes the files of one tree, and notes what it learns of them.
type describer struct {
	*Publisher
	sel  *gather.Selection
	tree *gather.Tree

	mu sync.Mutex
	// writers are those nobody uses.
	writers sync.Pool
}

// describe reads the headers of some files at once. How many requests are under
// way in all is the reader's to bound.
func (d *describer) describe(ctx context.Context, at []int) ([]repodata.Fragment, error) {
	out := make([]repodata.Fragment, len(at))
	group, ctx := errgroup.WithContext(ctx)
	for i, place := range at {
		group.Go(func() error {
			var err error
			out[i], err = d.one(ctx, d.tree.Files[place])
			return err
		})
	}
	return out, group.Wait()
}

func (d *describer) one(ctx context.Context, place int32) (repodata.Fragment, error) {
	d.mu.Lock()
	f := d.sel.Files[place]
	d.mu.Unlock()
	if f.Base != "" && d.Foreign != nil {
		if text, found, err := d.Foreign(f.SHA256); found || err != nil {
			return text, err
		}
	}
	head, err := d.head(ctx, &f)
	if err != nil {
		return repodata.Fragment{}, err
	}
	sum := f.SHA256
	if sum == "" {
		sum = unknown
	}
	text, err := d.text(head.Header, repodata.File{PkgID: sum, Size: head.Size, Base: d.base(&f), Href: f.Path})
	if err != nil {
		return repodata.Fragment{}, &BrokenError{f.NEVRA, d.Address(&f), err}
	}
	d.learn(place, head.Size, head.Header)
	return text, nil
}

// text is what the metadata says of a package. The memory it is written in first
// is used again.
func (d *describer) text(h header.Header, f repodata.File) (repodata.Fragment, error) {
	w, _ := d.writers.Get().(*writer)
	if w == nil {
		w = &writer{Describer: repodata.Describer{Options: d.Metadata}}
	}
	defer d.writers.Put(w)
	text, err := w.Append(repodata.Fragment{Primary: w.text.Primary[:0], Filelists: w.text.Filelists[:0], Other: w.text.Other[:0]}, h, f)
	if err != nil {
		return text, err
	}
	w.text = text
	return repodata.Fragment{Primary: bytes.Clone(text.Primary), Filelists: bytes.Clone(text.Filelists), Other: bytes.Clone(text.Other)}, nil
}

// writer writes one description after the other.
type writer struct {
	repodata.Describer
	text repodata.Fragment
}

// learn notes what only the file itself could tell.
func (d *describer) learn(place int32, size int64, h header.Header) {
	built, _, _ := h.Number(header.BuildTime) // what is broken was an error before
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &d.sel.Files[place]
	f.Size, f.Exact = size, true
	if f.Time == 0 {
		f.Time = int64(built) //nolint:gosec // 32 bits in the header
	}
}

// Measure finds out the sizes that are not known. What it reads is kept for the
// description, as long as that is little. Stop tells that the time is nearly
// over; then the error is frame.ErrStopped.
func (p *Publisher) Measure(ctx context.Context, sel *gather.Selection, stop func() bool) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(64)
	d := &describer{Publisher: p, sel: sel}
	stopped := false
	for i := range sel.Files {
		f := d.file(i)
		if f.Exact && f.Time != 0 {
			continue
		}
		if stopped = stop(); stopped {
			break
		}
		group.Go(func() error {
			head, err := p.head(inner, &f)
			if err != nil {
				return err
			}
			if p.held.Add(memory(head)) <= heldMost {
				p.near.Store(p.Address(&f), head)
			} else {
				p.held.Add(-memory(head))
			}
			d.learn(int32(i), head.Size, head.Header) //nolint:gosec // Koji's lists are bounded far below
			return nil
		})
	}
	err := group.Wait()
	if err == nil && stopped {
		err = frame.ErrStopped
	}
	return err
}

func (d *describer) file(i int) gather.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sel.Files[i]
}
