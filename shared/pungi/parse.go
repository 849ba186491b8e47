package pungi

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"
)

// ErrConfig says that a configuration cannot be read, or asks for what is not
// made here. Its text names the line or the key.
var ErrConfig = errors.New("configuration of Pungi")

// A Value is what a key has: nil, bool, int64, float64, string, List, Tuple or
// Dict.
type Value any

// List is Python's [a, b].
type List []Value

// Tuple is Python's (a, b).
type Tuple []Value

// Dict is Python's {"a": b}.
type Dict map[string]Value

// Values are what a configuration assigns, and on which line.
type Values struct {
	Values map[string]Value
	Lines  map[string]int
	// used are the names that stand for their value somewhere.
	used map[string]bool
}

// Bounds of what is read.
const (
	maxText   = 4 << 20
	maxDepth  = 60
	maxValues = 500_000
)

// Parse reads a configuration: assignments of literals to names, and no more.
// It runs nothing. A name that was assigned before stands for its value, strings
// and lists are joined by +, and strings that follow each other are one. All else
// is refused with its line.
func Parse(raw []byte) (Values, error) {
	out := Values{map[string]Value{}, map[string]int{}, map[string]bool{}}
	if len(raw) > maxText {
		return Values{}, fmt.Errorf("%w: larger than %d bytes", ErrConfig, maxText)
	}
	if !utf8.Valid(raw) {
		return Values{}, fmt.Errorf("%w: it is not UTF-8", ErrConfig)
	}
	p := parser{scan: scanner{text: strings.TrimPrefix(string(raw), "\ufeff"), line: 1}, known: out.Values, used: out.used}
	if err := p.file(out); err != nil {
		return Values{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return out, nil
}

type parser struct {
	scan   scanner
	token  token
	known  map[string]Value
	used   map[string]bool
	values int
	size   int // bytes of joined strings, which names can make grow
}

func (p *parser) step() (err error) {
	p.token, err = p.scan.next()
	return err
}

func (p *parser) fail(format string, args ...any) error {
	return &lineError{p.token.line, fmt.Sprintf(format, args...)}
}

func (p *parser) is(text string) bool { return p.token.kind == mark && p.token.text == text }

func (p *parser) file(out Values) error {
	for {
		from := p.scan.at
		if err := p.step(); err != nil {
			return err
		}
		switch p.token.kind {
		case end:
			return nil
		case newline:
			if p.token.text == ";" {
				return p.fail("a semicolon follows no statement")
			}
		case name:
			if at := strings.TrimLeft(p.scan.text[from:], " \t\f\r"); len(at) < len(p.scan.text[from:]) && (from == 0 || p.scan.text[from-1] == '\n') {
				return p.fail("%s is indented: only assignments at the beginning of a line are read", p.token.text)
			}
			if err := p.statement(out); err != nil {
				return err
			}
		default:
			return p.fail("%.40q: only assignments are read", p.token.text)
		}
	}
}

func (p *parser) statement(out Values) error {
	key, line := p.token.text, p.token.line
	switch key {
	case "from", "import":
		return p.fail("%s is not evaluated: put what it brings into this file", key)
	case "if", "for", "while", "def", "class", "with", "try", "return", "del", "global", "assert", "raise", "pass", "async", "lambda", "not", "None", "True", "False":
		return p.fail("%s is not evaluated: only assignments are read", key)
	}
	if err := p.step(); err != nil {
		return err
	}
	if !p.is("=") {
		return p.fail("%s is followed by %.20q: only assignments (key = value) are read", key, p.token.text)
	}
	if err := p.step(); err != nil {
		return err
	}
	value, err := p.expression(0)
	if err != nil {
		return err
	}
	if p.is(",") {
		return p.fail("%s: put a tuple into parentheses", key)
	}
	if p.token.kind != newline && p.token.kind != end {
		return p.after()
	}
	out.Values[key], out.Lines[key] = value, line
	return nil
}

// after tells why what follows a value is not read.
func (p *parser) after() error {
	switch p.token.text {
	case "%":
		return p.fail("the operator %% is not evaluated: write the finished text")
	case "(":
		return p.fail("calls are not evaluated")
	case ".":
		return p.fail("attributes are not evaluated")
	case "[":
		return p.fail("subscripts are not evaluated")
	case "=":
		return p.fail("one name is assigned at a time")
	}
	return p.fail("%.40q after a value is not evaluated", p.token.text)
}

// Keys are the names assigned.
func (v Values) Keys() []string {
	var out []string
	for key := range maps.Keys(v.Values) {
		out = append(out, key)
	}
	return out
}
