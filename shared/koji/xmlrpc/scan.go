package xmlrpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Bounds of what is read. A Koji answer nests five deep at most; a name of a
// tag or a member has at most a few dozen bytes.
const (
	maxDepth = 64
	maxTag   = 4 << 10
	window   = 64 << 10
)

// ErrTooLarge says that a document went over the limit given for it.
var ErrTooLarge = errors.New("answer is larger than allowed")

// scanner splits a document into tags and the text between them. It keeps one
// window of it, which grows only for a longer piece of text.
type scanner struct {
	src      io.Reader
	buf      []byte
	pos, end int
	left     int64 // bytes src may still give
	eof      bool
	broken   error // what src failed with
	names    map[string]string
}

func newScanner(src io.Reader, limit int64) *scanner {
	return &scanner{src: src, buf: make([]byte, window), left: limit, names: map[string]string{}}
}

// fill reads more, keeping buf[pos:end]. It answers io.ErrUnexpectedEOF at the
// end of the document.
func (s *scanner) fill() error {
	if s.eof {
		return io.ErrUnexpectedEOF
	}
	if s.pos > 0 {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 { // as bufio does, against a reader that gives nothing
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		s.left -= int64(n)
		switch {
		case s.left < 0:
			return ErrTooLarge
		case errors.Is(err, io.EOF):
			s.eof = true
			if n > 0 {
				return nil
			}
			return io.ErrUnexpectedEOF
		case err != nil:
			s.broken = err
			return err
		case n > 0:
			return nil
		}
	}
	s.broken = io.ErrNoProgress
	return s.broken
}

// until gives the bytes up to stop and steps over stop. They are valid until
// the next call.
func (s *scanner) until(stop string, most int) ([]byte, error) {
	seen := 0
	for {
		if i := bytes.Index(s.buf[s.pos+seen:s.end], []byte(stop)); i >= 0 {
			piece := s.buf[s.pos : s.pos+seen+i]
			s.pos += seen + i + len(stop)
			return piece, nil
		}
		seen = max(0, s.end-s.pos-len(stop)+1)
		if seen > most {
			return nil, fmt.Errorf("no %q within %d bytes", stop, most)
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// text gives the characters before the next tag, entities resolved. They are
// valid until the next call. It stops at a comment as at a tag.
func (s *scanner) text() ([]byte, error) {
	seen := 0
	for {
		if i := bytes.IndexByte(s.buf[s.pos+seen:s.end], '<'); i >= 0 {
			piece := s.buf[s.pos : s.pos+seen+i]
			s.pos += seen + i
			return unescape(piece)
		}
		seen = s.end - s.pos
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// tag is one "<…>": its name, with a leading "/" on a closing one.
type tag struct {
	name  string
	empty bool // <name/>
}

// next reads a tag; the scanner stands at its "<". It answers a tag without a
// name for what carries no data: the declaration, a comment.
func (s *scanner) next() (tag, error) {
	s.pos++ // the "<"
	rest := s.buf[s.pos:min(s.end, s.pos+16)]
	if i := bytes.IndexByte(rest, '>'); i > 0 {
		if name := known(rest[:i]); name != "" {
			s.pos += i + 1
			return tag{name: name}, nil
		}
	}
	for s.end-s.pos < 3 {
		if err := s.fill(); err != nil {
			if s.end > s.pos && errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			return tag{}, err
		}
	}
	switch {
	case bytes.HasPrefix(s.buf[s.pos:s.end], []byte("!--")):
		s.pos += 3
		_, err := s.until("-->", maxTag)
		return tag{}, err
	case s.buf[s.pos] == '?':
		_, err := s.until("?>", maxTag)
		return tag{}, err
	case s.buf[s.pos] == '!':
		// A document type could define entities, CDATA never comes from a hub.
		return tag{}, errors.New("a <! that is no comment")
	}
	inner, err := s.until(">", maxTag)
	if err != nil {
		return tag{}, err
	}
	empty := bytes.HasSuffix(inner, []byte("/"))
	if empty {
		inner = inner[:len(inner)-1]
	}
	if i := bytes.IndexAny(inner, " \t\r\n"); i >= 0 {
		if len(bytes.TrimSpace(inner[i:])) > 0 {
			return tag{}, fmt.Errorf("a tag with attributes: <%s>", clip(inner))
		}
		inner = inner[:i]
	}
	if len(inner) == 0 || bytes.IndexByte(inner, '<') >= 0 || (empty && inner[0] == '/') {
		return tag{}, fmt.Errorf("a broken tag: <%s>", clip(inner))
	}
	return tag{name: s.intern(inner), empty: empty}, nil
}

// space steps over white space that is at hand, and reports whether a tag
// follows.
func (s *scanner) space() bool {
	for s.pos < s.end && (s.buf[s.pos] == '\n' || s.buf[s.pos] == ' ') {
		s.pos++
	}
	return s.pos < s.end && s.buf[s.pos] == '<'
}
