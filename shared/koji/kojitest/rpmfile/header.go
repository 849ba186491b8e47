// Package rpmfile reads, makes and signs RPM files as far as a local Koji has
// to: it reads what a package is called, makes small packages out of nothing for
// a tag of thousands, and writes signed copies.
//
// The format is that of rpm's docs/manual/format_v4.md and format_header.md.
package rpmfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrFormat says that a file is no RPM file.
var ErrFormat = errors.New("not an RPM file")

// leadSize is the length of the lead, which only says that this is an RPM.
const leadSize = 96

// Bounds of a header, as rpm has them (lib/header.cc).
const (
	mostEntries = 0xffff
	mostData    = 0x0fffffff
)

// kind is the type of an entry's data.
type kind uint32

const (
	int16s  kind = 3
	int32s  kind = 4
	text    kind = 6
	binary8 kind = 7
	texts   kind = 8
	i18n    kind = 9
)

// regionSize is that of the entry which says where the others end.
const regionSize = 16

// entry is one tag of a header with its data.
type entry struct {
	tag, count uint32
	kind       kind
	data       []byte
}

// header is what a package says of itself, or its signatures.
type header struct {
	region  uint32 // the tag of the region: 62 or 63; 0 for none
	entries []entry
}

func (h *header) add(tag uint32, k kind, count int, data []byte) {
	h.entries = append(h.entries, entry{tag, uint32(count), k, data})
}

func (h *header) text(tag uint32, value string) { h.add(tag, text, 1, append([]byte(value), 0)) }

func (h *header) texts(tag uint32, k kind, values ...string) {
	var data []byte
	for _, v := range values {
		data = append(append(data, v...), 0)
	}
	h.add(tag, k, len(values), data)
}

func (h *header) ints(tag uint32, values ...uint32) {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.BigEndian.AppendUint32(data, v)
	}
	h.add(tag, int32s, len(values), data)
}

func (h *header) shorts(tag uint32, values ...uint16) {
	data := make([]byte, 0, 2*len(values))
	for _, v := range values {
		data = binary.BigEndian.AppendUint16(data, v)
	}
	h.add(tag, int16s, len(values), data)
}

// find gives an entry; a zero one if there is none.
func (h *header) find(tag uint32) entry {
	for _, e := range h.entries {
		if e.tag == tag {
			return e
		}
	}
	return entry{}
}

// word is the first text of an entry, number its first number.
func (e entry) word() string {
	if e.kind != text && e.kind != texts && e.kind != i18n {
		return ""
	}
	word, _, _ := bytes.Cut(e.data, []byte{0})
	return string(word)
}

func (e entry) number() uint32 {
	if e.kind != int32s || len(e.data) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(e.data)
}

// encode writes a header: the entries by tag, after that of the region.
func (h *header) encode() []byte {
	entries := slices.Clone(h.entries)
	slices.SortStableFunc(entries, func(a, b entry) int { return int(a.tag) - int(b.tag) })
	index := make([]byte, 0, 16*(len(entries)+1))
	var data []byte
	put := func(tag uint32, k kind, offset, count int) {
		index = binary.BigEndian.AppendUint32(index, tag)
		index = binary.BigEndian.AppendUint32(index, uint32(k))
		index = binary.BigEndian.AppendUint32(index, uint32(offset))
		index = binary.BigEndian.AppendUint32(index, uint32(count))
	}
	size := 0
	for _, e := range entries {
		size = aligned(size, e.kind) + len(e.data)
	}
	total := len(entries)
	if h.region != 0 {
		put(h.region, binary8, size, regionSize)
		total++
	}
	for _, e := range entries {
		data = append(data, make([]byte, aligned(len(data), e.kind)-len(data))...)
		put(e.tag, e.kind, len(data), int(e.count))
		data = append(data, e.data...)
	}
	if h.region != 0 {
		// The region's own data points back over all entries.
		data = binary.BigEndian.AppendUint32(data, h.region)
		data = binary.BigEndian.AppendUint32(data, uint32(binary8))
		data = binary.BigEndian.AppendUint32(data, uint32(-16*total))
		data = binary.BigEndian.AppendUint32(data, regionSize)
	}
	out := []byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}
	out = binary.BigEndian.AppendUint32(out, uint32(total))
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	return append(append(out, index...), data...)
}

func aligned(offset int, k kind) int {
	size := 1
	switch k {
	case int16s:
		size = 2
	case int32s:
		size = 4
	case 5: // 64 bits
		size = 8
	default:
	}
	return (offset + size - 1) / size * size
}

// decode reads the entries of a header from what follows its 16 first bytes.
func decode(body []byte, count int) (*header, error) {
	h := &header{}
	index, data := body[:16*count], body[16*count:]
	for i := range count {
		e := entry{
			tag:   binary.BigEndian.Uint32(index[16*i:]),
			kind:  kind(binary.BigEndian.Uint32(index[16*i+4:])),
			count: binary.BigEndian.Uint32(index[16*i+12:]),
		}
		offset := binary.BigEndian.Uint32(index[16*i+8:])
		if uint64(offset) > uint64(len(data)) || e.count > mostData {
			return nil, fmt.Errorf("%w: tag %d lies outside", ErrFormat, e.tag)
		}
		size, ok := e.length(data[offset:])
		if !ok {
			return nil, fmt.Errorf("%w: the data of tag %d end early", ErrFormat, e.tag)
		}
		if i == 0 && (e.tag == regionSignatures || e.tag == regionImmutable) {
			h.region = e.tag
			continue
		}
		e.data = data[offset:][:size]
		h.entries = append(h.entries, e)
	}
	return h, nil
}

// length is how many bytes an entry's data have, of those that follow.
func (e entry) length(data []byte) (int, bool) {
	size := 0
	switch e.kind {
	case 0, 1, 2, binary8:
		size = int(e.count)
	case int16s:
		size = 2 * int(e.count)
	case int32s:
		size = 4 * int(e.count)
	case 5:
		size = 8 * int(e.count)
	case text, texts, i18n:
		for range e.count {
			end := bytes.IndexByte(data[size:], 0)
			if end < 0 {
				return 0, false
			}
			size += end + 1
		}
	default:
		return 0, false
	}
	return size, size <= len(data)
}
