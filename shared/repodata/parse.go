package repodata

import (
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// MaxRepomd bounds the size of a repomd.xml that is read, in bytes. Real ones
// have some 5,000.
const MaxRepomd = 1 << 20

// ErrRepomd says that a repomd.xml is not one.
var ErrRepomd = errors.New("no valid repomd.xml")

const (
	maxData     = 256
	maxDataSize = 1 << 40
)

type (
	xmlRepomd struct {
		XMLName  xml.Name    `xml:"http://linux.duke.edu/metadata/repo repomd"`
		Revision string      `xml:"revision"`
		Content  []string    `xml:"tags>content"`
		Repo     []string    `xml:"tags>repo"`
		Distros  []xmlDistro `xml:"tags>distro"`
		Data     []xmlData   `xml:"data"`
	}
	xmlDistro struct {
		CPEID string `xml:"cpeid,attr"`
		Name  string `xml:",chardata"`
	}
	xmlChecksum struct {
		Type string `xml:"type,attr"`
		Hex  string `xml:",chardata"`
	}
	xmlData struct {
		Type     string       `xml:"type,attr"`
		Checksum *xmlChecksum `xml:"checksum"`
		Open     *xmlChecksum `xml:"open-checksum"`
		Header   *xmlChecksum `xml:"header-checksum"`
		Location struct {
			Href string `xml:"href,attr"`
			Base string `xml:"http://www.w3.org/XML/1998/namespace base,attr"`
		} `xml:"location"`
		Timestamp  string `xml:"timestamp"`
		Size       string `xml:"size"`
		OpenSize   string `xml:"open-size"`
		HeaderSize string `xml:"header-size"`
		Database   string `xml:"database_version"`
	}
)

// ParseRepomd reads the repomd.xml of any repository. What it gives is checked:
// checksums are digests of a known algorithm, locations stay within the
// repository, sizes are sizes. Elements it does not know are passed over.
// Every error is ErrRepomd.
func ParseRepomd(raw []byte) (Repomd, error) {
	if len(raw) > MaxRepomd {
		return Repomd{}, fmt.Errorf("%w: %d bytes, at most %d", ErrRepomd, len(raw), MaxRepomd)
	}
	var from xmlRepomd
	if err := xml.Unmarshal(raw, &from); err != nil {
		return Repomd{}, fmt.Errorf("%w: %w", ErrRepomd, err)
	}
	if len(from.Data) == 0 || len(from.Data) > maxData {
		return Repomd{}, fmt.Errorf("%w: it lists %d files (1 to %d are possible)", ErrRepomd, len(from.Data), maxData)
	}
	r := Repomd{Revision: strings.TrimSpace(from.Revision), Content: from.Content, Repo: from.Repo}
	for _, d := range from.Distros {
		r.Distros = append(r.Distros, Distro(d))
	}
	for _, d := range from.Data {
		data, err := d.check()
		if err != nil {
			return Repomd{}, fmt.Errorf("%w: %.80q: %w", ErrRepomd, d.Type, err)
		}
		r.Data = append(r.Data, data)
	}
	return r, nil
}

func (from xmlData) check() (Data, error) {
	d := Data{Type: Kind(from.Type), Location: from.Location.Href, Base: from.Location.Base}
	if err := checkType(from.Type); err != nil {
		return d, err
	}
	if from.Checksum == nil {
		return d, errors.New("no checksum")
	}
	for _, sum := range []struct {
		name string
		from *xmlChecksum
		to   *Checksum
	}{{"checksum", from.Checksum, &d.Checksum}, {"open-checksum", from.Open, &d.OpenChecksum}, {"header-checksum", from.Header, &d.HeaderChecksum}} {
		if sum.from == nil {
			continue
		}
		var err error
		if *sum.to, err = sum.from.check(); err != nil {
			return d, fmt.Errorf("%s: %w", sum.name, err)
		}
	}
	if err := checkLocation(d.Location, d.Base); err != nil {
		return d, err
	}
	// Old tools wrote fractions of seconds.
	seconds, _, _ := strings.Cut(from.Timestamp, ".")
	var version int64
	for _, n := range []struct {
		name, text string
		to         *int64
	}{
		{"timestamp", seconds, &d.Timestamp},
		{"size", from.Size, &d.Size},
		{"open-size", from.OpenSize, &d.OpenSize},
		{"header-size", from.HeaderSize, &d.HeaderSize},
		{"database_version", from.Database, &version},
	} {
		text := strings.TrimSpace(n.text)
		if text == "" {
			continue
		}
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil || value < 0 || value > maxDataSize {
			return d, fmt.Errorf("%s %.40q is out of range", n.name, text)
		}
		*n.to = value
	}
	d.DatabaseVersion = int(version)
	return d, nil
}

func checkType(kind string) error {
	if kind == "" || len(kind) > 64 {
		return errors.New("no type of metadata")
	}
	for _, c := range kind {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.", c) {
			return errors.New("no type of metadata")
		}
	}
	return nil
}

func (from xmlChecksum) check() (Checksum, error) {
	sum := Checksum{Type: from.Type, Hex: strings.ToLower(strings.TrimSpace(from.Hex))}
	size, known := map[string]int{"md5": 16, "sha": 20, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}[from.Type]
	if !known {
		return sum, fmt.Errorf("the algorithm %.40q is not known", from.Type)
	}
	if raw, err := hex.DecodeString(sum.Hex); err != nil || len(raw) != size {
		return sum, fmt.Errorf("%.140q is no %s", sum.Hex, from.Type)
	}
	return sum, nil
}

// checkLocation wants a clean path within the repository; a base may be anywhere
// on the web.
func checkLocation(href, base string) error {
	if href == "" || len(href) > 1024 || path.IsAbs(href) || path.Clean(href) != href || href == "." || href == ".." || strings.HasPrefix(href, "../") ||
		strings.ContainsAny(href, "\\?#%:") || strings.ContainsFunc(href, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("the location %.200q is no path within the repository", href)
	}
	if base == "" {
		return nil
	}
	if u, err := url.Parse(base); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("the base %.200q is no URL of the web", base)
	}
	return nil
}
