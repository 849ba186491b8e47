package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/distaff-project/distaff/shared/repodata"
)

// ErrNone says that a repository does not have a file of the kind asked for.
var ErrNone = errors.New("repomd.xml lists none")

// Packages reads primary. It is read as it comes, so that what was seen counts
// only if the last thing is not an error: only the end proves the checksum. A
// Package is valid until the next one.
func (r *Repository) Packages(ctx context.Context) iter.Seq2[*Package, error] {
	return func(yield func(*Package, error) bool) {
		reader := &primaryReader{base: r.URL}
		done := false
		err := r.each(ctx, repodata.Primary, func(raw []byte) (bool, error) {
			p, err := reader.read(raw)
			if err == nil {
				done = !yield(p, nil)
			}
			return !done, err
		})
		if err != nil && !done {
			yield(nil, err)
		}
	}
}

// Descriptions calls with each package's pkgid and description in primary,
// filelists or other: a <package> element and a newline, as it can be merged
// into a repository of ours, valid until the next call. What was heard counts
// only if no error is returned.
func (r *Repository) Descriptions(ctx context.Context, kind repodata.Kind, call func(pkgid string, description []byte) error) error {
	primary, other := &primaryReader{base: r.URL}, &idReader{}
	var line []byte
	return r.each(ctx, kind, func(raw []byte) (bool, error) {
		if kind == repodata.Primary {
			p, err := primary.read(raw)
			if err != nil {
				return false, err
			}
			return true, call(p.File.PkgID, p.Primary)
		}
		if err := scan(raw, other); err != nil {
			return false, fmt.Errorf("package %.140q %w", other.pkgid, err)
		}
		line = append(append(line[:0], raw...), '\n')
		return true, call(other.pkgid, line)
	})
}

// each calls with each <package> element of a document until there are no more
// or it wants no more.
func (r *Repository) each(ctx context.Context, kind repodata.Kind, call func(raw []byte) (more bool, err error)) error {
	d, found := r.Repomd.Find(kind)
	if !found {
		return r.fail(string(kind), ErrNone)
	}
	from, err := r.open(ctx, d)
	if err != nil {
		return r.fail(d.Location, err)
	}
	defer from.close()
	s := &splitter{from: from, kind: kind, limit: r.limits.Package}
	for n := 0; ; n++ {
		raw, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n == r.limits.Packages {
			err = fmt.Errorf("it has more than %d packages", n)
		}
		more := true
		if err == nil {
			more, err = call(raw)
		}
		if err != nil {
			return r.fail(d.Location, err)
		}
		if !more {
			return nil
		}
	}
}

// Document reads a file that is not a list of packages: groups, modules,
// updateinfo. It is decompressed and was checked. Without such a file the error
// is ErrNone.
func (r *Repository) Document(ctx context.Context, kind repodata.Kind) ([]byte, error) {
	d, found := r.Repomd.Find(kind)
	if !found && kind == repodata.Group {
		d, found = r.Repomd.Find("group_gz") // older createrepo_c has it twice, or only so
	}
	if !found {
		return nil, r.fail(string(kind), ErrNone)
	}
	from, err := r.open(ctx, d)
	if err != nil {
		return nil, r.fail(d.Location, err)
	}
	defer from.close()
	data, err := io.ReadAll(io.LimitReader(from, r.limits.Document+1))
	if err != nil {
		return nil, r.fail(d.Location, err)
	}
	if int64(len(data)) > r.limits.Document {
		return nil, r.fail(d.Location, fmt.Errorf("it has more than %d bytes decompressed", r.limits.Document))
	}
	return data, nil
}
