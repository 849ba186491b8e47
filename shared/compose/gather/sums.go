package gather

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/koji"
)

// Sums remembers checksums of files by all that would be different if the file
// was.
type Sums interface {
	// Find gives the sha256 of a file, or "" where it is not known.
	Find(ctx context.Context, address, sigkey string, file rpmfile.File) (string, error)
	// Keep remembers it.
	Keep(ctx context.Context, address, sigkey string, file rpmfile.File, sha256 string) error
}

const (
	// askAtOnce is after how many checksums from Koji the time is looked at.
	askAtOnce = 4000
	// readAtOnce is how many files are read at a time to compute their checksum:
	// the network is the limit there, not the waiting.
	readAtOnce = 8
)

// ErrStopped says that the time was nearly over. What was found out is kept in
// the Selection.
var ErrStopped = errors.New("stopped before the end")

// Checksums fills in the checksums that are missing, of all files or of those
// that want says: from Koji where it has them, else by reading the file once.
// Stop tells that it is time to end.
func (g *Gatherer) Checksums(ctx context.Context, sel *Selection, stop func() bool) error {
	if err := g.AskChecksums(ctx, sel, stop); err != nil {
		return err
	}
	var unknown []int
	for i := range sel.Files {
		if sel.Files[i].SHA256 == "" {
			unknown = append(unknown, i)
		}
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(readAtOnce)
	var stopped atomic.Bool
	for _, i := range unknown {
		if stop() {
			stopped.Store(true)
			break
		}
		group.Go(func() error { return g.read(inner, &sel.Files[i]) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if stopped.Load() {
		return ErrStopped
	}
	return nil
}

// AskChecksums fills in the checksums that Koji has, and reads nothing.
func (g *Gatherer) AskChecksums(ctx context.Context, sel *Selection, stop func() bool) error {
	var unknown []int
	for i := range sel.Files {
		if f := &sel.Files[i]; f.SHA256 == "" && f.ID != 0 && f.Base == "" {
			unknown = append(unknown, i)
		}
	}
	for part := range slices.Chunk(unknown, askAtOnce) {
		if stop() {
			return ErrStopped
		}
		ids := make([]int64, len(part))
		for k, i := range part {
			ids[k] = sel.Files[i].ID
		}
		sums, err := g.Hub.Checksums(ctx, ids, false)
		if errors.Is(err, koji.ErrNoCall) {
			return nil // a hub before 1.32
		}
		if err != nil {
			return fmt.Errorf("ask for the checksums of %d packages: %w", len(ids), err)
		}
		for k, i := range part {
			for _, c := range sums[k] {
				if c.Sigkey == sel.Files[i].Sigkey {
					sel.Files[i].SHA256 = c.SHA256
				}
			}
		}
	}
	return nil
}

// Exchanged names the files of which Koji has another checksum than they had:
// they were signed anew, with the same key.
func (g *Gatherer) Exchanged(ctx context.Context, files []compose.RPM) ([]string, error) {
	now := Selection{}
	for _, p := range files {
		was := File{RPM: p}
		was.SHA256 = ""
		now.Files = append(now.Files, was)
	}
	if err := g.AskChecksums(ctx, &now, func() bool { return false }); err != nil {
		return nil, err
	}
	var others []string
	for i, p := range files {
		if sum := now.Files[i].SHA256; sum != "" && sum != p.SHA256 {
			others = append(others, p.NEVRA)
		}
	}
	return others, nil
}

// GoneError says that Koji knows of a file that is not there.
type GoneError struct{ NEVRA, Path, URL string }

// Error names the package and the address.
func (e *GoneError) Error() string {
	return fmt.Sprintf("package %s: there is no file at %s", e.NEVRA, e.URL)
}

// read computes a checksum, unless it was computed before.
func (g *Gatherer) read(ctx context.Context, f *File) error {
	address := g.Address(f)
	file, err := g.Files.Stat(ctx, address)
	if err != nil {
		return fileError(f, address, err)
	}
	if f.Exact && file.Size != f.Size {
		return problem("Package %s: the file at %s has %d bytes, Koji says %d. It was damaged or exchanged.",
			f.NEVRA, address, file.Size, f.Size)
	}
	known, err := g.Sums.Find(ctx, address, f.Sigkey, file)
	if err != nil {
		return err
	}
	if known == "" {
		sum, err := g.Files.Sum(ctx, address)
		if err != nil {
			return fileError(f, address, err)
		}
		if sum.Size != file.Size {
			return fmt.Errorf("read %s: %d bytes came of %d", address, sum.Size, file.Size)
		}
		if err := g.Sums.Keep(ctx, address, f.Sigkey, file, sum.SHA256); err != nil {
			return err
		}
		known = sum.SHA256
	}
	f.SHA256, f.Size, f.Exact = known, file.Size, true
	return nil
}

func fileError(f *File, address string, err error) error {
	var gone *rpmfile.GoneError
	if errors.As(err, &gone) {
		return &GoneError{NEVRA: f.NEVRA, Path: f.Path, URL: address}
	}
	return fmt.Errorf("package %s: %w", f.NEVRA, err)
}

// Address is where a file is read.
func (g *Gatherer) Address(f *File) string {
	if f.Base != "" {
		return joinURL(f.Base, f.Path)
	}
	return g.Hub.FilesURL(f.Path)
}
