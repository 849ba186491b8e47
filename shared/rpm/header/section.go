package header

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// Section is one header of an RPM: tags with values. It is immutable and safe
// for concurrent use.
type Section struct {
	name  string
	index []byte
	store []byte
	// order is the entries by tag; nil when they lie so in the index already,
	// as rpm writes them.
	order []uint16
	// trailer is where the last 16 bytes of the region lie that spans the index;
	// no value may reach into them. Without a region it is the store's size.
	trailer uint32
}

// kind is the type of a tag's value, as numbered in the index.
type kind uint32

const (
	kindChar kind = iota + 1
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindString
	kindBin
	kindStrings
	kindI18N
)

// entry is where a tag's values lie: from offset, at most to limit, where the
// next entry's begin.
type entry struct {
	tag                  Tag
	kind                 kind
	offset, count, limit uint32
}

// Tags that span a region of entries; their value is at the region's end.
const (
	tagImage      Tag = 61
	tagSignatures Tag = 62
	tagImmutable  Tag = 63
)

// width is the size of one value in bytes; texts have at least their end.
func (k kind) width() uint64 {
	switch k {
	case kindInt16:
		return 2
	case kindInt32:
		return 4
	case kindInt64:
		return 8
	default:
		return 1
	}
}

func (k kind) text() bool { return k == kindString || k == kindStrings || k == kindI18N }

func (s Section) entry(i int) entry {
	raw := s.index[i*entrySize : (i+1)*entrySize]
	return entry{
		tag:    Tag(binary.BigEndian.Uint32(raw)),
		kind:   kind(binary.BigEndian.Uint32(raw[4:])),
		offset: binary.BigEndian.Uint32(raw[8:]),
		count:  binary.BigEndian.Uint32(raw[12:]),
	}
}

func (s Section) tags() int { return len(s.index) / entrySize }

// check follows rpm's hdrblobVerifyInfo: types exist, values lie in the store,
// one behind the other. What it leaves for later is whether texts end where
// they should; find's limit bounds them.
func (s *Section) check() error {
	first, err := s.region()
	if err != nil {
		return err
	}
	var end uint64
	var last entry
	sorted := true
	for i := range s.tags() {
		e := s.entry(i)
		if i > 0 && e.tag <= last.tag {
			sorted = false
		}
		if i < first {
			last = e
			continue
		}
		size := uint64(e.count) * e.kind.width()
		switch {
		case e.kind < kindChar || e.kind > kindI18N:
			return s.broken(e.tag, "is of type %d, which does not exist", e.kind)
		case e.count == 0:
			return s.broken(e.tag, "has no value")
		case e.kind == kindString && e.count != 1:
			return s.broken(e.tag, "is one text but counts %d", e.count)
		case uint64(e.offset)+size > uint64(len(s.store)):
			return s.broken(e.tag, "lies at %d to %d of a store of %d bytes", e.offset, uint64(e.offset)+size, len(s.store))
		case uint64(e.offset) < end:
			return s.broken(e.tag, "overlaps %s", last.tag)
		case e.offset < s.trailer && uint64(e.offset)+size > uint64(s.trailer):
			return s.broken(e.tag, "overlaps the end of the header's region")
		}
		end, last = uint64(e.offset)+size, e
	}
	if sorted {
		return nil
	}
	return s.sort()
}

// region checks the tag that spans the header, if there is one, and gives the
// number of entries it takes. Its value, at the region's end, repeats it with
// the size of the region's index, negative.
func (s *Section) region() (int, error) {
	s.trailer = uint32(len(s.store)) //nolint:gosec // at most MaxSize
	e := s.entry(0)
	if e.tag != tagSignatures && e.tag != tagImmutable && e.tag != tagImage {
		return 0, nil
	}
	const size = 16
	if e.kind != kindBin || e.count != size || uint64(e.offset)+size > uint64(len(s.store)) {
		return 0, s.broken(e.tag, "spans no region: type %d, offset %d, count %d", e.kind, e.offset, e.count)
	}
	trailer := s.store[e.offset : e.offset+size]
	tag := Tag(binary.BigEndian.Uint32(trailer))
	back := -int64(int32(binary.BigEndian.Uint32(trailer[8:]))) //nolint:gosec // the format's own: a negative number
	// Some old packages have the image's tag at the end of the signatures.
	if tag != e.tag && (e.tag != tagSignatures || tag != tagImage) {
		return 0, s.broken(e.tag, "spans a region that ends with %s", tag)
	}
	if back <= 0 || back%entrySize != 0 || back > int64(len(s.index)) {
		return 0, s.broken(e.tag, "spans a region of %d of the index's %d bytes", back, len(s.index))
	}
	s.trailer = e.offset
	return 1, nil
}

func (s *Section) sort() error {
	s.order = make([]uint16, s.tags())
	for i := range s.order {
		s.order[i] = uint16(i)
	}
	slices.SortFunc(s.order, func(a, b uint16) int {
		return cmp.Compare(s.entry(int(a)).tag, s.entry(int(b)).tag)
	})
	for i := 1; i < len(s.order); i++ {
		if tag := s.entry(int(s.order[i])).tag; tag == s.entry(int(s.order[i-1])).tag {
			return s.broken(tag, "is there twice")
		}
	}
	return nil
}

// find gives the entry of a tag.
func (s Section) find(tag Tag) (entry, bool) {
	low, high := 0, s.tags()
	for low < high {
		mid := (low + high) / 2
		i := mid
		if s.order != nil {
			i = int(s.order[mid])
		}
		switch at := Tag(binary.BigEndian.Uint32(s.index[i*entrySize:])); {
		case at < tag:
			low = mid + 1
		case at > tag:
			high = mid
		default:
			e := s.entry(i)
			e.limit = uint32(len(s.store)) //nolint:gosec // at most MaxSize
			if next := i + 1; next < s.tags() {
				e.limit = s.entry(next).offset
			}
			if e.offset < s.trailer {
				e.limit = min(e.limit, s.trailer)
			}
			return e, true
		}
	}
	return entry{}, false
}

func (s Section) broken(tag Tag, reason string, args ...any) error {
	return fmt.Errorf("%w: %s of the %s %s", ErrBroken, tag, s.name, fmt.Sprintf(reason, args...))
}
