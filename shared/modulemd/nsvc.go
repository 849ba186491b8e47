// Package modulemd reads and writes the documents that describe modules —
// packages that belong together in a stream, such as nodejs:20 — and finds which
// other modules a module needs.
//
// The formats are libmodulemd's (fedora-modularity/libmodulemd, yaml_specs):
// modulemd version 2, also 1 for reading, modulemd-packager version 2,
// modulemd-defaults version 1 and modulemd-obsoletes version 1. Which modules
// belong to a request is decided as ODCS decides it.
package modulemd

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// NSVC names a build of a module: its name and stream, and, where one build is
// meant, version and context.
type NSVC struct {
	Name, Stream string
	// Version is digits, or empty for the latest.
	Version string
	// Context tells apart the builds of one version against different bases;
	// empty means all of them.
	Context string
}

// ErrName says that a text names no module. Its words are ODCS's.
var ErrName = errors.New(`Module definition must be in "n:s", "n:s:v" or "n:s:v:c" format`) //nolint:staticcheck // clients know ODCS's words

// ParseNSVC reads "name:stream", "name:stream:version" or
// "name:stream:version:context". The error's text is ODCS's.
func ParseNSVC(text string) (NSVC, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 4 {
		return NSVC{}, fmt.Errorf("%w, but got %.200s", ErrName, text)
	}
	parts = append(parts, "", "")
	n := NSVC{parts[0], parts[1], parts[2], parts[3]}
	if strings.HasSuffix(text, ":") || n.check() != nil || n.Context != "" && n.Version == "" {
		return NSVC{}, fmt.Errorf("%w, but got %.200s", ErrName, text)
	}
	return n, nil
}

// CheckBase refuses a base module, which is no content but what modules are
// built against. The text is ODCS's.
func (n NSVC) CheckBase(base []string) error {
	if slices.Contains(base, n.Name) {
		return fmt.Errorf("ODCS currently cannot create compose with base modules, but %s was requested.", n.Name) //nolint:revive,staticcheck // ODCS's words
	}
	return nil
}

// String writes the parts that are there.
func (n NSVC) String() string {
	text := n.Name + ":" + n.Stream
	if n.Version != "" {
		text += ":" + n.Version
		if n.Context != "" {
			text += ":" + n.Context
		}
	}
	return text
}

// Matches tells whether m is one of those that n names.
func (n NSVC) Matches(m NSVC) bool {
	return n.Name == m.Name && n.Stream == m.Stream &&
		(n.Version == "" || n.Version == m.Version) && (n.Context == "" || n.Context == m.Context)
}

// Compare orders by name and stream, then from older to newer version, then by
// context.
func (n NSVC) Compare(m NSVC) int {
	return cmp.Or(cmp.Compare(n.Name, m.Name), cmp.Compare(n.Stream, m.Stream),
		cmp.Compare(n.number(), m.number()), cmp.Compare(n.Context, m.Context))
}

func (n NSVC) number() uint64 {
	v, _ := strconv.ParseUint(n.Version, 10, 64) // checked when read; none is the oldest
	return v
}

// Pick gives those of all that want names: of the latest version where it names
// none, in all contexts where it names none. They come sorted.
func Pick[T any](want NSVC, all []T, name func(T) NSVC) []T {
	var out []T
	for _, one := range all {
		if !want.Matches(name(one)) {
			continue
		}
		if len(out) > 0 && want.Version == "" {
			if newer := cmp.Compare(name(one).number(), name(out[0]).number()); newer < 0 {
				continue
			} else if newer > 0 {
				out = out[:0]
			}
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b T) int { return name(a).Compare(name(b)) })
	return out
}

func (n NSVC) check() error {
	for _, part := range []string{n.Name, n.Stream} {
		if !word(part) {
			return fmt.Errorf("%.80q is no name of a module or a stream", part)
		}
	}
	if n.Version != "" {
		if _, err := strconv.ParseUint(n.Version, 10, 64); err != nil {
			return fmt.Errorf("version %.40q of %s is no number", n.Version, n.Name)
		}
	}
	if n.Context != "" && !word(n.Context) {
		return fmt.Errorf("context %.40q of %s", n.Context, n.Name)
	}
	return nil
}

// word bounds what stands in names, keys and paths.
func word(text string) bool {
	if text == "" || len(text) > 200 {
		return false
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c == ':' || c == '/' || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}
