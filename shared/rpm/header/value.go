package header

import (
	"bytes"
	"encoding/binary"
)

// Has reports whether the tag is there.
func (s Section) Has(tag Tag) bool {
	_, ok := s.find(tag)
	return ok
}

// Text is a copy of the tag's text; of several, or of translations, the first
// (that of the C locale). It is empty when the tag is absent. It need not be
// UTF-8.
func (s Section) Text(tag Tag) (string, error) {
	raw, err := s.Raw(tag)
	return string(raw), err
}

// Raw is Text in the header's own memory.
func (s Section) Raw(tag Tag) ([]byte, error) {
	texts, err := s.Strings(tag)
	if err != nil {
		return nil, err
	}
	text, _ := texts.Next()
	return text, nil
}

// Texts is a copy of all the tag's texts.
func (s Section) Texts(tag Tag) ([]string, error) {
	view, err := s.Strings(tag)
	if err != nil || view.Len() == 0 {
		return nil, err
	}
	texts := make([]string, 0, view.Len())
	for text, ok := view.Next(); ok; text, ok = view.Next() {
		texts = append(texts, string(text))
	}
	return texts, nil
}

// Strings views the tag's texts in the header's own memory. It has none when
// the tag is absent.
func (s Section) Strings(tag Tag) (Strings, error) {
	e, ok := s.find(tag)
	if !ok {
		return Strings{}, nil
	}
	if !e.kind.text() {
		return Strings{}, s.broken(tag, "is of type %d, no text", e.kind)
	}
	values := s.store[e.offset:e.limit]
	if ends := bytes.Count(values, []byte{0}); uint64(ends) < uint64(e.count) { //nolint:gosec // a count is not negative
		return Strings{}, s.broken(tag, "has %d texts, of which %d end", e.count, ends)
	}
	return Strings{rest: values, left: int(e.count)}, nil
}

// Strings is a row of texts, read one after the other.
type Strings struct {
	rest []byte
	left int
}

// Len is how many texts are left.
func (v *Strings) Len() int { return v.left }

// Next gives the next text, without its end, and whether there was one.
func (v *Strings) Next() ([]byte, bool) {
	if v.left == 0 {
		return nil, false
	}
	v.left--
	end := bytes.IndexByte(v.rest, 0)
	text := v.rest[:end:end]
	v.rest = v.rest[end+1:]
	return text, true
}

// Ints views the tag's numbers, whatever their width, in the header's own
// memory. It has none when the tag is absent.
func (s Section) Ints(tag Tag) (Ints, error) {
	e, ok := s.find(tag)
	if !ok {
		return Ints{}, nil
	}
	if e.kind > kindInt64 {
		return Ints{}, s.broken(tag, "is of type %d, no number", e.kind)
	}
	width := e.kind.width()
	size := uint64(e.count) * width
	return Ints{values: s.store[e.offset : uint64(e.offset)+size], width: int(width)}, nil //nolint:gosec // at most 8
}

// Ints is a row of numbers.
type Ints struct {
	values []byte
	width  int
}

// Len is how many numbers there are.
func (v Ints) Len() int {
	if v.width == 0 {
		return 0
	}
	return len(v.values) / v.width
}

// At is number i. The format knows no negative ones.
func (v Ints) At(i int) uint64 {
	switch v.width {
	case 2:
		return uint64(binary.BigEndian.Uint16(v.values[2*i:]))
	case 4:
		return uint64(binary.BigEndian.Uint32(v.values[4*i:]))
	case 8:
		return binary.BigEndian.Uint64(v.values[8*i:])
	default:
		return uint64(v.values[i])
	}
}

// Uint64s is a copy of the tag's numbers.
func (s Section) Uint64s(tag Tag) ([]uint64, error) {
	view, err := s.Ints(tag)
	if err != nil || view.Len() == 0 {
		return nil, err
	}
	numbers := make([]uint64, view.Len())
	for i := range numbers {
		numbers[i] = view.At(i)
	}
	return numbers, nil
}

// Number is the tag's first number, and whether there is one.
func (s Section) Number(tag Tag) (uint64, bool, error) {
	view, err := s.Ints(tag)
	if err != nil || view.Len() == 0 {
		return 0, false, err
	}
	return view.At(0), true, nil
}

// Bin is the tag's bytes in the header's own memory; nil when it is absent.
func (s Section) Bin(tag Tag) ([]byte, error) {
	e, ok := s.find(tag)
	if !ok {
		return nil, nil
	}
	if e.kind != kindBin {
		return nil, s.broken(tag, "is of type %d, no bytes", e.kind)
	}
	end := e.offset + e.count
	return s.store[e.offset:end:end], nil
}
