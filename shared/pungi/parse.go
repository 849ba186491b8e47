package pungi

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
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

func (p *parser) expression(depth int) (Value, error) {
	left, err := p.operand(depth)
	for err == nil && p.is("+") {
		if err = p.step(); err != nil {
			break
		}
		var right Value
		if right, err = p.operand(depth); err == nil {
			left, err = p.join(left, right)
		}
	}
	return left, err
}

func (p *parser) join(left, right Value) (Value, error) {
	switch left := left.(type) {
	case string:
		if right, ok := right.(string); ok {
			if p.size += len(left) + len(right); p.size > maxText {
				return nil, p.fail("the strings are larger than %d bytes", maxText)
			}
			return left + right, nil
		}
	case List:
		if right, ok := right.(List); ok {
			return append(append(List{}, left...), right...), p.count(len(left) + len(right))
		}
	case Tuple:
		if right, ok := right.(Tuple); ok {
			return append(append(Tuple{}, left...), right...), p.count(len(left) + len(right))
		}
	}
	return nil, p.fail("+ joins two strings, two lists or two tuples")
}

func (p *parser) count(n int) error {
	if p.values += n; p.values > maxValues {
		return p.fail("more than %d values", maxValues)
	}
	return nil
}

func (p *parser) operand(depth int) (Value, error) {
	if depth > maxDepth {
		return nil, p.fail("brackets in brackets, more than %d deep", maxDepth)
	}
	if err := p.count(1); err != nil {
		return nil, err
	}
	t := p.token
	switch t.kind {
	case str:
		text := t.text
		for {
			if err := p.step(); err != nil {
				return nil, err
			}
			if p.token.kind != str {
				return text, nil
			}
			if p.size += len(text); p.size > maxText {
				return nil, p.fail("the strings are larger than %d bytes", maxText)
			}
			text += p.token.text
		}
	case number:
		return p.number("")
	case name:
		return p.named()
	case mark:
		switch t.text {
		case "-":
			if err := p.step(); err != nil {
				return nil, err
			}
			if p.token.kind != number {
				return nil, p.fail("a minus sign stands before numbers only")
			}
			return p.number("-")
		case "[":
			items, _, err := p.items("]", depth)
			return List(items), err
		case "(":
			items, comma, err := p.items(")", depth)
			if err == nil && len(items) == 1 && !comma {
				return items[0], nil
			}
			return Tuple(items), err
		case "{":
			return p.dict(depth)
		}
	case end, newline:
		return nil, p.fail("a value is missing")
	}
	return nil, p.fail("%.40q is no value", t.text)
}

func (p *parser) named() (Value, error) {
	t := p.token
	if err := p.step(); err != nil {
		return nil, err
	}
	switch t.text {
	case "None":
		return nil, nil
	case "True":
		return true, nil
	case "False":
		return false, nil
	}
	value, known := p.known[t.text]
	if !known {
		return nil, &lineError{t.line, fmt.Sprintf("%.80s is not assigned before, and nothing else is evaluated", t.text)}
	}
	p.used[t.text] = true
	return value, nil
}

func (p *parser) number(sign string) (Value, error) {
	text := sign + p.token.text
	bad := p.fail("%.40s is no number that is read", text)
	plain := strings.ReplaceAll(p.token.text, "_", "")
	digits := strings.TrimLeft(plain, "0")
	if len(plain) > 1 && plain[0] == '0' && isDigit(plain[1]) && digits != "" && !strings.ContainsAny(plain, ".eE") {
		return nil, bad // Python refuses 012, too
	}
	if err := p.step(); err != nil {
		return nil, err
	}
	if strings.ContainsAny(text, "xXpPiInN") && !strings.HasPrefix(strings.ToLower(strings.TrimPrefix(text, "-")), "0x") {
		return nil, bad
	}
	base := 0
	if digits == "" {
		base = 10 // 00
	}
	if n, err := strconv.ParseInt(text, base, 64); err == nil {
		return n, nil
	}
	if strings.ContainsAny(text, ".eE") && !strings.ContainsAny(text, "xX_") {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f, nil
		}
	}
	return nil, bad
}

// items reads values up to a bracket, and tells whether a comma stood there.
func (p *parser) items(closing string, depth int) (items []Value, comma bool, err error) {
	if err := p.step(); err != nil {
		return nil, false, err
	}
	for !p.is(closing) {
		value, err := p.expression(depth + 1)
		if err != nil {
			return nil, false, err
		}
		items = append(items, value)
		if !p.is(",") {
			break
		}
		comma = true
		if err := p.step(); err != nil {
			return nil, false, err
		}
	}
	if !p.is(closing) {
		return nil, false, p.unclosed(closing)
	}
	return items, comma, p.step()
}

func (p *parser) unclosed(closing string) error {
	if p.token.kind == end {
		return p.fail("%s is missing", closing)
	}
	return p.after()
}

func (p *parser) dict(depth int) (Value, error) {
	if err := p.step(); err != nil {
		return nil, err
	}
	out := Dict{}
	for !p.is("}") {
		key, err := p.expression(depth + 1)
		if err != nil {
			return nil, err
		}
		text, ok := key.(string)
		if !ok {
			return nil, p.fail("keys of a dict are strings")
		}
		if !p.is(":") {
			return nil, p.fail("%.40q in braces has no value: sets are not read", text)
		}
		if err := p.step(); err != nil {
			return nil, err
		}
		if out[text], err = p.expression(depth + 1); err != nil {
			return nil, err
		}
		if !p.is(",") {
			break
		}
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	if !p.is("}") {
		return nil, p.unclosed("}")
	}
	return out, p.step()
}

// Keys are the names assigned.
func (v Values) Keys() []string {
	var out []string
	for key := range maps.Keys(v.Values) {
		out = append(out, key)
	}
	return out
}
