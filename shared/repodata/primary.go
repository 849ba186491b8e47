package repodata

import (
	"strconv"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

// appendPrimary writes the package's part of primary, from what identify,
// appendFiles and readRelations left.
func (d *Describer) appendPrimary(dst []byte) []byte {
	dst = append(dst, "<package type=\"rpm\">\n"...)
	dst = d.element(dst, "  ", "name", "name", d.name)
	dst = d.element(dst, "  ", "arch", "architecture", d.arch)
	dst = append(append(dst, "  "...), d.version...)
	dst = append(append(append(dst, `  <checksum type="sha256" pkgid="YES">`...), d.file.PkgID...), "</checksum>\n"...)
	dst = d.tagged(dst, "  ", "summary", header.Summary)
	dst = d.tagged(dst, "  ", "description", header.Description)
	dst = d.tagged(dst, "  ", "packager", header.Packager)
	dst = d.tagged(dst, "  ", "url", header.URL)

	dst = append(dst, `  <time file="`...)
	if d.file.Time != 0 {
		dst = strconv.AppendInt(dst, d.file.Time, 10)
	} else {
		dst = strconv.AppendUint(dst, d.build, 10)
	}
	dst = strconv.AppendUint(append(dst, `" build="`...), d.build, 10)
	dst = strconv.AppendInt(append(dst, "\"/>\n  <size package=\""...), d.file.Size, 10)
	dst = strconv.AppendUint(append(dst, `" installed="`...), d.installedSize(), 10)
	dst = strconv.AppendUint(append(dst, `" archive="`...), d.archiveSize(), 10)
	dst = append(dst, "\"/>\n  <location "...)
	if d.file.Base != "" {
		dst = append(dst, `xml:base="`...)
		if d.file.Base[0] == '/' {
			dst = append(dst, "file://"...)
		}
		dst = append(d.escape(dst, "location", []byte(d.file.Base), attribute), `" `...)
	}
	dst = d.escape(append(dst, `href="`...), "location", []byte(d.file.Href), attribute)
	dst = append(dst, "\"/>\n  <format>\n"...)

	dst = d.tagged(dst, "    ", "rpm:license", header.License)
	dst = d.tagged(dst, "    ", "rpm:vendor", header.Vendor)
	dst = d.tagged(dst, "    ", "rpm:group", header.Group)
	dst = d.tagged(dst, "    ", "rpm:buildhost", header.BuildHost)
	dst = d.element(dst, "    ", "rpm:sourcerpm", "sourcerpm", d.sourceRPM)
	dst = strconv.AppendInt(append(dst, `    <rpm:header-range start="`...), d.header.Start(), 10)
	dst = strconv.AppendInt(append(dst, `" end="`...), d.header.End(), 10)
	dst = append(dst, "\"/>\n"...)
	for kind := range kinds {
		dst = d.appendRelation(dst, kind)
	}
	dst = append(dst, d.files...)
	return append(dst, "  </format>\n</package>\n"...)
}

// tagged writes a tag's text as an element; an absent one is empty.
func (d *Describer) tagged(dst []byte, indent, element string, tag header.Tag) []byte {
	return d.element(dst, indent, element, element, d.raw(tag))
}

func (d *Describer) element(dst []byte, indent, element, field string, text []byte) []byte {
	dst = append(append(append(append(dst, indent...), '<'), element...), '>')
	dst = d.escape(dst, field, text, content)
	return append(append(append(dst, "</"...), element...), ">\n"...)
}

func (d *Describer) appendRelation(dst []byte, kind relation) []byte {
	l := &d.relations[kind]
	if !l.any {
		return dst
	}
	dst = append(append(dst, "    <rpm:"...), kind.String()...)
	if len(l.xml) == 0 {
		return append(dst, "/>\n"...)
	}
	dst = append(append(dst, ">\n"...), l.xml...)
	return append(append(append(dst, "    </rpm:"...), kind.String()...), ">\n"...)
}

func (d *Describer) installedSize() uint64 {
	if d.header.Has(header.LongSize) {
		return d.number(header.LongSize)
	}
	return d.number(header.Size)
}

// archiveSize is the payload's size before compression. librpm merges the
// signature header's into the main header's.
func (d *Describer) archiveSize() uint64 {
	signature := d.header.Signature()
	for _, from := range []struct {
		section header.Section
		tag     header.Tag
	}{
		{d.header.Section, header.SigArchiveSize},
		{signature, header.SigArchiveSize},
		{d.header.Section, header.ArchiveSize},
		{signature, header.SigPayloadSize},
	} {
		n, ok, err := from.section.Number(from.tag)
		d.keep(err)
		if ok {
			return n
		}
	}
	return 0
}
