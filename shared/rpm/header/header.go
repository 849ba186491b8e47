// Package header reads what an RPM says of itself — its signature header and
// its main header — from the first bytes of the file, without copying them.
//
// The format is that of rpm's own lib/header.cc: a lead of 96 bytes, the
// signature header padded to eight, the main header, the payload. Each header
// is an intro of 16 bytes, an index of 16-byte entries (tag, type, offset,
// count) and a store the offsets point into. Nothing in it is believed: every
// offset and count is checked before it is followed.
package header

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxSize bounds how far into a file a header may reach, in bytes. rpm itself
// allows 256 MiB; the largest header in Fedora has less than 20.
const MaxSize = 64 << 20

// HeadSize is a good first read, in bytes: it holds both headers of nearly
// every package, so that a second request is rare.
const HeadSize = 32 << 10

const (
	leadSize  = 96
	introSize = 16
	entrySize = 16
	// maxTags is rpm's HEADER_TAGS_MAX.
	maxTags = 0xffff
)

// ErrBroken says that the bytes are no RPM, or one whose header contradicts
// itself. Reading the same file again cannot help.
var ErrBroken = errors.New("broken RPM header")

// Short says that the head ends before the headers do.
type Short struct { //nolint:errname // a request for more rather than a failure
	// Need is how many bytes from the file's start are needed to go on; it is
	// never above MaxSize. When the intro of a header was not yet in the head, a
	// second Short with the true size may follow.
	Need int64
}

// Error tells how many bytes are needed.
func (s *Short) Error() string {
	return fmt.Sprintf("the RPM's headers need the first %d bytes of the file", s.Need)
}

// Header is what an RPM says of itself. The embedded Section is the main
// header. It shares the memory of the bytes it was parsed from.
type Header struct {
	Section

	signature Section
	raw       []byte
	start     int
}

// Parse reads both headers of the RPM that begins with head. A head that is too
// short gives *Short, also when the file itself is; anything else wrong
// is ErrBroken with the tag and the reason. The result uses head's memory: head
// must not change as long as the Header, or anything it gave, is in use.
func Parse(head []byte) (Header, error) {
	const magic = "\xed\xab\xee\xdb"
	if n := min(len(head), len(magic)); string(head[:n]) != magic[:n] {
		return Header{}, fmt.Errorf("%w: the file begins with %x, not with an RPM's lead", ErrBroken, head[:n])
	}
	signature, next, err := parseSection(head, leadSize, "signature header")
	if err != nil {
		return Header{}, err
	}
	start := (next + 7) &^ 7
	main, end, err := parseSection(head, start, "main header")
	if err != nil {
		return Header{}, err
	}
	return Header{Section: main, signature: signature, raw: head[start:end:end], start: start}, nil
}

// Signature is the signature header. Its tags are numbered apart from those of
// the main header.
func (h Header) Signature() Section { return h.signature }

// Start is where the main header begins, in bytes from the file's start: after
// the signature header and its padding to eight.
func (h Header) Start() int64 { return int64(h.start) }

// End is where the main header ends and the payload begins.
func (h Header) End() int64 { return int64(h.start + len(h.raw)) }

// parseSection reads the header that begins at start and tells where it ends.
func parseSection(head []byte, start int, name string) (Section, int, error) {
	at := start + introSize
	if at > MaxSize {
		return Section{}, 0, fmt.Errorf("%w: the %s begins at %d, beyond the first %d bytes of the file", ErrBroken, name, start, MaxSize)
	}
	if len(head) < at {
		return Section{}, 0, &Short{Need: int64(at)}
	}
	if string(head[start:start+4]) != "\x8e\xad\xe8\x01" {
		return Section{}, 0, fmt.Errorf("%w: the %s begins with %x", ErrBroken, name, head[start:start+4])
	}
	tags := uint64(binary.BigEndian.Uint32(head[start+8:]))
	stored := uint64(binary.BigEndian.Uint32(head[start+12:]))
	if tags == 0 || tags > maxTags {
		return Section{}, 0, fmt.Errorf("%w: the %s claims %d tags (1 to %d are possible)", ErrBroken, name, tags, maxTags)
	}
	end := uint64(at) + tags*entrySize + stored //nolint:gosec // at is not negative
	if end > MaxSize {
		return Section{}, 0, fmt.Errorf("%w: the %s claims to end at %d, beyond the first %d bytes of the file", ErrBroken, name, end, MaxSize)
	}
	if uint64(len(head)) < end {
		return Section{}, 0, &Short{Need: int64(end)}
	}
	store := at + int(tags)*entrySize
	s := Section{name: name, index: head[at:store:store], store: head[store:end:end]}
	if err := s.check(); err != nil {
		return Section{}, 0, err
	}
	return s, int(end), nil
}
