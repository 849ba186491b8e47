package xmlrpc

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
)

// Kind is what a value holds.
type Kind uint8

// The kinds of XML-RPC, and nil as Python writes it.
const (
	Invalid Kind = iota
	Nil
	Bool
	Int
	Double
	String
	Base64
	Array
	Struct
)

// ErrMalformed says that what came is no XML-RPC, or not of the kinds asked for.
var ErrMalformed = errors.New("not an XML-RPC document")

// Reader reads the values of one document in the order they stand in it. The
// caller asks for each value by the kind it wants; what it does not ask for is
// passed over. The first error sticks: every later question answers zero, and
// Err tells it. So a caller reads a whole record and looks for an error once.
type Reader struct {
	scan  *scanner
	depth int
	// open: the <value> is entered, kind says of what, and for a scalar text
	// holds it and the value is left again.
	open bool
	kind Kind
	// hollow is an array or struct written as an empty tag.
	hollow bool
	text   []byte
	// due: the surrounding list or struct is at a value nobody has read yet.
	due bool
	err error
	str cache
}

// NewReader reads a document from src, at most limit bytes of it.
func NewReader(src io.Reader, limit int64) *Reader {
	return &Reader{scan: newScanner(src, limit)}
}

// Err is the first thing that went wrong.
func (r *Reader) Err() error { return r.err }

// Fail stops the reading for a reason of the caller's: a value out of range.
// It becomes an ErrMalformed; later reasons are dropped.
func (r *Reader) Fail(err error) {
	switch {
	case r.err != nil:
	case r.scan.broken != nil:
		r.err = r.scan.broken
	case errors.Is(err, ErrMalformed), errors.Is(err, ErrTooLarge), errors.Is(err, io.ErrUnexpectedEOF):
		r.err = err
	default:
		r.err = fmt.Errorf("%w: %w", ErrMalformed, err)
	}
}

// Kind tells what the next value is, without reading it.
func (r *Reader) Kind() Kind {
	r.enter()
	if r.err != nil {
		return Invalid
	}
	return r.kind
}

// Nil reads the next value if it is nil, and tells whether it was.
func (r *Reader) Nil() bool {
	if r.Kind() != Nil {
		return false
	}
	r.done()
	return true
}

// Int reads a whole number: also one written as text, as Koji does with sizes
// of files. Nil is 0.
func (r *Reader) Int() int64 {
	switch kind := r.Kind(); kind {
	case Nil:
		r.done()
		return 0
	case Int, String, Bool:
		n, ok := parseInt(r.text)
		if !ok {
			r.Fail(fmt.Errorf("%q is no whole number", clip(r.text)))
		}
		r.done()
		return n
	case Double:
		f := r.Float()
		if f != float64(int64(f)) {
			r.Fail(fmt.Errorf("%v is no whole number", f))
		}
		return int64(f)
	default:
		r.wrong("a whole number", kind)
		return 0
	}
}

// Float reads a number. Nil is 0.
func (r *Reader) Float() float64 {
	switch kind := r.Kind(); kind {
	case Nil:
		r.done()
		return 0
	case Int, Double, String:
		f, err := strconv.ParseFloat(string(r.text), 64)
		if err != nil {
			r.Fail(fmt.Errorf("%q is no number", clip(r.text)))
		}
		r.done()
		return f
	default:
		r.wrong("a number", kind)
		return 0
	}
}

// Bool reads a truth value. Nil is false, a number is true unless it is 0.
func (r *Reader) Bool() bool {
	switch kind := r.Kind(); kind {
	case Nil, Bool, Int:
		truth := kind != Nil && string(r.text) != "0"
		r.done()
		return truth
	default:
		r.wrong("a truth value", kind)
		return false
	}
}

// Text reads a string, or the digits of a number. Nil is "": ask Nil first
// where the two differ.
func (r *Reader) Text() string {
	switch kind := r.Kind(); kind {
	case Nil:
		r.done()
		return ""
	case String, Int, Double, Bool:
		s := r.str.keep(r.text)
		r.done()
		return s
	default:
		r.wrong("a string", kind)
		return ""
	}
}

// Bytes reads base64, also when it stands in a string, as in what
// downloadTaskOutput answers. Nil is empty.
func (r *Reader) Bytes() []byte {
	switch kind := r.Kind(); kind {
	case Nil:
		r.done()
		return nil
	case String, Base64:
		raw, err := DecodeBase64(r.text)
		if err != nil {
			r.Fail(err)
		}
		r.done()
		return raw
	default:
		r.wrong("base64", kind)
		return nil
	}
}

// Items walks through a list; the loop reads one value each turn. Nil is a list
// of none.
func (r *Reader) Items() iter.Seq[int] {
	return func(yield func(int) bool) {
		if !r.descend(Array) {
			return
		}
		more := true
		for i := 0; ; i++ {
			t := r.tag()
			if t.name != "value" {
				r.ascend(t, "/data", "/array")
				return
			}
			r.at(t)
			if more {
				more = yield(i)
			}
			r.skipDue()
		}
	}
}

// Members walks through a struct by the names of its members, in the order
// they come; the loop reads one value each turn. Nil is a struct of none.
func (r *Reader) Members() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !r.descend(Struct) {
			return
		}
		more := true
		for {
			t := r.tag()
			if t.name != "member" || t.empty {
				r.ascend(t, "/struct")
				return
			}
			name := r.name()
			r.at(r.tag())
			if more {
				more = yield(name)
			}
			r.skipDue()
			r.expect("/member")
		}
	}
}

// Skip passes over the next value.
func (r *Reader) Skip() {
	switch r.Kind() {
	case Array:
		for range r.Items() {
		}
	case Struct:
		for range r.Members() {
		}
	default:
		r.done()
	}
}

// Any reads the next value as nil, bool, int64, float64, string, []byte, []any
// or map[string]any.
func (r *Reader) Any() any {
	switch r.Kind() {
	case Bool:
		return r.Bool()
	case Int:
		return r.Int()
	case Double:
		return r.Float()
	case String:
		return r.Text()
	case Base64:
		return r.Bytes()
	case Array:
		list := []any{}
		for range r.Items() {
			list = append(list, r.Any())
		}
		return list
	case Struct:
		members := map[string]any{}
		for name := range r.Members() {
			members[name] = r.Any()
		}
		return members
	default:
		r.done()
		return nil
	}
}

func (r *Reader) wrong(want string, got Kind) {
	if got != Invalid {
		r.Fail(fmt.Errorf("%s where %s should be", got, want))
	}
}

// String names the kind as XML-RPC does.
func (k Kind) String() string {
	names := [...]string{"nothing", "nil", "boolean", "int", "double", "string", "base64", "array", "struct"}
	if int(k) < len(names) {
		return names[k]
	}
	return "nothing"
}

// parseInt is strconv.ParseInt without making a string of the digits.
func parseInt(digits []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(digits), 10, 64)
	return n, err == nil
}
