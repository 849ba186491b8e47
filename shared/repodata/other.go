package repodata

import (
	"fmt"
	"strconv"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

// change is one entry of a changelog.
type change struct {
	author, text []byte
	time         int64
}

// appendStart opens the package's element of filelists and other.
func (d *Describer) appendStart(dst []byte) []byte {
	dst = append(append(dst, `<package pkgid="`...), d.file.PkgID...)
	dst = d.escape(append(dst, `" name="`...), "name", d.name, attribute)
	dst = d.escape(append(dst, `" arch="`...), "architecture", d.arch, attribute)
	return append(append(dst, "\">\n  "...), d.version...)
}

func (d *Describer) appendOther(dst []byte) []byte {
	dst = d.appendStart(dst)
	d.readChanges()
	for i := len(d.changes) - 1; i >= 0; i-- { // oldest first
		c := d.changes[i]
		dst = d.escape(append(dst, `  <changelog author="`...), "changelog", c.author, attribute)
		dst = strconv.AppendInt(append(dst, `" date="`...), c.time, 10)
		dst = d.escape(append(dst, `">`...), "changelog", c.text, content)
		dst = append(dst, "</changelog>\n"...)
	}
	return append(dst, "</package>\n"...)
}

// readChanges keeps the newest entries, which the header has first. Entries of
// one day have one time; the newer get a second more each, so that times tell
// the order.
func (d *Describer) readChanges() {
	d.changes = d.changes[:0]
	if !d.has(header.ChangelogTime, header.ChangelogName, header.ChangelogText) {
		return
	}
	times, authors, texts := d.ints(header.ChangelogTime), d.texts(header.ChangelogName), d.texts(header.ChangelogText)
	n := authors.Len()
	if d.err != nil {
		return
	}
	if times.Len() != n || texts.Len() != n {
		d.fail("changelog", fmt.Errorf("%w: %d authors, %d times and %d texts", header.ErrBroken, n, times.Len(), texts.Len()))
		return
	}
	limit := d.Options.Changelogs
	if limit == 0 {
		limit = defaultChangelogs
	}
	if limit > 0 {
		n = min(n, limit)
	}
	if n > maxChanges {
		d.fail("changelog", fmt.Errorf("%d entries are more than the %d that can be kept", n, maxChanges))
		return
	}
	last := int64(0)
	for i := range n {
		author, _ := authors.Next()
		text, _ := texts.Next()
		for len(author) > 1 && author[len(author)-1] == ' ' {
			author = author[:len(author)-1]
		}
		c := change{author: author, text: text, time: int64(times.At(i))} //nolint:gosec // the format has 32 bits
		d.changes = append(d.changes, c)
		if c.time != last {
			last = c.time
			continue
		}
		// createrepo_c counts in 32 bits here.
		for j, taken := i-1, int32(c.time); j >= 0 && d.changes[j].time == int64(taken); j-- { //nolint:gosec // see above
			d.changes[j].time++
			taken++
		}
	}
}
