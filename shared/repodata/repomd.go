package repodata

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Files that are not made from packages.
const (
	Group      Kind = "group"      // comps.xml
	Modules    Kind = "modules"    // modules.yaml
	UpdateInfo Kind = "updateinfo" // updateinfo.xml
)

// Checksum is a digest of a file.
type Checksum struct {
	// Type is the algorithm as repomd.xml names it: "sha256". The zero Checksum
	// means that there is none.
	Type string
	// Hex is the digest in hexadecimal digits, in lower case.
	Hex string
}

// Sum is the SHA-256 of a file.
func Sum(raw []byte) Checksum {
	sum := sha256.Sum256(raw)
	return Checksum{Type: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// Distro says what a repository is for.
type Distro struct {
	// CPEID may be empty.
	CPEID string
	Name  string
}

// Data is one file of the metadata.
type Data struct {
	Type Kind
	// Checksum is of the file as it lies there, OpenChecksum of what it
	// decompresses to (dnf does without), HeaderChecksum of a zchunk header.
	Checksum, OpenChecksum, HeaderChecksum Checksum
	// Location is relative to the repository, or to Base where that is not empty.
	Location, Base string
	// Timestamp is in Unix seconds.
	Timestamp int64
	// Size, OpenSize and HeaderSize are in bytes, of the same things as the
	// checksums. OpenSize and HeaderSize are left out when 0.
	Size, OpenSize, HeaderSize int64
	// DatabaseVersion is written for the types that end with "_db" only.
	DatabaseVersion int
}

// Repomd is repomd.xml, the file a repository is entered by.
type Repomd struct {
	// Revision is any text; dnf takes the larger number for the newer.
	Revision string
	Content  []string
	Repo     []string
	Distros  []Distro
	Data     []Data
}

// Find gives the file of a type.
func (r Repomd) Find(kind Kind) (Data, bool) {
	at := slices.IndexFunc(r.Data, func(d Data) bool { return d.Type == kind })
	if at < 0 {
		return Data{}, false
	}
	return r.Data[at], true
}

// Location is where createrepo_c puts a file: its digest before its name.
// Extension is that of the compression, ".zst" or ".gz".
func Location(kind Kind, sum Checksum, extension string) string {
	var name string
	switch kind {
	case Group:
		name = "comps.xml"
	case Modules:
		name = "modules.yaml"
	default:
		name = string(kind) + ".xml"
	}
	return "repodata/" + sum.Hex + "-" + name + extension
}

// Encode writes repomd.xml as createrepo_c does, in its order of files. The only
// error is a text XML cannot hold.
func (r Repomd) Encode() ([]byte, error) {
	w := repomdWriter{out: []byte(xmlHead)}
	w.out = append(w.out, `<repomd xmlns="`+namespaces+`repo`+namespaceNS+"\">\n"...)
	w.element("  ", "revision", r.Revision)
	if len(r.Content)+len(r.Repo)+len(r.Distros) > 0 {
		w.put("  <tags>\n")
		for _, tag := range r.Content {
			w.element("    ", "content", tag)
		}
		for _, tag := range r.Repo {
			w.element("    ", "repo", tag)
		}
		for _, distro := range r.Distros {
			w.element("    ", "distro", distro.Name, "cpeid", distro.CPEID)
		}
		w.put("  </tags>\n")
	}
	for _, d := range slices.SortedStableFunc(slices.Values(r.Data), compareData) {
		w.data(d)
	}
	w.put("</repomd>\n")
	return w.out, w.err
}

// compareData is createrepo_c's order: first what is made from packages, then by
// type.
func compareData(a, b Data) int {
	return cmp.Or(rank(a.Type)-rank(b.Type), strings.Compare(string(a.Type), string(b.Type)),
		strings.Compare(a.Location, b.Location), strings.Compare(a.Base, b.Base))
}

func rank(kind Kind) int {
	first := [...]Kind{
		Primary, Filelists, Other, "primary_db", "filelists_db", "other_db", "primary_zck", "filelists_zck", "other_zck",
	}
	if at := slices.Index(first[:], kind); at >= 0 {
		return at
	}
	return len(first)
}

// repomdWriter keeps the first error.
type repomdWriter struct {
	out []byte
	err error
}

func (w *repomdWriter) put(text string) { w.out = append(w.out, text...) }

func (w *repomdWriter) escape(text string, where place) {
	var err error
	if w.out, err = appendEscaped(w.out, []byte(text), where); err != nil && w.err == nil {
		w.err = fmt.Errorf("%.80q: %w", text, err)
	}
}

// element writes an element; attributes come as names and values, and those
// without a value are left out.
func (w *repomdWriter) element(indent, name, text string, attributes ...string) {
	w.put(indent + "<" + name)
	w.attributes(attributes)
	w.put(">")
	w.escape(text, content)
	w.put("</" + name + ">\n")
}

func (w *repomdWriter) attributes(attributes []string) {
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] == "" {
			continue
		}
		w.put(" " + attributes[i] + `="`)
		w.escape(attributes[i+1], documentAttribute)
		w.put(`"`)
	}
}

func (w *repomdWriter) data(d Data) {
	w.put("  <data")
	w.attributes([]string{"type", string(d.Type)})
	w.put(">\n")
	w.checksum("checksum", d.Checksum)
	w.checksum("open-checksum", d.OpenChecksum)
	w.checksum("header-checksum", d.HeaderChecksum)
	w.put("    <location")
	w.attributes([]string{"href", d.Location, "xml:base", d.Base})
	w.put("/>\n")
	w.number("timestamp", d.Timestamp)
	w.number("size", d.Size)
	if d.OpenSize > 0 {
		w.number("open-size", d.OpenSize)
	}
	if d.HeaderSize > 0 {
		w.number("header-size", d.HeaderSize)
	}
	if strings.HasSuffix(string(d.Type), "_db") {
		w.number("database_version", int64(d.DatabaseVersion))
	}
	w.put("  </data>\n")
}

func (w *repomdWriter) checksum(name string, sum Checksum) {
	if sum != (Checksum{}) {
		w.element("    ", name, sum.Hex, "type", sum.Type)
	}
}

func (w *repomdWriter) number(name string, n int64) {
	w.put("    <" + name + ">" + strconv.FormatInt(n, 10) + "</" + name + ">\n")
}
