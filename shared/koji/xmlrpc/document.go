package xmlrpc

import (
	"fmt"
	"io"
)

// ReadReply reads an answer from src, at most limit bytes of it. It calls
// value once, for the one value a good answer holds. A refusal is a *Fault.
func ReadReply(src io.Reader, limit int64, value func(*Reader)) error {
	r := NewReader(src, limit)
	r.expect("methodResponse")
	switch t := r.tag(); t.name {
	case "params":
		r.expect("param")
		r.at(r.tag())
		if r.err == nil {
			value(r)
		}
		r.skipDue()
		r.expect("/param")
		r.expect("/params")
		r.finish("/methodResponse")
		return r.err
	case "fault":
		r.at(r.tag())
		fault := r.fault()
		r.expect("/fault")
		r.finish("/methodResponse")
		if r.err != nil {
			return r.err
		}
		return fault
	default:
		r.Fail(fmt.Errorf("%w: <%s> in an answer", ErrMalformed, t.name))
		return r.err
	}
}

// ReadCall reads a call from src, at most limit bytes of it: what a server
// does.
func ReadCall(src io.Reader, limit int64) (method string, params []any, err error) {
	r := NewReader(src, limit)
	r.expect("methodCall")
	r.expect("methodName")
	method = string(trim(r.chars("/methodName")))
	t := r.tag()
	if t.name == "params" && !t.empty {
		for t = r.tag(); t.name == "param" && r.err == nil; t = r.tag() {
			// Python's reader drops a parameter without a value.
			if inner := r.tag(); inner.name != "/param" {
				r.at(inner)
				params = append(params, r.Any())
				r.expect("/param")
			}
		}
		if r.err == nil && t.name != "/params" {
			r.Fail(fmt.Errorf("%w: <%s> among parameters", ErrMalformed, t.name))
		}
		t = r.tag()
	} else if t.name == "params" {
		t = r.tag()
	}
	if r.err == nil && t.name != "/methodCall" {
		r.Fail(fmt.Errorf("%w: <%s> in a call", ErrMalformed, t.name))
	}
	r.finish("")
	return method, params, r.err
}

// Fault reads {faultCode, faultString}: the shape of a refusal, of a failed
// part of a multiCall, and of the result of a failed task.
func (r *Reader) Fault() *Fault { return r.fault() }

func (r *Reader) fault() *Fault {
	var fault Fault
	for name := range r.Members() {
		switch name {
		case "faultCode":
			fault.Code = r.Int()
		case "faultString":
			fault.Text = r.Text()
		}
	}
	return &fault
}

// finish makes sure the document ends here, and was not cut off.
func (r *Reader) finish(closing string) {
	if closing != "" {
		r.expect(closing)
	}
	if r.err != nil {
		return
	}
	for {
		if !blank(r.scan.buf[r.scan.pos:r.scan.end]) {
			r.Fail(fmt.Errorf("%w: something after its end", ErrMalformed))
			return
		}
		r.scan.pos = r.scan.end
		if r.scan.eof {
			return
		}
		if err := r.scan.fill(); err != nil {
			if !r.scan.eof {
				r.Fail(err)
			}
			return
		}
	}
}
