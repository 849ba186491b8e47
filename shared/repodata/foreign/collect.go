package foreign

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/distaff-project/distaff/shared/repodata"
)

// Descriptions of many packages are kept compressed, in blocks of this size: a
// distribution's have a gigabyte.
const blockBytes = 512 << 10

// Collection has the descriptions of some packages of a repository. It is safe
// for concurrent use.
type Collection struct {
	parts [3]shelf
}

// shelf has the descriptions of one document.
type shelf struct {
	sync.Mutex
	kind   repodata.Kind
	where  map[string]spot
	blocks [][]byte

	filling []byte
	to      *zstd.Encoder

	from   *zstd.Decoder
	opened int // the block that was decompressed last
	text   []byte
}

type spot struct{ block, from, to int }

// Collect reads all three documents at once and keeps the descriptions of the
// packages that want names by pkgid. It is an error if one has no description.
func (r *Repository) Collect(ctx context.Context, want map[string]bool) (*Collection, error) {
	c := &Collection{}
	all, ctx := errgroup.WithContext(ctx)
	var room keeping
	room.left = r.limits.Kept
	for k, kind := range []repodata.Kind{repodata.Primary, repodata.Filelists, repodata.Other} {
		s := &c.parts[k]
		s.kind, s.where, s.opened = kind, make(map[string]spot, len(want)), -1
		all.Go(func() error {
			if err := s.collect(ctx, r, want, &room); err != nil {
				return err
			}
			for pkgid := range want {
				if _, found := s.where[pkgid]; !found {
					return r.fail(string(kind), fmt.Errorf("it does not have the package with checksum %.140q, which another of its files lists", pkgid))
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return c, nil
}

// keeping bounds what three shelves keep together.
type keeping struct {
	sync.Mutex
	left int64
}

func (k *keeping) take(n int) error {
	k.Lock()
	defer k.Unlock()
	if k.left -= int64(n); k.left < 0 {
		return errors.New("the descriptions of the packages to be merged are too large to be kept")
	}
	return nil
}

func (s *shelf) collect(ctx context.Context, r *Repository, want map[string]bool, room *keeping) error {
	var err error
	if s.to, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
		return fmt.Errorf("prepare zstd: %w", err)
	}
	if s.from, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err != nil {
		return fmt.Errorf("prepare zstd: %w", err)
	}
	err = r.Descriptions(ctx, s.kind, func(pkgid string, description []byte) error {
		if _, again := s.where[pkgid]; again || !want[pkgid] {
			return nil
		}
		from := len(s.filling)
		s.filling = append(s.filling, description...)
		s.where[pkgid] = spot{len(s.blocks), from, len(s.filling)}
		if len(s.filling) < blockBytes {
			return nil
		}
		return s.pack(room)
	})
	if err == nil && len(s.filling) > 0 {
		err = s.pack(room)
	}
	s.filling, s.to = nil, nil
	return err
}

func (s *shelf) pack(room *keeping) error {
	block := s.to.EncodeAll(s.filling, nil)
	s.blocks = append(s.blocks, block)
	s.filling = s.filling[:0]
	return room.take(len(block))
}

// Get gives a package's descriptions. Packages are best asked for in the order
// of the repository, because neighbours are decompressed together.
func (c *Collection) Get(pkgid string) (repodata.Fragment, bool, error) {
	var texts [3][]byte
	for k := range c.parts {
		text, found, err := c.parts[k].get(pkgid)
		if err != nil || !found {
			return repodata.Fragment{}, false, err
		}
		texts[k] = text
	}
	return repodata.Fragment{Primary: texts[0], Filelists: texts[1], Other: texts[2]}, true, nil
}

func (s *shelf) get(pkgid string) ([]byte, bool, error) {
	s.Lock()
	defer s.Unlock()
	at, found := s.where[pkgid]
	if !found {
		return nil, false, nil
	}
	if s.opened != at.block {
		text, err := s.from.DecodeAll(s.blocks[at.block], s.text[:0])
		if err != nil {
			return nil, false, fmt.Errorf("take a description of %s out again: %w", s.kind, err)
		}
		s.text, s.opened = text, at.block
	}
	return append([]byte(nil), s.text[at.from:at.to]...), true, nil
}
