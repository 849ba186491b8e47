// Package frame writes the metadata of a repository from what earlier
// repositories already hold: only the packages that changed are described and
// compressed again, all else is copied.
//
// primary, filelists and other are each a list of frames: zstd frames or gzip
// members that hold the descriptions of some consecutive packages, one after
// the other. Readers see one stream (RFC 8878 section 3 and RFC 1952 section
// 2.2 allow the concatenation). Where one frame ends and the next begins
// follows from the names of the packages alone, so two composes of mostly the
// same packages have mostly the same frames, and a frame that both have is a
// range of bytes to be copied. An Index says what frames an existing set of
// three objects has.
package frame

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/distaff-project/distaff/shared/repodata"
)

// The three documents of a repository, as indexes into arrays of three.
const (
	Primary   = 0
	Filelists = 1
	Other     = 2
)

// Documents are the kinds of the three.
func Documents() [3]repodata.Kind {
	return [3]repodata.Kind{repodata.Primary, repodata.Filelists, repodata.Other}
}

// ID stands for everything that shapes a description. Two packages of the same
// ID have the same bytes in all three documents.
type ID [16]byte

// Identify digests parts into an ID. No two different lists of parts give the
// same: {"ab", "c"} is not {"a", "bc"}.
func Identify(parts ...string) ID {
	sum := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		_, _ = sum.Write(size[:])
		_, _ = io.WriteString(sum, part)
	}
	return ID(sum.Sum(nil)[:16])
}

// Entry is one RPM file's place in the metadata.
type Entry struct {
	// Base is the file's name and Dir its folder: the order of the metadata.
	Base, Dir string
	// Name is the package's name. Frames are cut by it and not by Base, so
	// that a new version of a package moves no border.
	Name string
	// ID must cover all that its description depends on: pkgid, size, time,
	// base, href, and the options descriptions are made with (see Identify).
	ID ID
}

// Compare is createrepo_c's order: by the file's name, then by its folder, byte
// by byte. Packages of other repositories may share both; their ID makes
// the order of those certain.
func Compare(a, b Entry) int {
	return cmp.Or(
		cmp.Compare(a.Base, b.Base),
		cmp.Compare(a.Dir, b.Dir),
		cmp.Compare(string(a.ID[:]), string(b.ID[:])),
	)
}

// inOrder refuses a list that is not in order or has something twice.
func inOrder(entries []Entry) error {
	for i := 1; i < len(entries); i++ {
		switch c := Compare(entries[i-1], entries[i]); {
		case c == 0:
			return fmt.Errorf("%s/%s is listed twice: list each package once", entries[i].Dir, entries[i].Base)
		case c > 0:
			return fmt.Errorf("%s/%s is listed after %s/%s: sort the list with frame.Compare",
				entries[i].Dir, entries[i].Base, entries[i-1].Dir, entries[i-1].Base)
		}
	}
	return nil
}
