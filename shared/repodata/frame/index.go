package frame

import (
	"crypto/sha256"
	"hash/crc32"
)

// Index says what frames a set of three objects is made of, and what packages
// they describe. It has no pointer to anything outside: an Index that was read
// back is as good as the one that was written.
type Index struct {
	// Keys are where the three objects are. A new Index has none: whoever
	// stores the objects sets them, before the Index is stored or used.
	Keys [3]string
	// Format of all frames.
	Format Format

	start    [3]int64 // where the first segment begins, after the head
	segments []segment
	lengths  [3][]uint32 // of each entry's description
	ids      []ID        // of each entry
}

// segment is a run of entries that was compressed at once. Most frames are one
// segment; one with very long descriptions has several, so that no more than
// segmentBytes and one description need be in memory.
type segment struct {
	begins bool // a frame
	count  int  // entries
	part   [3]part

	entry  int      // the first entry's number
	offset [3]int64 // where part begins in its object
}

// part is a segment in one of the three documents.
type part struct {
	packed, open int64 // bytes
	sum          uint32
}

// Packages is how many packages are described.
func (x *Index) Packages() int { return len(x.ids) }

// Frames is how many frames there are.
func (x *Index) Frames() int {
	n := 0
	for i := range x.segments {
		if x.segments[i].begins {
			n++
		}
	}
	return n
}

// place computes what follows from the rest: where each segment begins.
func (x *Index) place() {
	entry, offset := 0, x.start
	for i := range x.segments {
		s := &x.segments[i]
		s.entry, s.offset = entry, offset
		entry += s.count
		for k := range offset {
			offset[k] += s.part[k].packed
		}
	}
}

// frameEnd gives the segment after the frame that begins with segment at.
func (x *Index) frameEnd(at int) int {
	for at++; at < len(x.segments) && !x.segments[at].begins; {
		at++
	}
	return at
}

// add appends a segment of the entries whose ids and lengths are given.
func (x *Index) add(s segment, ids []ID, lengths [3][]uint32) {
	s.entry, s.offset = len(x.ids), x.start
	if n := len(x.segments); n > 0 {
		last := &x.segments[n-1]
		for k := range s.offset {
			s.offset[k] = last.offset[k] + last.part[k].packed
		}
	}
	x.segments = append(x.segments, s)
	x.ids = append(x.ids, ids...)
	for k := range lengths {
		x.lengths[k] = append(x.lengths[k], lengths[k]...)
	}
}

// frameID stands for the packages of one frame, in order.
func frameID[T any](entries []T, id func(T) ID) ID {
	sum := sha256.New()
	for _, e := range entries {
		one := id(e)
		_, _ = sum.Write(one[:])
	}
	return ID(sum.Sum(nil)[:16])
}

// checksum guards a copied range. Objects have stronger checksums in repomd;
// this one is to notice a range of the wrong object before it is copied.
func checksum(packed []byte) uint32 { return crc32.Checksum(packed, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli) //nolint:gochecknoglobals // a constant table
