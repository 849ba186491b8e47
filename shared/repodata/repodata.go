// Package repodata writes the metadata dnf installs from: what the headers of
// RPMs say, as createrepo_c would write it, byte for byte.
//
// The rules are those of createrepo_c's src/parsehdr.c and src/xml_dump*.c
// (version 1.2.4 and later), oddities included: whoever compares two
// repositories, or merges ours with others, must find no difference.
package repodata

import "fmt"

// Kind names one file of the metadata, as repomd.xml does.
type Kind string

// The files made from packages. FilelistsExt is what createrepo_c adds with
// --filelists-ext.
const (
	Primary      Kind = "primary"
	Filelists    Kind = "filelists"
	Other        Kind = "other"
	FilelistsExt Kind = "filelists-ext"
)

// File is what a package's header cannot say of it.
type File struct {
	// PkgID is the SHA-256 of the whole file, 64 hexadecimal digits in lower
	// case.
	PkgID string
	// Size of the file in bytes.
	Size int64
	// Time of the file in Unix seconds. 0 takes the build time, which does not
	// depend on who copied the file when.
	Time int64
	// Base is the URL that Href is relative to (xml:base). Empty means the
	// repository's own.
	Base string
	// Href is where the file lies, relative to Base, or a whole URL. dnf takes
	// no path that begins at a server's root.
	Href string
}

// Fragment is one package's part of each file: a <package> element and a
// newline. FilelistsExt is empty unless asked for.
type Fragment struct {
	Primary, Filelists, Other, FilelistsExt []byte
}

// Options are createrepo_c's that change a package's part.
type Options struct {
	// Changelogs is how many of the newest entries are kept (--changelog-limit).
	// 0 is createrepo_c's own default, 10; below 0 keeps all.
	Changelogs int
	// Ext also writes filelists-ext (--filelists-ext).
	Ext bool
	// OldPre marks requirements with pre="1" as createrepo_c did before 1.1.1,
	// which did not know %pretrans and %posttrans.
	OldPre bool
}

const defaultChangelogs = 10

// PackageError is a package that cannot be described: its header is broken, or
// holds what XML cannot.
type PackageError struct {
	// NEVRA is as much as the header told.
	NEVRA string
	// Href is the file's.
	Href string
	Err  error
}

// Error names the package and the field.
func (e *PackageError) Error() string {
	return fmt.Sprintf("describe package %s (%s): %v", e.NEVRA, e.Href, e.Err)
}

// Unwrap gives the reason.
func (e *PackageError) Unwrap() error { return e.Err }
