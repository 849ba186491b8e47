package productmd

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

// What a package is for, in rpms.json.
const (
	Binary = "binary"
	Debug  = "debug"
	Source = "source"
)

// RPM is one package in rpms.json. It is listed under a variant, an
// architecture — never "src": sources are listed with each architecture — and
// the source package it was built from.
type RPM struct {
	Variant string
	Arch    string // of the tree
	Source  string // the source package as name-epoch:version-release.src
	NEVRA   string // name-epoch:version-release.arch
	Entry
}

// Entry is what rpms.json tells of a package.
type Entry struct {
	Category string  `json:"category"`
	Path     string  `json:"path"`   // relative to the compose folder
	SigKey   *string `json:"sigkey"` // lower case; nil: not signed
}

// Signed is the sigkey of a package signed with key, which may be in either
// case; an empty key is no signature.
func Signed(key string) *string {
	if key == "" {
		return nil
	}
	key = strings.ToLower(key)
	return &key
}

// RPMsWriter writes rpms.json as packages come, holding none of them. They must
// come sorted by variant, architecture, source package and name, bytewise: see
// CompareRPMs.
type RPMsWriter struct {
	w      io.Writer
	buf    bytes.Buffer
	last   RPM
	any    bool
	closed bool
	err    error
}

// CompareRPMs orders packages as the file has them.
func CompareRPMs(a, b RPM) int {
	for _, pair := range [4][2]string{{a.Variant, b.Variant}, {a.Arch, b.Arch}, {a.Source, b.Source}, {a.NEVRA, b.NEVRA}} {
		if n := strings.Compare(pair[0], pair[1]); n != 0 {
			return n
		}
	}
	return 0
}

// NewRPMsWriter begins the file of a compose.
func NewRPMsWriter(w io.Writer, c Compose) (*RPMsWriter, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	head, err := encodeAt(struct {
		Header  header `json:"header"`
		Payload struct {
			Compose composeJSON `json:"compose"`
		} `json:"payload"`
	}{header{typeRPMs, version}, struct {
		Compose composeJSON `json:"compose"`
	}{c.json()}}, "")
	if err != nil {
		return nil, err
	}
	out := &RPMsWriter{w: w}
	out.buf.Write(bytes.TrimSuffix(head, []byte("\n    }\n}")))
	out.buf.WriteString(",\n        \"rpms\": {")
	return out, nil
}

// Add writes one package. One equal to that before it is left out: a source
// package is asked for by each of its binary ones. After an error the file is
// spoilt and every call gives that error.
func (w *RPMsWriter) Add(p RPM) error {
	if w.err == nil {
		w.err = w.add(p)
	}
	return w.err
}

func (w *RPMsWriter) add(p RPM) error {
	if err := p.check(); err != nil {
		return err
	}
	depth := 0 // how many of variant, arch and source stay open
	if w.any {
		order := CompareRPMs(w.last, p)
		if order == 0 && w.last.same(p) {
			return nil
		}
		if order >= 0 {
			return wrong("%s comes after %s in %s on %s: twice, or not sorted", p.NEVRA, w.last.NEVRA, p.Variant, p.Arch)
		}
		switch {
		case w.last.Variant != p.Variant:
		case w.last.Arch != p.Arch:
			depth = 1
		case w.last.Source != p.Source:
			depth = 2
		default:
			depth = 3
		}
		w.end(depth)
		w.buf.WriteByte(',')
	}
	for level, name := range []string{p.Variant, p.Arch, p.Source} {
		if level >= depth {
			w.open(level, name)
		}
	}
	value, err := encodeAt(p.Entry, margin(3))
	if err != nil {
		return err
	}
	name, err := encodeAt(p.NEVRA, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(&w.buf, "\n%s%s: %s", margin(3), name, value)
	w.last, w.any = p, true
	if w.buf.Len() < 64<<10 {
		return nil
	}
	return w.flush()
}

// Close ends the file. It does not close the writer below.
func (w *RPMsWriter) Close() error {
	if w.err != nil || w.closed {
		return w.err
	}
	w.closed = true
	if w.any {
		w.end(0)
		w.buf.WriteString("\n        ")
	}
	w.buf.WriteString("}\n    }\n}")
	w.err = w.flush()
	return w.err
}

func (w *RPMsWriter) flush() error {
	_, err := w.buf.WriteTo(w.w)
	return err
}

func (w *RPMsWriter) open(level int, name string) {
	raw, err := encodeAt(name, "")
	if err != nil {
		w.err = err
	}
	fmt.Fprintf(&w.buf, "\n%s%s: {", margin(level), raw)
}

// end closes the objects below depth.
func (w *RPMsWriter) end(depth int) {
	for level := 2; level >= depth; level-- {
		w.buf.WriteString("\n" + margin(level) + "}")
	}
}

func margin(level int) string { return strings.Repeat("    ", 3+level) }

func (p RPM) same(q RPM) bool {
	if (p.SigKey == nil) != (q.SigKey == nil) || p.SigKey != nil && *p.SigKey != *q.SigKey {
		return false
	}
	return p.Category == q.Category && p.Path == q.Path
}

// check holds what productmd's own writer holds.
func (p RPM) check() error {
	if p.Variant == "" || p.Arch == "" || rpm.IsSource(p.Arch) || len(p.Variant)+len(p.Arch) > maxText {
		return wrong("%.120q is listed in variant %.80q, architecture %.40q", p.NEVRA, p.Variant, p.Arch)
	}
	for _, name := range []string{p.NEVRA, p.Source} {
		if _, err := rpm.ParseNVRA(name); err != nil || !strings.Contains(name, ":") || strings.Contains(name, "/") {
			return wrong("%.120q is not name-epoch:version-release.arch", name)
		}
	}
	source := strings.HasSuffix(p.NEVRA, ".src") || strings.HasSuffix(p.NEVRA, ".nosrc")
	switch p.Category {
	case Binary, Debug, Source:
	default:
		return wrong("category %.40q of %s", p.Category, p.NEVRA)
	}
	if source != (p.Category == Source) || source && p.Source != p.NEVRA {
		return wrong("%s is listed as %s, built from %s", p.NEVRA, p.Category, p.Source)
	}
	if err := relative(p.Path); err != nil {
		return wrong("%s: %w", p.NEVRA, err)
	}
	return nil
}
