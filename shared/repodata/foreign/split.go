package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/distaff-project/distaff/shared/repodata"
)

// splitter cuts a document into the <package> elements it consists of. It
// looks for their ends by their text: what is cut wrongly, because a comment
// holds one, is no well-formed element and is refused by scan.
type splitter struct {
	from  io.Reader
	kind  repodata.Kind
	limit int // bytes of one package

	buffer []byte
	start  int // of what was not given yet
	ended  bool
	inside bool // the head was read
	alone  bool // the root has nothing in it
}

const (
	packageStart = "<package"
	packageEnd   = "</package>"
)

// next gives one <package> element, valid until the next call. io.EOF is the
// whole document's good end.
func (s *splitter) next() ([]byte, error) {
	if !s.inside {
		if err := s.head(); err != nil {
			return nil, err
		}
		s.inside = true
	}
	if s.alone {
		return nil, s.tail(nil)
	}
	s.skipSpace()
	for !s.ended && len(s.rest()) < len(packageStart)+1 {
		if err := s.fill(); err != nil {
			return nil, err
		}
		s.skipSpace()
	}
	if !bytes.HasPrefix(s.rest(), []byte(packageStart)) {
		return nil, s.tail([]byte("</" + root(s.kind)))
	}
	searched := 0
	for {
		rest := s.rest()
		if at := bytes.Index(rest[searched:], []byte(packageEnd)); at >= 0 {
			size := searched + at + len(packageEnd)
			s.start += size
			return rest[:size], nil
		}
		if s.ended {
			return nil, errors.New("it ends inside a package")
		}
		if len(rest) > s.limit {
			return nil, fmt.Errorf("a package has more than %d bytes", s.limit)
		}
		searched = max(len(rest)-len(packageEnd), 0)
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

func (s *splitter) rest() []byte { return s.buffer[s.start:] }

func (s *splitter) skipSpace() {
	for s.start < len(s.buffer) && bytes.IndexByte([]byte(" \t\r\n"), s.buffer[s.start]) >= 0 {
		s.start++
	}
}

// fill reads more behind the rest.
func (s *splitter) fill() error {
	if s.start > 0 {
		s.buffer = s.buffer[:copy(s.buffer, s.buffer[s.start:])]
		s.start = 0
	}
	if cap(s.buffer)-len(s.buffer) < 32<<10 {
		grown := make([]byte, len(s.buffer), max(2*cap(s.buffer), 256<<10))
		copy(grown, s.buffer)
		s.buffer = grown
	}
	for {
		n, err := s.from.Read(s.buffer[len(s.buffer):cap(s.buffer)])
		s.buffer = s.buffer[:len(s.buffer)+n]
		if errors.Is(err, io.EOF) {
			s.ended = true
			return nil
		}
		if err != nil || n > 0 {
			return err
		}
	}
}

// maxHead bounds what stands before the first package.
const maxHead = 64 << 10

// head reads the XML declaration, comments, and the root's start.
func (s *splitter) head() error {
	for !s.ended && len(s.buffer) < maxHead {
		if err := s.fill(); err != nil {
			return err
		}
	}
	rest, _ := bytes.CutPrefix(s.rest(), []byte("\xef\xbb\xbf"))
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		var end []byte
		switch {
		case bytes.HasPrefix(rest, []byte("<?xml ")):
			end = []byte("?>")
		case bytes.HasPrefix(rest, []byte("<!--")):
			end = []byte("-->")
		default:
			return s.root(rest)
		}
		at := bytes.Index(rest[2:], end)
		if at < 0 {
			return errors.New("it is no XML document of packages")
		}
		declaration := bytes.ToLower(rest[:2+at])
		if bytes.HasPrefix(rest, []byte("<?")) && bytes.Contains(declaration, []byte("encoding")) && !bytes.Contains(declaration, []byte("utf-8")) {
			return errors.New("it is not in UTF-8")
		}
		rest = rest[2+at+len(end):]
	}
}

// root reads the start of the root element, whose namespaces the packages
// depend on.
func (s *splitter) root(rest []byte) error {
	name := root(s.kind)
	size := bytes.IndexByte(rest, '>') + 1
	if !bytes.HasPrefix(rest, []byte("<"+name)) || size == 0 {
		return fmt.Errorf("it does not begin with <%s>: it is no %s document", name, s.kind)
	}
	tag := bytes.Clone(rest[:size])
	s.alone = bytes.HasSuffix(tag, []byte("/>"))
	if !s.alone {
		tag = append(tag, "</"+name+">"...)
	}
	head := &rootVisitor{name: name}
	if err := scan(tag, head); err != nil {
		return fmt.Errorf("its <%s> %w", name, err)
	}
	want := string(s.kind)
	if s.kind == repodata.Primary {
		want = "common"
	}
	if head.namespace != namespaces+want || s.kind == repodata.Primary && !head.rpm {
		return fmt.Errorf("its <%s> does not declare the namespaces of metadata", name)
	}
	s.start = len(s.buffer) - len(rest) + size
	return nil
}

func root(kind repodata.Kind) string {
	switch kind {
	case repodata.Primary:
		return "metadata"
	case repodata.Other:
		return "otherdata"
	default:
		return string(kind)
	}
}

type rootVisitor struct {
	name, namespace string
	rpm             bool
}

func (v *rootVisitor) start(_ int, name []byte, attributes []attribute, _, _ int) error {
	if string(name) != v.name {
		return fmt.Errorf("is <%.40s>", name)
	}
	for _, a := range attributes {
		switch string(a.name) {
		case "xmlns":
			v.namespace = string(a.value)
		case "xmlns:rpm":
			v.rpm = true
		}
	}
	return nil
}

func (*rootVisitor) text(int, []byte)     {}
func (*rootVisitor) end(int, []byte, int) {}

// tail reads the end of the document, and gives io.EOF if there is no more.
func (s *splitter) tail(end []byte) error {
	const longest = 4 << 10
	for !s.ended && len(s.rest()) < longest {
		if err := s.fill(); err != nil {
			return err
		}
	}
	rest, found := bytes.CutPrefix(s.rest(), end)
	if !found {
		return fmt.Errorf("it has %.40q where a package or the end should be", s.rest())
	}
	if len(end) > 0 {
		if rest, found = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(">")); !found {
			return errors.New("it does not end as it should")
		}
	}
	if len(bytes.TrimLeft(rest, " \t\r\n")) > 0 || !s.ended {
		return errors.New("it goes on after its end")
	}
	return io.EOF
}
