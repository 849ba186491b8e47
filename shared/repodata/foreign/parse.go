package foreign

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/repodata"
)

// Package is one package of a repository.
type Package struct {
	Name, Epoch, Version, Release, Arch string
	// File says where it lies: Base is always set, and with a final slash.
	File repodata.File
	// Digest is the algorithm of File.PkgID: "sha256" as a rule.
	Digest string
	// SourceRPM is the file name of the source package, "" for one itself.
	SourceRPM string
	// Built is when, in Unix seconds.
	Built int64
	// Primary is its description, with a location that holds everywhere. It
	// also has its dependencies. It is valid until the next package is read.
	Primary []byte
}

// NEVRA writes "name-epoch:version-release.arch", without an epoch of 0.
func (p *Package) NEVRA() string {
	epoch := ""
	if p.Epoch != "" && p.Epoch != "0" {
		epoch = p.Epoch + ":"
	}
	return p.Name + "-" + epoch + p.Version + "-" + p.Release + "." + p.Arch
}

// primaryReader reads a description of primary.
type primaryReader struct {
	base string // the repository's

	p        Package
	has      map[string]bool
	content  []byte
	location struct {
		from, to   int
		href, base string
	}
}

// read fills in the Package, and rewrites raw's location.
func (r *primaryReader) read(raw []byte) (*Package, error) {
	*r = primaryReader{base: r.base, p: Package{Primary: r.p.Primary[:0]}, has: map[string]bool{}}
	if err := scan(raw, r); err != nil {
		if r.p.Name == "" { // what is wrong may stand before it
			_, after, _ := bytes.Cut(raw, []byte("<name>"))
			name, _, _ := bytes.Cut(after, []byte("</name>"))
			return nil, fmt.Errorf("package %.100q %w", name, err)
		}
		return nil, r.named(err)
	}
	for _, field := range []string{"name", "arch", "version", "checksum", "location", "size", "time"} {
		if !r.has[field] {
			return nil, r.named(fmt.Errorf("has no <%s>", field))
		}
	}
	if err := errors.Join(r.checkNames(), r.place(), checkDigest(r.p.File.PkgID)); err != nil {
		return nil, r.named(err)
	}
	r.p.Primary = append(r.p.Primary, raw[:r.location.from]...)
	r.p.Primary = append(r.p.Primary, `<location xml:base="`...)
	r.p.Primary = appendQuoted(r.p.Primary, r.p.File.Base)
	r.p.Primary = append(r.p.Primary, `" href="`...)
	r.p.Primary = appendQuoted(r.p.Primary, r.p.File.Href)
	r.p.Primary = append(r.p.Primary, `"/>`...)
	r.p.Primary = append(append(r.p.Primary, raw[r.location.to:]...), '\n')
	return &r.p, nil
}

func (r *primaryReader) named(err error) error {
	return fmt.Errorf("package %.100q %w", r.p.NEVRA(), err)
}

// checkNames refuses what no package can be called: names become parts of
// paths, keys and messages.
func (r *primaryReader) checkNames() error {
	for _, part := range []string{r.p.Name, r.p.Version, r.p.Release, r.p.Arch} {
		if part == "" || len(part) > 512 || hasControl(part) || strings.ContainsAny(part, "/ ") {
			return fmt.Errorf("has %.100q in its name", part)
		}
	}
	if _, err := strconv.ParseUint(r.p.Epoch, 10, 32); r.p.Epoch != "" && err != nil {
		return fmt.Errorf("has epoch %.40q", r.p.Epoch)
	}
	if hasControl(r.p.SourceRPM) || strings.Contains(r.p.SourceRPM, "/") {
		return fmt.Errorf("has source package %.100q", r.p.SourceRPM)
	}
	return nil
}

func (r *primaryReader) place() (err error) {
	if err := checkHref(r.location.href); err != nil {
		return fmt.Errorf("cannot be listed: %w", err)
	}
	r.p.File.Href, r.p.File.Base = r.location.href, r.base
	if r.location.base != "" {
		if r.p.File.Base, err = checkBase(r.location.base); err != nil {
			return fmt.Errorf("cannot be listed: %w", err)
		}
	}
	return nil
}

func (r *primaryReader) start(depth int, name []byte, attributes []attribute, from, to int) error {
	r.content = r.content[:0]
	if depth == 1 {
		if string(name) != "package" || get(attributes, "type") != "rpm" {
			return errors.New("is not of type rpm")
		}
		return nil
	}
	if depth != 2 {
		return nil
	}
	if r.has[string(name)] {
		return fmt.Errorf("has two <%.40s>", name)
	}
	var err error
	switch string(name) {
	case "version":
		r.p.Epoch, r.p.Version, r.p.Release = get(attributes, "epoch"), get(attributes, "ver"), get(attributes, "rel")
	case "checksum":
		r.p.Digest = get(attributes, "type")
		if get(attributes, "pkgid") != "YES" {
			return errors.New(`has a <checksum> without pkgid="YES"`)
		}
	case "time":
		r.p.File.Time, err = number(attributes, "file")
		if err == nil {
			r.p.Built, err = number(attributes, "build")
		}
	case "size":
		r.p.File.Size, err = number(attributes, "package")
	case "location":
		r.location.from, r.location.to = from, to
		r.location.href, r.location.base = get(attributes, "href"), get(attributes, "xml:base")
	case "name", "arch", "format", "summary", "description", "packager", "url":
	default:
		return nil
	}
	r.has[string(name)] = true
	return err
}

func (r *primaryReader) text(depth int, raw []byte) {
	if depth == 2 || depth == 3 {
		r.content = append(r.content, raw...)
	}
}

func (r *primaryReader) end(depth int, name []byte, to int) {
	switch {
	case depth == 2 && string(name) == "name":
		r.p.Name = plain(r.content)
	case depth == 2 && string(name) == "arch":
		r.p.Arch = plain(r.content)
	case depth == 2 && string(name) == "checksum":
		r.p.File.PkgID = plain(r.content)
	case depth == 2 && string(name) == "location":
		r.location.to = to
	case depth == 3 && string(name) == "rpm:sourcerpm":
		r.p.SourceRPM = plain(r.content)
	}
	r.content = r.content[:0]
}

// idReader reads a description of filelists or other.
type idReader struct{ pkgid string }

func (r *idReader) start(depth int, name []byte, attributes []attribute, _, _ int) error {
	if depth > 1 {
		return nil
	}
	r.pkgid = get(attributes, "pkgid")
	if string(name) != "package" {
		return errors.New("is something else")
	}
	return checkDigest(r.pkgid)
}

func (*idReader) text(int, []byte)     {}
func (*idReader) end(int, []byte, int) {}

func checkDigest(pkgid string) error {
	raw, err := hex.DecodeString(pkgid)
	if err != nil || len(raw) < 16 || len(raw) > 64 {
		return fmt.Errorf("has checksum %.140q, which is none", pkgid)
	}
	return nil
}

func get(attributes []attribute, name string) string {
	for _, a := range attributes {
		if string(a.name) == name {
			return plain(a.value)
		}
	}
	return ""
}

func number(attributes []attribute, name string) (int64, error) {
	text := get(attributes, name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("has %s=%.40q, which is no number", name, text)
	}
	return n, nil
}

// appendQuoted writes an attribute's value.
func appendQuoted(to []byte, value string) []byte {
	for _, c := range []byte(value) {
		switch c {
		case '&':
			to = append(to, "&amp;"...)
		case '<':
			to = append(to, "&lt;"...)
		case '>':
			to = append(to, "&gt;"...)
		case '"':
			to = append(to, "&quot;"...)
		default:
			to = append(to, c)
		}
	}
	return to
}
