package repodata

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

var errNone = errors.New("the header has none")

// Describe writes one package's part of the metadata. Whoever has many packages
// uses a Describer, which reuses its memory.
func Describe(h header.Header, f File, o Options) (Fragment, error) {
	d := Describer{Options: o}
	return d.Append(Fragment{}, h, f)
}

// Describer writes one package after the other. The zero value is ready; it is
// not for concurrent use.
type Describer struct {
	Options Options

	header header.Header
	file   File
	err    error

	name, arch []byte
	version    []byte // the <version> element
	build      uint64
	sourceRPM  []byte

	dirs       [][]byte
	path       []byte
	files      []byte // the <file> elements of primary
	filesStart int    // where the package begins in the filelists
	paths      paths
	relations  [kinds]list
	provided   keys
	required   keys
	changes    []change
}

// Append writes one package's part behind what dst already holds. After an
// error, always a *PackageError, the fragment holds what it did before.
func (d *Describer) Append(dst Fragment, h header.Header, f File) (Fragment, error) {
	d.header, d.file, d.err = h, f, nil
	d.identify()
	d.checkFile()
	out := dst
	if d.err == nil {
		d.appendFiles(&out)
		d.readRelations()
		out.Primary = d.appendPrimary(out.Primary)
		out.Other = d.appendOther(out.Other)
	}
	if d.err != nil {
		return dst, &PackageError{NEVRA: d.nevra(), Href: f.Href, Err: d.err}
	}
	return out, nil
}

// identify reads what all the files name the package by.
func (d *Describer) identify() {
	d.name, d.arch = d.raw(header.Name), d.raw(header.Arch)
	d.sourceRPM = d.raw(header.SourceRPM)
	source, err := d.header.IsSource()
	d.fail("architecture", err)
	switch {
	case source:
		d.arch = []byte("src")
	case !d.header.Has(header.SourceRPM) && !d.header.Has(header.SourcePackage):
		d.sourceRPM = []byte("(none)") // as librpm fills in
	}
	if len(d.name) == 0 {
		d.fail("name", errNone)
	}
	if len(d.arch) == 0 {
		d.fail("architecture", errNone)
	}
	d.build = d.number(header.BuildTime)
	d.version = append(d.version[:0], `<version epoch="`...)
	d.version = strconv.AppendUint(d.version, d.only(header.Epoch), 10)
	d.version = append(d.version, `" ver="`...)
	d.version = d.escape(d.version, "version", d.raw(header.Version), attribute)
	d.version = append(d.version, `" rel="`...)
	d.version = d.escape(d.version, "release", d.raw(header.Release), attribute)
	d.version = append(d.version, "\"/>\n"...)
}

func (d *Describer) checkFile() {
	var sum [32]byte
	if n, err := hex.Decode(sum[:], []byte(d.file.PkgID[:min(len(d.file.PkgID), 64)])); err != nil || n != 32 ||
		len(d.file.PkgID) != 64 || strings.ToLower(d.file.PkgID) != d.file.PkgID {
		d.fail("checksum", fmt.Errorf("%.80q is no SHA-256 in lower case", d.file.PkgID))
	}
	if d.file.Size <= 0 {
		d.fail("size", fmt.Errorf("%d bytes is no size of a package", d.file.Size))
	}
	if d.file.Href == "" || d.file.Href[0] == '/' {
		d.fail("location", fmt.Errorf("%.200q is neither a relative path nor a URL", d.file.Href))
	}
}

// nevra names the package in errors, as far as its header allows.
func (d *Describer) nevra() string {
	parts := make([]string, 0, 4)
	for _, tag := range []header.Tag{header.Name, header.Version, header.Release} {
		text, err := d.header.Text(tag)
		if err != nil || text == "" {
			text = "?"
		}
		parts = append(parts, text)
	}
	epoch, _, err := d.header.Number(header.Epoch)
	if err != nil {
		epoch = 0
	}
	arch := string(d.arch)
	if arch == "" {
		arch = "?"
	}
	return fmt.Sprintf("%.255s-%d:%.255s-%.255s.%.64s", parts[0], epoch, parts[1], parts[2], arch)
}

// fail keeps the first error.
func (d *Describer) fail(field string, err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("%s: %w", field, err)
	}
}

// raw, number, only, texts and ints read a tag; that it is broken is kept as the
// package's error.

func (d *Describer) raw(tag header.Tag) []byte {
	text, err := d.header.Raw(tag)
	d.keep(err)
	return text
}

func (d *Describer) number(tag header.Tag) uint64 {
	n, _, err := d.header.Number(tag)
	d.keep(err)
	return n
}

// only is a number that stands alone; librpm takes no first of several here.
func (d *Describer) only(tag header.Tag) uint64 {
	if numbers := d.ints(tag); numbers.Len() == 1 {
		return numbers.At(0)
	}
	return 0
}

func (d *Describer) texts(tag header.Tag) header.Strings {
	texts, err := d.header.Strings(tag)
	d.keep(err)
	return texts
}

func (d *Describer) ints(tag header.Tag) header.Ints {
	numbers, err := d.header.Ints(tag)
	d.keep(err)
	return numbers
}

func (d *Describer) keep(err error) {
	if err != nil && d.err == nil {
		d.err = err
	}
}

// has reports whether all the tags are there. createrepo_c leaves out lists of
// which one is missing.
func (d *Describer) has(tags ...header.Tag) bool {
	for _, tag := range tags {
		if !d.header.Has(tag) {
			return false
		}
	}
	return true
}

// escape appends a text; one that XML cannot hold is the package's error.
func (d *Describer) escape(dst []byte, field string, text []byte, where place) []byte {
	if len(text) > maxText {
		d.fail(field, fmt.Errorf("a text of %d bytes is more than the %d one may have", len(text), maxText))
		return dst
	}
	dst, err := appendEscaped(dst, text, where)
	d.fail(field, err)
	return dst
}
