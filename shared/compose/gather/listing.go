package gather

import (
	"cmp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

// Listing is what a source holds, of the architectures that were asked for,
// whatever the keys. It is kept to make the next one of.
type Listing struct {
	// Event is when it was read; Tags and TagNames are the tag and all it
	// inherits.
	Event    int64    `json:"event,omitempty"`
	Tags     []int64  `json:"tags,omitempty"`
	TagNames []string `json:"tag_names,omitempty"`
	Builds   []Build  `json:"builds"`
}

// Build is a build and its package files.
type Build struct {
	ID     int64  `json:"id,omitempty"`
	NVR    string `json:"nvr"`
	Volume string `json:"volume,omitempty"`
	// Packages are in the order of their file names.
	Packages []Package `json:"packages"`
	// Noarch is where its noarch packages are for; nil: nobody looked.
	Noarch *Noarch `json:"noarch,omitempty"`
}

// Package is one package, of which there may be several files that differ in
// their signature alone.
type Package struct {
	ID    int64  `json:"id,omitempty"`
	NEVRA string `json:"nevra"`
	// Time is when it was built, in seconds since 1970.
	Time int64 `json:"time,omitempty"`
	// Payload is the md5 of header and payload, the same in all its files.
	Payload string `json:"payload,omitempty"`
	Copies  []Copy `json:"copies"`
	// Path is where it lies if not below its build: the output of a task. Then
	// there is one copy.
	Path string `json:"path,omitempty"`
	// Base is the address Path is below; empty: that of the Koji instance.
	Base string `json:"base,omitempty"`
}

// Copy is one file of a package.
type Copy struct {
	// Key it is signed with; empty: unsigned.
	Key string `json:"key,omitempty"`
	// SHA256 and Size are of the whole file; empty and 0: not known yet.
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
}

// fromKoji makes a Package of Koji's row. Keys are those it knows a signature
// of; the file as it was built is always there.
func fromKoji(r koji.RPM, keys []string) Package {
	p := Package{
		ID: r.ID, NEVRA: r.NEVRA(), Payload: r.Payload,
		Copies: []Copy{{Size: r.Size}},
	}
	if !r.Built.IsZero() {
		p.Time = r.Built.Unix()
	}
	p.setKeys(keys)
	return p
}

// setKeys notes which signed copies there are, and keeps what is known of them.
func (p *Package) setKeys(keys []string) {
	before := p.Copies
	p.Copies = nil
	for _, c := range before {
		if c.Key == "" || slices.Contains(keys, c.Key) {
			p.Copies = append(p.Copies, c)
		}
	}
	for _, key := range keys {
		if key != "" && p.copyOf(key) == nil {
			p.Copies = append(p.Copies, Copy{Key: key})
		}
	}
	slices.SortFunc(p.Copies, func(a, b Copy) int { return strings.Compare(a.Key, b.Key) })
}

func (p *Package) copyOf(key string) *Copy {
	for i := range p.Copies {
		if p.Copies[i].Key == key {
			return &p.Copies[i]
		}
	}
	return nil
}

func sortPackages(packages []Package) {
	slices.SortFunc(packages, func(a, b Package) int {
		return cmp.Or(strings.Compare(a.NEVRA, b.NEVRA), cmp.Compare(a.ID, b.ID))
	})
}

func sortBuilds(builds []Build) {
	slices.SortFunc(builds, func(a, b Build) int {
		return cmp.Or(strings.Compare(a.NVR, b.NVR), cmp.Compare(a.ID, b.ID))
	})
}

// archesOf are the architectures of packages that go into a tree of a base
// architecture, the family's own first.
func archesOf(base string) []string {
	switch base {
	case "x86_64":
		return []string{"x86_64", "ia32e"}
	case "i386", "i686", "i586":
		return []string{"i686", "i586", "i486", "i386", "athlon"}
	case "armhfp":
		return []string{"armv7hl", "armv7hnl", "armv6hl"}
	case "arm":
		return []string{"armv7l", "armv6l", "armv5tel"}
	case "ppc64":
		return []string{"ppc64", "ppc64p7"}
	}
	return []string{base}
}

// multilibOf are the architectures of packages that a base architecture runs
// besides its own.
func multilibOf(base string) []string {
	switch base {
	case "x86_64":
		return archesOf("i386")
	case "s390x":
		return []string{"s390"}
	case "ppc64":
		return []string{"ppc"}
	}
	return nil
}
