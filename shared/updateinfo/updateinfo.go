// Package updateinfo reads, merges and writes updateinfo.xml, by which dnf knows
// which update brought a package, how severe it was, and what it fixed.
//
// The format is what createrepo_c writes and libsolv and libdnf read of it; it
// has no other description. In repodata the file is the record "updateinfo".
package updateinfo

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrUpdateInfo says that a text is no updateinfo.xml.
var ErrUpdateInfo = errors.New("updateinfo")

// Bounds of what is read.
const (
	// Largest is how many bytes of a file are read: 64 MiB, three times that of
	// Fedora's updates.
	Largest = 64 << 20
	// most is how many updates a file may have.
	most = 100_000
)

// Update is one update, also called advisory or erratum.
type Update struct {
	From    string `xml:"from,attr"`
	Status  string `xml:"status,attr"`
	Type    string `xml:"type,attr"` // security, bugfix, enhancement, newpackage
	Version string `xml:"version,attr"`

	ID          string `xml:"id"`
	Title       string `xml:"title"`
	Issued      *Date  `xml:"issued"`
	Updated     *Date  `xml:"updated"`
	Rights      string `xml:"rights,omitempty"`
	Release     string `xml:"release,omitempty"`
	PushCount   string `xml:"pushcount,omitempty"`
	Severity    string `xml:"severity,omitempty"`
	Summary     string `xml:"summary,omitempty"`
	Description string `xml:"description,omitempty"`
	Solution    string `xml:"solution,omitempty"`
	Reboot      *Flag  `xml:"reboot_suggested"`

	References  []Reference  `xml:"references>reference"`
	Collections []Collection `xml:"pkglist>collection"`
}

// Date is a time as it was written: most write "2026-11-21 09:00:00", in UTC.
type Date struct {
	Date string `xml:"date,attr"`
}

// Flag is an element that says something by being there, whatever it holds.
type Flag struct {
	Value string `xml:",chardata"`
}

// Reference is what an update is about: a bug, a CVE, its own page.
type Reference struct {
	Href  string `xml:"href,attr"`
	ID    string `xml:"id,attr"`
	Type  string `xml:"type,attr"`
	Title string `xml:"title,attr"`
}

// Collection is a list of packages, of a module where it names one.
type Collection struct {
	Short    string    `xml:"short,attr"`
	Name     string    `xml:"name,omitempty"`
	Module   *Module   `xml:"module"`
	Packages []Package `xml:"package"`
}

// Module is the build of a module that brought packages.
type Module struct {
	Name    string `xml:"name,attr"`
	Stream  string `xml:"stream,attr"`
	Version string `xml:"version,attr"`
	Context string `xml:"context,attr"`
	Arch    string `xml:"arch,attr"`
}

// Package is one that an update brought.
type Package struct {
	Name     string `xml:"name,attr"`
	Version  string `xml:"version,attr"`
	Release  string `xml:"release,attr"`
	Epoch    string `xml:"epoch,attr"`
	Arch     string `xml:"arch,attr"`
	Source   string `xml:"src,attr"`
	Filename string `xml:"filename"`
	Sum      *Sum   `xml:"sum"`
	Reboot   *Flag  `xml:"reboot_suggested"`
	Restart  *Flag  `xml:"restart_suggested"`
	Relogin  *Flag  `xml:"relogin_suggested"`
}

// Sum is a checksum of a package's file.
type Sum struct {
	Type  string `xml:"type,attr"`
	Value string `xml:",chardata"`
}

// NEVRA is the full name, with the epoch: bash-0:5.2-1.fc45.x86_64.
func (p Package) NEVRA() string {
	epoch := p.Epoch
	if epoch == "" {
		epoch = "0"
	}
	return p.Name + "-" + epoch + ":" + p.Version + "-" + p.Release + "." + p.Arch
}

// Parse reads the updates that brought a package that has tells is there, each
// with these packages alone. Those of no id are passed over, as dnf does.
func Parse(raw []byte, has func(nevra string) bool) ([]Update, error) {
	if len(raw) > Largest {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrUpdateInfo, Largest)
	}
	// One at a time: nearly all of a distribution's are about other packages.
	d := xml.NewDecoder(bytes.NewReader(raw))
	var updates []Update
	for n, inside := 0, false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && inside {
			return updates, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUpdateInfo, err)
		}
		start, is := token.(xml.StartElement)
		switch {
		case !is:
			continue
		case !inside && start.Name.Local != "updates":
			return nil, fmt.Errorf("%w: its first element is <%.40s>, not <updates>", ErrUpdateInfo, start.Name.Local)
		case !inside:
			inside = true
			continue
		}
		if n++; n > most {
			return nil, fmt.Errorf("%w: more than %d updates", ErrUpdateInfo, most)
		}
		var u Update
		if start.Name.Local != "update" {
			err = d.Skip()
		} else {
			err = d.DecodeElement(&u, &start)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: number %d: %w", ErrUpdateInfo, n, err)
		}
		if u.ID = strings.TrimSpace(u.ID); u.ID != "" && u.only(has) {
			updates = append(updates, u)
		}
	}
}

// only leaves out the packages that are not there, and tells whether any is.
func (u *Update) only(has func(nevra string) bool) bool {
	var left []Collection
	for _, c := range u.Collections {
		var there []Package
		for _, p := range c.Packages {
			if has(p.NEVRA()) {
				there = append(there, p)
			}
		}
		if c.Packages = there; len(there) > 0 {
			left = append(left, c)
		}
	}
	u.Collections = left
	return len(left) > 0
}
