package odcs

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
)

// Patch is a PATCH that was understood: renew a compose, or make it again.
type Patch struct {
	// Seconds is the life that is wished for, 0 for none.
	Seconds int64
	// Sigkeys replaces the compose's; nil: as they are.
	Sigkeys []string
	// Builds and Modules replace the compose's; nil: as they are. Given says
	// that one of them was there, if only as an empty list.
	Builds, Modules []string
	Given           bool
	// Label replaces the compose's; empty: as it is.
	Label string

	from object
}

// ParsePatch reads the body of a PATCH, which may be none. What is wrong with
// it is a *Refusal.
func (d Defaults) ParsePatch(body []byte) (Patch, error) {
	o, err := document(body, true)
	if err != nil {
		return Patch{}, err
	}
	p := parser{Defaults: d}
	patch := Patch{Seconds: p.seconds(o), Label: p.label(o)}
	if _, ok := o.get("sigkeys"); ok {
		patch.Sigkeys = p.sigkeys(o, nil)
	}
	if value, ok := o.get("source"); ok {
		source, isObject := value.(object)
		if !isObject {
			p.refuse(`Write "source": {"builds": […]}.`, "Invalid source configuration provided: %s", repr(o))
		}
		_, builds := source.get("builds")
		_, modules := source.get("modules")
		patch.Given = builds || modules
		patch.Builds = unique(p.builds(source), true)
		patch.Modules = unique(p.listOf(source, "modules", WordMost, OthersMost), true)
	}
	if p.err != nil {
		return Patch{}, p.err
	}
	patch.from = o
	return patch, nil
}

// Again tells whether a compose that lives has to be made again to be as the
// patch wants it. Signing keys are compared as a client sees them: it splits
// ODCS's one string, in which "unsigned will do" is a space at the end, and
// sends back what it got.
func (p Patch) Again(old compose.Request) bool {
	return p.Given || p.Label != "" && p.Label != old.Label ||
		p.Sigkeys != nil && !slices.Equal(seen(p.Sigkeys), seen(old.Sigkeys))
}

// seen are the keys that are left when their string is split, in one case.
func seen(keys []string) []string {
	return strings.Fields(strings.ToLower(strings.Join(keys, " ")))
}

// Apply gives what is asked for when old is made again: the same Koji event,
// the same resolved source, and so the same packages, but for what the patch
// replaces. Keys a client could not see are not lost.
//
// It fails with a *Refusal where that is too long.
func (p Patch) Apply(old compose.Request, lifetime int64, pungiID string) (compose.Request, error) {
	r := old
	r.Lifetime, r.RespinOf = lifetime, pungiID
	if p.Sigkeys != nil && !slices.Equal(seen(p.Sigkeys), seen(old.Sigkeys)) {
		r.Sigkeys = p.Sigkeys
	}
	if len(p.Builds) > 0 {
		r.Builds = p.Builds
	}
	if len(p.Modules) > 0 {
		r.Modules = p.Modules
	}
	if p.Label != "" {
		r.Label = p.Label
	}
	return r, fits(r, p.from)
}

// Canonical tells two patches apart.
func (p Patch) Canonical() []byte { return encode(p) }
