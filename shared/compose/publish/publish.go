// Package publish makes the directory of a compose in the bucket: the metadata
// dnf installs from, what other tools read beside it, and last of all the word
// that it is finished.
//
// No package is copied: the metadata names where Koji serves it. What an earlier
// compose described is taken from its metadata as it is.
package publish

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/frame"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// Bucket is where the directory is made.
type Bucket interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
	Delete(ctx context.Context, key string) error
}

// Heads reads what packages say of themselves. rpmfile.Reader does.
type Heads interface {
	Head(ctx context.Context, address string) (rpmfile.Head, error)
}

// Options shape what is written. Two composes of the same packages with the same
// options have the same metadata.
type Options struct {
	// Base is the address packages are downloaded from, as xml:base; empty: where
	// the Koji instance serves its files.
	Base string
	// Format is how metadata is compressed.
	Format frame.Format
	// Cut is the length of frames; the zero value is frame.DefaultCut.
	Cut frame.Cut
	// Metadata shapes the description of each package.
	Metadata repodata.Options
	// OmitOpenChecksum saves the decompressing of all that is copied. dnf does
	// not miss the checksum; other tools may.
	OmitOpenChecksum bool
}

// Publisher makes directories. Its fields are set before use.
type Publisher struct {
	Bucket Bucket
	Heads  Heads
	// Address is where a file is read from.
	Address func(f *gather.File) string
	// Files is what Address begins with for the files of the Koji instance.
	Files string
	// Foreign gives the description that another repository has of a package of
	// its own, by its checksum; nil: there are none.
	Foreign func(pkgid string) (repodata.Fragment, bool, error)
	// Origin names who says what Foreign gives. Descriptions of one origin are
	// used for no other.
	Origin string
	Options

	// near are heads that were read to learn a size, for the description that
	// follows.
	near sync.Map
	held atomic.Int64
}

// heldMost bounds the bytes of heads that are kept in between.
const heldMost = 32 << 20

// base is the xml:base of a file.
func (p *Publisher) base(f *gather.File) string {
	switch {
	case f.Base != "":
		return f.Base
	case p.Base != "":
		return p.Base
	}
	return p.Files
}

// fetch reads a range for frames that are copied.
func (p *Publisher) fetch(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	object, err := p.Bucket.GetRange(ctx, key, offset, length)
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrRange) {
		return nil, fmt.Errorf("%w: %w", frame.ErrGone, err)
	}
	return object.Body, err
}

// BrokenError is a package whose file is not what it should be.
type BrokenError struct {
	NEVRA, URL string
	Err        error
}

// Error names the package, its address, and what is wrong.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("package %s at %s: %v", e.NEVRA, e.URL, e.Err)
}

// Unwrap gives what is wrong.
func (e *BrokenError) Unwrap() error { return e.Err }

// head reads the header of a file, and compares it with what is known of it.
func (p *Publisher) head(ctx context.Context, f *gather.File) (rpmfile.Head, error) {
	address := p.Address(f)
	if kept, found := p.near.LoadAndDelete(address); found {
		head, _ := kept.(rpmfile.Head) // nothing else is put there
		p.held.Add(-memory(head))
		return head, nil
	}
	head, err := p.Heads.Head(ctx, address)
	var gone *rpmfile.GoneError
	switch {
	case errors.As(err, &gone):
		return head, &gather.GoneError{NEVRA: f.NEVRA, Path: f.Path, URL: address}
	case errors.Is(err, header.ErrBroken):
		return head, &BrokenError{f.NEVRA, address, err}
	case err != nil:
		return head, fmt.Errorf("package %s: %w", f.NEVRA, err)
	}
	if err := check(head, f); err != nil {
		return head, &BrokenError{f.NEVRA, address, err}
	}
	return head, nil
}

func check(head rpmfile.Head, f *gather.File) error {
	name, err := head.NVRA()
	if err != nil {
		return err
	}
	payload, err := head.SigMD5()
	if err != nil {
		return err
	}
	key, err := head.SigKey()
	if err != nil {
		return err
	}
	switch said := name.NEVRA(); {
	case said != f.NEVRA && !noSource(said, f.NEVRA):
		return fmt.Errorf("it is %s by its header", said)
	case f.Payload != "" && payload != "" && f.Payload != payload:
		return fmt.Errorf("its payload has md5 %s, Koji says %s: the file was exchanged", payload, f.Payload)
	case f.Exact && head.Size != f.Size:
		return fmt.Errorf("it has %d bytes, and should have %d: the file was damaged or exchanged", head.Size, f.Size)
	case head.End() > head.Size:
		return fmt.Errorf("it has %d bytes, its headers alone %d: the file is cut off", head.Size, head.End())
	case f.Sigkey != "" && key != "" && key != f.Sigkey:
		return fmt.Errorf("it is signed with %s, not with %s", key, f.Sigkey)
	}
	return nil
}

// noSource tells whether two names are of one source package, one of which says
// that some of its sources are left out: that no header tells.
func noSource(said, known string) bool {
	const src, nosrc = ".src", ".nosrc"
	return len(known) > len(nosrc) && known[len(known)-len(nosrc):] == nosrc &&
		said == known[:len(known)-len(nosrc)]+src
}

// memory is what a head that is kept costs.
func memory(head rpmfile.Head) int64 { return max(head.End(), header.HeadSize) }
