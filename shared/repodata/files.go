package repodata

import (
	"bytes"
	"fmt"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

// A header of some megabytes can make terabytes of metadata: a million files in
// one folder with a long name. So much is no package's; Fedora's largest has
// some 60,000 files.
const (
	maxValues  = 1 << 20  // files, or relations of one kind
	maxChanges = 1 << 16  // entries of a changelog that are kept
	maxText    = 1 << 20  // bytes of one text
	maxPart    = 64 << 20 // bytes of files, or of relations of one kind, written
)

const (
	modeType = 0o170000
	modeDir  = 0o040000
	// flagGhost is rpm's RPMFILE_GHOST.
	flagGhost = 1 << 6
)

// fileList is the parallel lists of a header that make its files.
type fileList struct {
	bases, digests        header.Strings
	flags, modes, indexes header.Ints
}

// appendFiles writes the filelists, and keeps the files that primary has too.
func (d *Describer) appendFiles(out *Fragment) {
	d.filesStart = len(out.Filelists)
	out.Filelists = d.appendStart(out.Filelists)
	if d.Options.Ext {
		out.FilelistsExt = d.appendStart(out.FilelistsExt)
		out.FilelistsExt = append(out.FilelistsExt, `  <checksum type="`...)
		out.FilelistsExt = append(out.FilelistsExt, digestName(d.only(header.FileDigestAlgo))...)
		out.FilelistsExt = append(out.FilelistsExt, "\"/>\n"...)
	}
	d.files = d.files[:0]
	list, n := d.listFiles()
	d.paths.reset()
	for i := range n {
		if d.err != nil {
			return
		}
		d.appendFile(out, &list, i)
	}
	const end = "</package>\n"
	out.Filelists = append(out.Filelists, end...)
	if d.Options.Ext {
		out.FilelistsExt = append(out.FilelistsExt, end...)
	}
}

// listFiles reads the parallel lists and tells how many files there are: none
// when a list is missing, as for createrepo_c.
func (d *Describer) listFiles() (fileList, int) {
	var list fileList
	old := d.has(header.OldFilenames) && !d.has(header.BaseNames)
	if !d.has(header.FileFlags, header.FileModes, header.FileDigests) ||
		!old && !d.has(header.BaseNames, header.DirIndexes, header.DirNames) {
		return list, 0
	}
	list.flags, list.modes = d.ints(header.FileFlags), d.ints(header.FileModes)
	list.digests = d.texts(header.FileDigests)
	d.dirs = d.dirs[:0]
	if old {
		list.bases = d.texts(header.OldFilenames)
	} else {
		list.bases, list.indexes = d.texts(header.BaseNames), d.ints(header.DirIndexes)
		dirs := d.texts(header.DirNames)
		for dir, ok := dirs.Next(); ok; dir, ok = dirs.Next() {
			d.dirs = append(d.dirs, dir)
		}
	}
	n := list.bases.Len()
	if d.err != nil {
		return list, 0
	}
	if list.flags.Len() != n || list.modes.Len() != n || list.digests.Len() != n || !old && list.indexes.Len() != n {
		d.fail("files", fmt.Errorf("%w: %d names, %d folders, %d flags, %d modes and %d digests",
			header.ErrBroken, n, list.indexes.Len(), list.flags.Len(), list.modes.Len(), list.digests.Len()))
		return list, 0
	}
	if n > maxValues {
		d.fail("files", fmt.Errorf("%d are more than the %d a package may have", n, maxValues))
		return list, 0
	}
	return list, n
}

// appendFile writes file i, the next of the list.
func (d *Describer) appendFile(out *Fragment, list *fileList, i int) {
	base, _ := list.bases.Next()
	d.path = d.path[:0]
	if list.indexes.Len() > 0 {
		at := list.indexes.At(i)
		if at >= uint64(len(d.dirs)) {
			d.fail("files", fmt.Errorf("%w: %.255q lies in folder %d of %d", header.ErrBroken, base, at, len(d.dirs)))
			return
		}
		d.path = append(d.path, d.dirs[at]...)
	}
	d.path = append(d.path, base...)

	kind := ""
	switch {
	case list.modes.At(i)&modeType == modeDir:
		kind = ` type="dir"`
	case list.flags.At(i)&flagGhost != 0:
		kind = ` type="ghost"`
	}
	start := len(out.Filelists)
	if start-d.filesStart > maxPart {
		d.fail("files", fmt.Errorf("more than the %d bytes a package may have", maxPart))
		return
	}
	out.Filelists = append(append(append(out.Filelists, "  <file"...), kind...), '>')
	name := len(out.Filelists)
	out.Filelists = d.escape(out.Filelists, "files", d.path, content)
	out.Filelists = append(out.Filelists, "</file>\n"...)
	if isPrimary(d.path) {
		d.files = append(append(d.files, "  "...), out.Filelists[start:]...)
		d.paths.add(d.path)
	}
	if d.Options.Ext {
		digest, _ := list.digests.Next()
		ext := append(append(out.FilelistsExt, "  <file"...), kind...)
		if len(digest) > 0 {
			ext = append(ext, ` hash="`...)
			ext = append(d.escape(ext, "file digests", digest, attribute), '"')
		}
		out.FilelistsExt = append(append(ext, '>'), out.Filelists[name:]...)
	}
}

// isPrimary reports whether primary lists a file: what a package may require by
// path without the solver having to load the filelists.
func isPrimary(path []byte) bool {
	return bytes.HasPrefix(path, []byte("/etc/")) || bytes.Contains(path, []byte("bin/")) || string(path) == "/usr/lib/sendmail"
}

// digestName is the algorithm with that OpenPGP number.
func digestName(algorithm uint64) string {
	switch algorithm {
	case 1:
		return "md5"
	case 2:
		return "sha1"
	case 3:
		return "ripemd160"
	case 5:
		return "md2"
	case 6:
		return "tiger192"
	case 7:
		return "haval-5-160"
	case 8:
		return "sha256"
	case 9:
		return "sha384"
	case 10:
		return "sha512"
	case 11:
		return "sha224"
	default:
		return "unknown"
	}
}
