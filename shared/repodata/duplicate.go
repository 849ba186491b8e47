package repodata

import (
	"fmt"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

// NEVRA names a package as metadata of composes does, with its epoch even if 0:
// "hello-0:2.12-3.fc45.x86_64".
func NEVRA(h header.Header) (string, error) {
	n, err := h.NVRA()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s-%d:%s-%s.%s", n.Name, n.Epoch, n.Version, n.Release, n.Arch), nil
}

// NEVRAs are the packages of one repository, to find those that are there
// twice. createrepo_c keeps both with a warning, Pulp refuses the repository.
// The zero value is ready; it is not for concurrent use.
type NEVRAs struct {
	hrefs map[string]string
}

// DuplicateError is two files that claim to be the same package.
type DuplicateError struct {
	NEVRA string
	// First and Second are their hrefs, in the order they were added.
	First, Second string
}

// Error names both.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("package %s is there twice: %s and %s", e.NEVRA, e.First, e.Second)
}

// Add keeps a package, or tells with a *DuplicateError which other one it
// repeats; then the first stays.
func (n *NEVRAs) Add(nevra, href string) error {
	if first, ok := n.hrefs[nevra]; ok {
		return &DuplicateError{NEVRA: nevra, First: first, Second: href}
	}
	if n.hrefs == nil {
		n.hrefs = map[string]string{}
	}
	n.hrefs[nevra] = href
	return nil
}
