package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// An Index as bytes is this line, the number of bytes that follow when
// decompressed, and then one zstd frame of:
//
//	compression, level
//	3 × (key, offset of the first segment)
//	number of segments, and for each: flags (1: begins a frame), number of
//	  entries, 3 × (packed bytes, open bytes, CRC-32C of the packed bytes)
//	3 × the length of each entry's description
//	the ID of each entry
//
// Numbers are uvarints but for the CRC (4 bytes, big endian); texts and keys
// have their length before them.
const magic = "distaff frames 1\n"

// Bounds of an Index that is read. The largest known architecture has 70,000
// packages; its Index has 1.4 MB.
const (
	maxIndex    = 64 << 20 // bytes, decompressed
	maxEntries  = 1 << 20
	maxSegments = 1 << 17
	maxKey      = 1024
	maxObject   = 1 << 40
)

// ErrIndex says that bytes are no Index this version reads. Whoever meets it
// can go on without: all that is lost is what could have been copied.
var ErrIndex = errors.New("no index of frames")

// Encode writes the Index as bytes, compressed.
func (x *Index) Encode() []byte {
	raw := x.raw()
	c := codec{}
	defer c.close()
	packed, err := c.compress(Format{Compression: "zstd", Level: 3}, raw, appendSize(len(raw)))
	if err != nil {
		panic("frame: " + err.Error()) // only for options zstd refuses, and these are constants
	}
	return packed
}

func appendSize(size int) []byte {
	return appendNumber([]byte(magic), size)
}

func (x *Index) raw() []byte {
	raw := make([]byte, 0, 1024+len(x.segments)*32+len(x.ids)*24)
	raw = appendText(raw, x.Format.Compression)
	raw = appendNumber(raw, x.Format.Level)
	for k := range x.Keys {
		raw = appendText(raw, x.Keys[k])
		raw = appendNumber(raw, x.start[k])
	}
	raw = appendNumber(raw, len(x.segments))
	for i := range x.segments {
		s := &x.segments[i]
		flags := 0
		if s.begins {
			flags = 1
		}
		raw = appendNumber(raw, flags)
		raw = appendNumber(raw, s.count)
		for _, p := range s.part {
			raw = appendNumber(raw, p.packed)
			raw = appendNumber(raw, p.open)
			raw = binary.BigEndian.AppendUint32(raw, p.sum)
		}
	}
	for k := range x.lengths {
		for _, n := range x.lengths[k] {
			raw = appendNumber(raw, n)
		}
	}
	for i := range x.ids {
		raw = append(raw, x.ids[i][:]...)
	}
	return raw
}

// appendNumber writes what is never below 0: a length, a count, an offset.
func appendNumber[N int | int64 | uint32](raw []byte, n N) []byte {
	return binary.AppendUvarint(raw, uint64(n))
}

func appendText(raw []byte, text string) []byte {
	return append(appendNumber(raw, len(text)), text...)
}

// DecodeIndex reads what Encode wrote. Anything else is ErrIndex: it promises
// that all lengths agree with each other, but not that the objects are there.
func DecodeIndex(data []byte) (*Index, error) {
	packed, found := bytes.CutPrefix(data, []byte(magic))
	if !found {
		return nil, fmt.Errorf("%w: it begins with %.20q", ErrIndex, data)
	}
	size, n := binary.Uvarint(packed)
	if n <= 0 || size > maxIndex {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrIndex, maxIndex)
	}
	c := codec{}
	defer c.close()
	raw, err := c.expand(Format{Compression: "zstd"}, packed[n:], int(size), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIndex, err)
	}
	r := &indexReader{rest: raw}
	x := r.index()
	if r.err != nil {
		return nil, r.err
	}
	return x, nil
}

// indexReader reads numbers until the first that is wrong.
type indexReader struct {
	rest []byte
	err  error
}

func (r *indexReader) index() *Index {
	x := &Index{}
	x.Format.Compression = r.text(16)
	x.Format.Level = int(r.number(math.MaxInt16))
	if x.Format.Compression != "zstd" && x.Format.Compression != "gzip" {
		r.fail("compression %.20q", x.Format.Compression)
	}
	for k := range x.Keys {
		x.Keys[k] = r.text(maxKey)
		x.start[k] = r.number(maxObject)
	}
	x.segments = make([]segment, 0, r.count(3*(1+1+4)+2))
	entries := 0
	for len(x.segments) < cap(x.segments) && r.err == nil {
		s := r.segment(len(x.segments) == 0)
		entries += s.count
		if entries > maxEntries {
			r.fail("more than %d packages", maxEntries)
		}
		x.segments = append(x.segments, s)
	}
	if r.err != nil || len(r.rest) < entries*(3+len(ID{})) {
		r.fail("cut off")
		return x
	}
	for k := range x.lengths {
		x.lengths[k] = r.lengths(x.segments, k, entries)
	}
	if len(r.rest) != entries*len(ID{}) {
		r.fail("%d bytes where the identities of %d packages should be", len(r.rest), entries)
		return x
	}
	x.ids = make([]ID, entries)
	for i := range x.ids {
		x.ids[i] = ID(r.rest[i*len(ID{}):])
	}
	x.place()
	return x
}

func (r *indexReader) segment(first bool) segment {
	flags := r.number(1)
	s := segment{begins: flags == 1, count: int(r.number(maxEntries))}
	if first && !s.begins {
		r.fail("it begins inside a frame")
	}
	if s.count == 0 {
		r.fail("a frame of nothing")
	}
	for k := range s.part {
		s.part[k].packed = r.number(math.MaxInt32)
		s.part[k].open = r.number(math.MaxInt32)
		s.part[k].sum = r.fixed()
	}
	return s
}

// lengths reads a column of them and compares it with the segments' sizes.
func (r *indexReader) lengths(segments []segment, k, entries int) []uint32 {
	all := make([]uint32, 0, entries)
	for i := range segments {
		total := int64(0)
		for range segments[i].count {
			n := r.number(math.MaxInt32)
			total += n
			all = append(all, uint32(n)) //nolint:gosec // number's bound is below
		}
		if total != segments[i].part[k].open {
			r.fail("a frame's descriptions have %d bytes, it has %d", total, segments[i].part[k].open)
		}
		if r.err != nil {
			return nil
		}
	}
	return all
}

func (r *indexReader) number(most int64) int64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(most) { //nolint:gosec // most is a positive constant
		r.fail("a number is cut off or above %d", most)
		return 0
	}
	r.rest = r.rest[size:]
	return int64(n) //nolint:gosec // most is an int64
}

// count reads how many things follow of which each has at least size bytes.
func (r *indexReader) count(size int) int {
	n := int(r.number(maxSegments))
	if n > len(r.rest)/size {
		r.fail("it says %d frames in %d bytes", n, len(r.rest))
		return 0
	}
	return n
}

func (r *indexReader) text(most int64) string {
	n := r.number(most)
	if n > int64(len(r.rest)) {
		r.fail("cut off")
		return ""
	}
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

func (r *indexReader) fixed() uint32 {
	if len(r.rest) < 4 {
		r.fail("cut off")
		return 0
	}
	n := binary.BigEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	return n
}

// fail keeps the first reason and ends the reading.
func (r *indexReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrIndex, fmt.Sprintf(format, args...))
	}
	r.rest = nil
}
