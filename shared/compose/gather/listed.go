package gather

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Lookup is what is asked of a Koji hub about packages by their names.
type Lookup interface {
	MultiCall(ctx context.Context, calls []koji.Call) ([]error, error)
	BuildsByID(ctx context.Context, ids []int64) ([]koji.Build, error)
}

// Listed finds the packages of a list, each a line of
// name-[epoch:]version-release.arch, with /sigkey behind it if it is to be that
// copy. It also gives the request with those keys.
func (g *Gatherer) Listed(ctx context.Context, r compose.Request, lines []string) (*Sources, compose.Request, error) {
	names := make([]rpm.NVRA, len(lines))
	keys := make([]string, len(lines))
	found := make([]koji.RPM, len(lines))
	calls := make([]koji.Call, len(lines))
	r.Sigkeys = slices.Clone(r.Sigkeys)
	for i, line := range lines {
		text, key, _ := strings.Cut(line, "/")
		name, err := rpm.ParseNVRA(text)
		if err != nil {
			return nil, r, problem("The list holds no name of a package: %.120q.", line)
		}
		names[i], keys[i] = name, strings.ToLower(key)
		if key != "" && !slices.Contains(r.Sigkeys, keys[i]) {
			r.Sigkeys = append(r.Sigkeys, keys[i])
		}
		if len(r.Sigkeys) > keysMost {
			return nil, r, problem("The list names more than %d keys.", keysMost)
		}
		calls[i] = koji.Call{Method: "getRPM", Args: []any{name.String()}, Read: func(reader *xmlrpc.Reader) { found[i] = koji.ReadRPM(reader) }}
	}
	errs, err := g.Hub.MultiCall(ctx, calls)
	if err != nil {
		return nil, r, fmt.Errorf("look up %d packages: %w", len(lines), err)
	}
	var missing []string
	for i, p := range found {
		if errs[i] != nil {
			return nil, r, fmt.Errorf("look up %s: %w", names[i], errs[i])
		}
		if p.ID == 0 || strings.Contains(lines[i], ":") && p.Epoch != names[i].Epoch {
			missing = append(missing, lines[i])
		}
	}
	if len(missing) > 0 {
		return nil, r, problem("Koji %s does not have these packages of the list: %s.", g.Hub.Name(), strings.Join(firstOf(missing, 20), ", "))
	}
	src, err := g.buildsWith(ctx, found, keys)
	return src, r, err
}

// buildsWith gives the builds of packages, with no others in them.
func (g *Gatherer) buildsWith(ctx context.Context, rpms []koji.RPM, keys []string) (*Sources, error) {
	var ids []int64
	for _, p := range rpms {
		ids = append(ids, p.BuildID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found, err := g.Hub.BuildsByID(ctx, ids)
	if err != nil {
		return nil, g.missing(err)
	}
	of := make(map[int64][]Package, len(ids))
	for _, p := range rpms {
		of[p.BuildID] = append(of[p.BuildID], fromKoji(p, nil))
	}
	src := &Sources{Exact: true}
	for i, b := range found {
		src.Extra = append(src.Extra, Build{ID: ids[i], NVR: b.String(), Volume: volume(b.Volume), Packages: of[ids[i]]})
	}
	if err := g.signatures(ctx, src.Extra, func(*Package) bool { return true }); err != nil {
		return nil, err
	}
	only := map[int64]string{}
	for i, p := range rpms {
		if keys[i] != "" {
			only[p.ID] = keys[i]
		}
	}
	for i := range src.Extra {
		for k := range src.Extra[i].Packages {
			p := &src.Extra[i].Packages[k]
			if key := only[p.ID]; key != "" {
				p.Copies = slices.DeleteFunc(p.Copies, func(c Copy) bool { return c.Key != key })
				if len(p.Copies) == 0 {
					return nil, problem("There is no copy of %s that is signed with %s.", p.NEVRA, key)
				}
			}
		}
		sortPackages(src.Extra[i].Packages)
	}
	return src, nil
}

// Again gives the packages of a lock as sources, to be signed as a request says
// now.
func (g *Gatherer) Again(ctx context.Context, lock compose.Lock) (*Sources, error) {
	var names []string
	wanted := map[int64]bool{}
	for _, tree := range lock.Trees {
		for _, p := range tree.RPMs {
			if p.ID == 0 {
				return nil, problem("Package %s is not Koji's: other keys cannot be chosen for it.", p.NEVRA)
			}
			names, wanted[p.ID] = append(names, p.Build), true
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	found, err := g.Hub.Builds(ctx, names)
	if err != nil {
		return nil, g.missing(err)
	}
	ids := make([]int64, len(found))
	for i, b := range found {
		ids[i] = b.ID
	}
	files, err := g.Hub.BuildRPMs(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("list the packages of %d builds: %w", len(ids), err)
	}
	var rpms []koji.RPM
	for i, list := range files {
		for _, p := range list {
			if wanted[p.ID] {
				delete(wanted, p.ID)
				p.BuildID = ids[i]
				rpms = append(rpms, p)
			}
		}
	}
	if len(wanted) > 0 {
		return nil, lost(lock, func(p compose.RPM) bool { return wanted[p.ID] })
	}
	return g.buildsWith(ctx, rpms, make([]string, len(rpms)))
}

// lost refuses a lock of which packages are gone, and names them.
func lost(lock compose.Lock, gone func(compose.RPM) bool) error {
	var names []string
	for _, tree := range lock.Trees {
		for _, p := range tree.RPMs {
			if gone(p) {
				names = append(names, p.NEVRA)
			}
		}
	}
	slices.Sort(names)
	return Lost(slices.Compact(names))
}

// Lost refuses to make a compose again of which packages are not there any more,
// or are not what they were.
func Lost(names []string) error {
	return &UnmetError{
		Reason: fmt.Sprintf("Koji no more has %d of the packages, or has signed them anew: %s. Ask for a new compose instead of a copy of this one.",
			len(names), strings.Join(firstOf(names, 20), ", ")),
		Missing: names,
	}
}
