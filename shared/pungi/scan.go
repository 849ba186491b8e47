package pungi

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind of a token.
type kind byte

const (
	end     kind = iota // of the text
	newline             // of a statement
	name
	number
	str
	mark // an operator or bracket
)

type token struct {
	kind kind
	text string // of str: what it stands for
	line int
}

// scanner cuts the text into tokens, by Python's lexical rules
// (docs.python.org/3/reference/lexical_analysis.html).
type scanner struct {
	text  string
	at    int
	line  int
	depth int // of open brackets, inside which line breaks mean nothing
}

// lineError is what is wrong, and where.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

func (s *scanner) fail(format string, args ...any) error {
	return &lineError{s.line, fmt.Sprintf(format, args...)}
}

func (s *scanner) next() (token, error) {
	if err := s.blank(); err != nil {
		return token{}, err
	}
	line := s.line
	if s.at >= len(s.text) {
		return token{end, "", line}, nil
	}
	c := s.text[s.at]
	switch {
	case c == '\n' || c == ';':
		s.at++
		if c == '\n' {
			s.line++
		}
		return token{newline, string(c), line}, nil
	case c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return s.word()
	case c >= '0' && c <= '9' || c == '.' && s.at+1 < len(s.text) && isDigit(s.text[s.at+1]):
		from := s.at
		for s.at < len(s.text) && (isWord(s.text[s.at]) || s.text[s.at] == '.' ||
			(s.text[s.at] == '-' || s.text[s.at] == '+') && (s.text[s.at-1] == 'e' || s.text[s.at-1] == 'E')) {
			s.at++
		}
		return token{number, s.text[from:s.at], line}, nil
	case c == '\'' || c == '"':
		text, err := s.quoted(false)
		return token{str, text, line}, err
	}
	size := 1
	if two := s.text[s.at:min(len(s.text), s.at+2)]; strings.Contains(" == += -= *= /= %= |= &= := ** // << >> <= >= != -> ", " "+two+" ") && len(two) == 2 {
		size = 2
	} else if c >= utf8.RuneSelf {
		_, size = utf8.DecodeRuneInString(s.text[s.at:])
	}
	text := s.text[s.at : s.at+size]
	s.at += size
	switch text {
	case "(", "[", "{":
		s.depth++
	case ")", "]", "}":
		s.depth--
	}
	return token{mark, text, line}, nil
}

// blank passes over what separates tokens.
func (s *scanner) blank() error {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || c == '\f' || c == '\r':
			s.at++
		case c == '\n' && s.depth > 0:
			s.at++
			s.line++
		case c == '#':
			for s.at < len(s.text) && s.text[s.at] != '\n' {
				s.at++
			}
		case c == '\\':
			rest := strings.TrimPrefix(s.text[s.at+1:], "\r")
			if !strings.HasPrefix(rest, "\n") {
				return s.fail("a backslash ends a line, or stands in a string")
			}
			s.at = len(s.text) - len(rest) + 1
			s.line++
			if s.at == len(s.text) {
				return s.fail("nothing follows the backslash")
			}
		default:
			return nil
		}
	}
	return nil
}

func (s *scanner) word() (token, error) {
	from, line := s.at, s.line
	for s.at < len(s.text) && isWord(s.text[s.at]) {
		s.at++
	}
	text := s.text[from:s.at]
	if s.at < len(s.text) && (s.text[s.at] == '\'' || s.text[s.at] == '"') {
		switch strings.ToLower(text) {
		case "u", "r":
			value, err := s.quoted(strings.EqualFold(text, "r"))
			return token{str, value, line}, err
		case "f", "fr", "rf":
			return token{}, s.fail("f-strings are not evaluated: write the finished text")
		case "b", "br", "rb":
			return token{}, s.fail("strings of bytes are not read")
		}
	}
	return token{name, text, line}, nil
}

// quoted reads a string in its quotes.
func (s *scanner) quoted(raw bool) (string, error) {
	quote := s.text[s.at : s.at+1]
	long := strings.HasPrefix(s.text[s.at:], strings.Repeat(quote, 3))
	if long {
		quote = strings.Repeat(quote, 3)
	}
	start := s.line
	s.at += len(quote)
	var out strings.Builder
	for {
		switch {
		case s.at >= len(s.text) || !long && s.text[s.at] == '\n':
			return "", &lineError{start, "the string has no end"}
		case strings.HasPrefix(s.text[s.at:], quote):
			s.at += len(quote)
			return out.String(), nil
		case s.text[s.at] == '\\' && s.at+1 < len(s.text):
			if err := s.escape(&out, raw); err != nil {
				return "", err
			}
		default:
			if s.text[s.at] == '\n' {
				s.line++
			}
			if s.text[s.at] != '\r' || !strings.HasPrefix(s.text[s.at:], "\r\n") {
				out.WriteByte(s.text[s.at])
			}
			s.at++
		}
	}
}

func (s *scanner) escape(out *strings.Builder, raw bool) error {
	c := s.text[s.at+1]
	if c == '\n' {
		s.line++
	}
	if raw {
		out.WriteString(s.text[s.at : s.at+2])
		s.at += 2
		return nil
	}
	s.at += 2
	if i := strings.IndexByte("\n\\'\"abfnrtv", c); i >= 0 {
		if c != '\n' {
			out.WriteByte("\n\\'\"\a\b\f\n\r\t\v"[i])
		}
		return nil
	}
	digits, base := 0, 16
	switch {
	case c >= '0' && c <= '7':
		s.at--
		for digits < 3 && s.at+digits < len(s.text) && s.text[s.at+digits] >= '0' && s.text[s.at+digits] <= '7' {
			digits++
		}
		base = 8
	case c == 'x':
		digits = 2
	case c == 'u':
		digits = 4
	case c == 'U':
		digits = 8
	case c == 'N':
		return s.fail(`\N{…} is not read: write the character`)
	default: // stays as it is
		out.WriteByte('\\')
		s.at--
		return nil
	}
	if s.at+digits > len(s.text) {
		return s.fail("the string has no end")
	}
	n, err := strconv.ParseUint(s.text[s.at:s.at+digits], base, 32)
	if err != nil || n > utf8.MaxRune || n >= 0xd800 && n < 0xe000 {
		return s.fail(`\%c%.8s is no character`, c, s.text[s.at:s.at+digits])
	}
	s.at += digits
	out.WriteRune(rune(n))
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
