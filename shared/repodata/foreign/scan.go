package foreign

import (
	"bytes"
	"errors"
	"fmt"
)

// Bounds of one description. createrepo_c's have a depth of 4 and at most 6
// attributes.
const (
	maxDepth      = 16
	maxAttributes = 32
)

// visitor hears of each element of a description as it is read.
type visitor interface {
	// start tells of an element: at what depth (the <package> is at 1), and
	// where its tag lies in the text.
	start(depth int, name []byte, attributes []attribute, from, to int) error
	// text gives an element's text, or a part of it, as it was written.
	text(depth int, raw []byte)
	// end tells that an element is over, at position to.
	end(depth int, name []byte, to int)
}

// attribute has its value as it was written, without the quotes.
type attribute struct{ name, value []byte }

// scanner reads one element strictly: what it accepts is well-formed XML 1.0
// that means the same in any document that declares the usual namespaces.
// encoding/xml would say the same ten times slower.
type scanner struct {
	raw        []byte
	at         int
	open       [][]byte
	attributes []attribute
	visit      visitor
}

var errCut = errors.New("is cut off")

// scan reads raw, which must be one element and nothing else.
func scan(raw []byte, visit visitor) error {
	if err := checkCharacters(raw); err != nil {
		return err
	}
	s := &scanner{raw: raw, visit: visit}
	for {
		if err := s.markup(); err != nil {
			return err
		}
		if len(s.open) == 0 {
			break
		}
		next := bytes.IndexByte(s.raw[s.at:], '<')
		if next < 0 {
			return errCut
		}
		if next > 0 {
			text := s.raw[s.at : s.at+next]
			if err := checkText(text); err != nil {
				return err
			}
			s.visit.text(len(s.open), text)
			s.at += next
		}
	}
	if s.at != len(raw) {
		return errors.New("is more than one element")
	}
	return nil
}

// markup reads what begins with "<".
func (s *scanner) markup() error {
	rest := s.raw[s.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")) && len(s.open) > 0:
		end := bytes.Index(rest[4:], []byte("--"))
		if end < 0 || !bytes.HasPrefix(rest[4+end:], []byte("-->")) {
			return errors.New("has a comment that does not end")
		}
		s.at += 4 + end + 3
		return nil
	case bytes.HasPrefix(rest, []byte("</")):
		return s.endTag()
	case len(rest) > 1 && (rest[1] == '!' || rest[1] == '?'):
		return errors.New("has a CDATA section, DOCTYPE or processing instruction, which metadata has no use for")
	case len(rest) > 0 && rest[0] == '<':
		return s.startTag()
	}
	return errCut
}

func (s *scanner) endTag() error {
	s.at += 2
	name, err := s.name()
	if err != nil {
		return err
	}
	s.space()
	if s.at >= len(s.raw) || s.raw[s.at] != '>' {
		return errCut
	}
	s.at++
	last := len(s.open) - 1
	if last < 0 || !bytes.Equal(s.open[last], name) {
		return fmt.Errorf("has </%.40s> where another element should end", name)
	}
	s.open = s.open[:last]
	s.visit.end(last+1, name, s.at)
	return nil
}

func (s *scanner) startTag() error {
	from := s.at
	s.at++
	name, err := s.name()
	if err != nil {
		return err
	}
	if err := checkPrefix(name, false); err != nil {
		return err
	}
	s.attributes = s.attributes[:0]
	for {
		spaced := s.space()
		rest := s.raw[s.at:]
		switch {
		case len(rest) == 0:
			return errCut
		case rest[0] == '>', bytes.HasPrefix(rest, []byte("/>")):
			depth := len(s.open) + 1
			if depth > maxDepth {
				return errors.New("has elements in each other too deeply")
			}
			closed := rest[0] == '/'
			s.at++
			if closed {
				s.at++
			} else {
				s.open = append(s.open, name)
			}
			if err := s.visit.start(depth, name, s.attributes, from, s.at); err != nil {
				return err
			}
			if closed {
				s.visit.end(depth, name, s.at)
			}
			return nil
		case !spaced:
			return fmt.Errorf("has attributes of <%.40s> without a space between them", name)
		}
		if err := s.attribute(); err != nil {
			return err
		}
	}
}

func (s *scanner) attribute() error {
	name, err := s.name()
	if err != nil {
		return err
	}
	s.space()
	if s.at >= len(s.raw) || s.raw[s.at] != '=' {
		return fmt.Errorf("has attribute %.40s without a value", name)
	}
	s.at++
	s.space()
	if s.at >= len(s.raw) || s.raw[s.at] != '"' && s.raw[s.at] != '\'' {
		return fmt.Errorf("has attribute %.40s without quotes", name)
	}
	end := bytes.IndexByte(s.raw[s.at+1:], s.raw[s.at])
	if end < 0 {
		return errCut
	}
	value := s.raw[s.at+1 : s.at+1+end]
	s.at += end + 2
	if bytes.IndexByte(value, '<') >= 0 {
		return fmt.Errorf("has attribute %.40s with a < in it", name)
	}
	if err := checkText(value); err != nil {
		return err
	}
	if err := checkNamespace(name, value); err != nil {
		return err
	}
	for _, other := range s.attributes {
		if bytes.Equal(other.name, name) {
			return fmt.Errorf("has attribute %.40s twice in one element", name)
		}
	}
	if len(s.attributes) == maxAttributes {
		return errors.New("has too many attributes in one element")
	}
	s.attributes = append(s.attributes, attribute{name, value})
	return nil
}

// name reads a name. Those of metadata are ASCII.
func (s *scanner) name() ([]byte, error) {
	from := s.at
	for ; s.at < len(s.raw); s.at++ {
		c := s.raw[s.at]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		later := c >= '0' && c <= '9' || c == '-' || c == '.' || c == ':'
		if !letter && (!later || s.at == from) {
			break
		}
	}
	if s.at == from {
		return nil, fmt.Errorf("has %.10q where a name should be", s.raw[from:])
	}
	return s.raw[from:s.at], nil
}

func (s *scanner) space() bool {
	from := s.at
	for s.at < len(s.raw) && bytes.IndexByte([]byte(" \t\r\n"), s.raw[s.at]) >= 0 {
		s.at++
	}
	return s.at > from
}
