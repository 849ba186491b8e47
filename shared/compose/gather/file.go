package gather

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// File is a package file that was chosen.
type File struct {
	// SHA256 and Size may be missing yet. Size is certain only with Exact.
	compose.RPM
	// Payload is the md5 of header and payload; empty: Koji does not know it.
	Payload string `json:"payload,omitempty"`
	// Exact tells that Size is that of this very file.
	Exact bool `json:"exact,omitempty"`
	// Unfit tells that no file with a wanted signature is there; it is only
	// looked at for what it requires.
	Unfit bool `json:"unfit,omitempty"`
}

// picker chooses the file of each package, the same for all trees.
type picker struct {
	// keys are in order of preference; an empty one stands for unsigned.
	keys []string
	// gone are paths that are known not to be there.
	gone map[string]bool
	// address is where a path would be.
	address func(path string) string
	// unfit are the packages without a file that will do, and why.
	unfit []string
	// missing are those of which Koji lists a file that is not there.
	missing []string
}

func newPicker(r compose.Request, gone map[string]bool, address func(string) string) *picker {
	keys := make([]string, 0, len(r.Sigkeys))
	for _, key := range r.Sigkeys {
		keys = append(keys, strings.ToLower(key))
	}
	if len(keys) == 0 {
		keys = []string{""} // nobody cares
	}
	return &picker{keys: keys, gone: gone, address: address}
}

// pick chooses as ODCS does: the first key in order of preference of which
// there is a copy; the file as it was built only where an empty key says so.
// Without one it gives any file, as unfit, and remembers the reason.
func (p *picker) pick(b *Build, n *Package, source string) (File, error) {
	name, err := rpm.ParseNVRA(n.NEVRA)
	if err != nil {
		return File{}, problem("Build %s has a package with an impossible name: %v.", b.NVR, err)
	}
	f := File{Payload: n.Payload, RPM: compose.RPM{
		ID: n.ID, NEVRA: n.NEVRA, Build: b.NVR, SRPM: source, Time: n.Time, Base: n.Base,
	}}
	take := func(c *Copy) error {
		path, err := pathOf(b, n, name, c.Key)
		if err != nil {
			return problem("Koji gave a name that cannot be a file's: %v.", err)
		}
		f.Path, f.Sigkey, f.SHA256, f.Size = path, c.Key, c.SHA256, c.Size
		// Koji tells the size of the file as it was built; of signed ones only
		// what was found out with the checksum is theirs.
		f.Exact = c.Size != 0 && (c.Key == "" || c.SHA256 != "")
		return nil
	}
	missing := ""
	for _, key := range p.keys {
		c := n.copyOf(key)
		if c == nil {
			continue
		}
		if err := take(c); err != nil {
			return f, err
		}
		if !p.gone[f.Path] {
			return f, nil
		}
		missing = f.Path
	}
	if err := take(&n.Copies[0]); err != nil {
		return f, err
	}
	f.Unfit = true
	if missing != "" {
		p.missing = append(p.missing, n.NEVRA+" ("+p.address(missing)+")")
	}
	return f, nil
}

// complain remembers that a package that is wanted has no file that will do.
func (p *picker) complain(n *Package) {
	var has []string
	for _, c := range n.Copies {
		if c.Key != "" {
			has = append(has, c.Key)
		}
	}
	note := "not signed"
	if len(has) > 0 {
		note = "signed with " + strings.Join(has, ", ")
	}
	p.unfit = append(p.unfit, n.NEVRA+" ("+note+")")
}

// err is the refusal for all packages without a fitting signature.
func (p *picker) err() error {
	if len(p.unfit) == 0 {
		return nil
	}
	if len(p.missing) > 0 {
		slices.Sort(p.missing)
		return problem("Koji lists files of %d packages that are not there: %s. They may have been removed by accident; have them signed or built again.",
			len(p.missing), strings.Join(firstOf(p.missing, 20), ", "))
	}
	slices.Sort(p.unfit)
	unfit := slices.Compact(p.unfit)
	keys := slices.DeleteFunc(slices.Clone(p.keys), func(k string) bool { return k == "" })
	wanted := "There is no unsigned file"
	if len(keys) > 0 {
		wanted = "There is no copy signed with any of the keys " + strings.Join(keys, ", ")
	}
	return problem("%s of %d packages: %s. Wait until they are signed, or allow another key (an empty one allows unsigned packages).",
		wanted, len(unfit), strings.Join(firstOf(unfit, 20), ", "))
}

func pathOf(b *Build, n *Package, name rpm.NVRA, key string) (string, error) {
	if n.Path != "" {
		return n.Path, nil
	}
	nvr, err := rpm.ParseNVR(b.NVR)
	if err != nil {
		return "", fmt.Errorf("build %.100q: %w", b.NVR, err)
	}
	if key == "" {
		return koji.RPMPath(b.Volume, nvr, name)
	}
	return koji.SignedPath(b.Volume, nvr, name, key)
}
