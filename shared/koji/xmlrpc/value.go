package xmlrpc

import "fmt"

// tag reads the next tag that means something; only white space may stand
// before it.
func (r *Reader) tag() tag {
	for r.err == nil {
		if !r.scan.space() {
			text, err := r.scan.text()
			if err != nil {
				r.Fail(err)
				break
			}
			if !blank(text) {
				r.Fail(fmt.Errorf("text where a tag should be: %q", clip(text)))
				break
			}
		}
		t, err := r.scan.next()
		if err != nil {
			r.Fail(err)
			break
		}
		if t.name != "" {
			return t
		}
	}
	return tag{}
}

func (r *Reader) expect(name string) {
	if t := r.tag(); r.err == nil && (t.name != name || t.empty) {
		r.Fail(fmt.Errorf("%w: <%s> where <%s> should be", ErrMalformed, t.name, name))
	}
}

// chars reads text up to the closing tag called close, comments dropped.
func (r *Reader) chars(closing string) []byte {
	var whole []byte
	for r.err == nil {
		text, err := r.scan.text()
		if err != nil {
			r.Fail(err)
			return nil
		}
		r.text = append(r.text[:0], text...) // the scanner's window moves on
		t, err := r.scan.next()
		switch {
		case err != nil:
			r.Fail(err)
		case t.name == closing && !t.empty:
			if whole != nil {
				return append(whole, r.text...)
			}
			return r.text
		case t.name == "":
			whole = append(whole, r.text...)
		default:
			r.Fail(fmt.Errorf("%w: <%s> before <%s>", ErrMalformed, t.name, closing))
		}
	}
	return nil
}

func (r *Reader) name() string {
	t := r.tag()
	if r.err == nil && t.name != "name" {
		r.Fail(fmt.Errorf("%w: <%s> where a member's name should be", ErrMalformed, t.name))
	}
	if t.empty {
		return ""
	}
	return r.scan.intern(r.chars("/name"))
}

// at takes note that the tag just read begins a value.
func (r *Reader) at(t tag) {
	if r.err != nil {
		return
	}
	if t.name != "value" {
		r.Fail(fmt.Errorf("%w: <%s> where a value should be", ErrMalformed, t.name))
		return
	}
	r.due, r.open = true, false
	if t.empty { // <value/> is an empty string
		r.open, r.kind, r.text = true, String, r.text[:0]
	}
}

// enter finds out what the value at hand holds. A scalar is read whole.
func (r *Reader) enter() {
	if r.open || r.err != nil {
		return
	}
	if !r.due {
		r.Fail(fmt.Errorf("%w: asked for a value where there is none", ErrMalformed))
		return
	}
	r.open = true
	r.text = r.text[:0]
	if r.scan.pos == r.scan.end || r.scan.buf[r.scan.pos] != '<' {
		text, err := r.scan.text()
		if err != nil {
			r.Fail(err)
			return
		}
		r.text = append(r.text, text...)
	}
	t, err := r.scan.next()
	if err != nil {
		r.Fail(err)
		return
	}
	switch {
	case t.name == "/value": // no type means a string
		r.kind = String
		return
	case t.name == "": // a comment; never in what a hub sends
		r.enterAfterComment()
		return
	case !blank(r.text):
		r.Fail(fmt.Errorf("%w: text before <%s>", ErrMalformed, t.name))
		return
	}
	r.typed(t)
}

func (r *Reader) enterAfterComment() {
	before := append([]byte(nil), r.text...)
	r.open = false
	r.enter()
	if r.err != nil || blank(before) && r.kind != String {
		return
	}
	if r.kind != String {
		r.Fail(fmt.Errorf("%w: text before a typed value", ErrMalformed))
		return
	}
	r.text = append(before, r.text...)
}

func (r *Reader) typed(t tag) {
	r.text = r.text[:0]
	r.hollow = t.empty
	switch t.name {
	case "array":
		r.kind = Array
		return
	case "struct":
		r.kind = Struct
		return
	case "nil", "ex:nil":
		r.kind = Nil
	case "int", "i4", "i8", "i1", "i2", "ex:i8":
		r.kind = Int
	case "boolean":
		r.kind = Bool
	case "double":
		r.kind = Double
	case "string", "dateTime.iso8601":
		r.kind = String
	case "base64":
		r.kind = Base64
	default:
		r.Fail(fmt.Errorf("%w: a value of type %q", ErrMalformed, t.name))
		return
	}
	if !t.empty {
		r.text = r.chars(closing(t.name))
	}
	r.check()
	r.expect("/value")
}

// closing is the name of the tag that ends one; the usual ones without making a
// string.
func closing(name string) string {
	switch name {
	case "string":
		return "/string"
	case "int":
		return "/int"
	}
	return "/" + name
}

// check makes sure a number is one, so that a value nobody asked for is as
// sound as one that is read.
func (r *Reader) check() {
	ok := true
	switch r.kind {
	case Int:
		r.text = trim(r.text)
		_, ok = parseInt(r.text)
	case Bool:
		r.text = trim(r.text)
		ok = string(r.text) == "0" || string(r.text) == "1"
	case Double:
		r.text = trim(r.text)
		ok = len(r.text) > 0
	case Nil:
		ok = blank(r.text)
	default:
	}
	if !ok {
		r.Fail(fmt.Errorf("%q is no %s", clip(r.text), r.kind))
	}
}

func (r *Reader) done() { r.due, r.open = false, false }

// skipDue passes over a value the caller left alone.
func (r *Reader) skipDue() {
	if r.due && r.err == nil {
		r.Skip()
	}
}

// descend steps into a list or struct. It answers false if there is nothing in
// it to walk through.
func (r *Reader) descend(want Kind) bool {
	switch kind := r.Kind(); kind {
	case Nil:
		r.done()
		return false
	case want:
	default:
		r.wrong("a "+want.String(), kind)
		return false
	}
	r.done()
	if r.hollow {
		r.expect("/value")
		return false
	}
	if r.depth++; r.depth > maxDepth {
		r.Fail(fmt.Errorf("values nested deeper than %d", maxDepth))
		return false
	}
	if want == Struct {
		return true
	}
	t := r.tag()
	if r.err == nil && t.name != "data" {
		r.Fail(fmt.Errorf("%w: <%s> where <data> should be", ErrMalformed, t.name))
	}
	if t.empty {
		r.depth--
		r.expect("/array")
		r.expect("/value")
		return false
	}
	return r.err == nil
}

// ascend leaves a list or struct by the closing tags named, of which t is the
// first.
func (r *Reader) ascend(t tag, names ...string) {
	if r.err == nil && t.name != names[0] {
		r.Fail(fmt.Errorf("%w: <%s> where <%s> should be", ErrMalformed, t.name, names[0]))
	}
	for _, name := range names[1:] {
		r.expect(name)
	}
	r.expect("/value")
	r.depth--
	r.done()
}

func trim(piece []byte) []byte {
	for len(piece) > 0 && piece[0] <= ' ' {
		piece = piece[1:]
	}
	for len(piece) > 0 && piece[len(piece)-1] <= ' ' {
		piece = piece[:len(piece)-1]
	}
	return piece
}
