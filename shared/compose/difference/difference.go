// Package difference tells what would be installed otherwise from one compose
// than from another: which packages came, went, changed, or have another
// signature.
package difference

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Package is one package of a compose.
type Package struct {
	// Tree is the architecture of its repository, or "source". Kind is os, debug
	// or source.
	Tree, Kind string
	Name, Arch string
	// EVR is [epoch:]version-release.
	EVR    string
	Sigkey string
	// Sum is the checksum of the file; empty: not known.
	Sum string
}

// Change is one package that is otherwise in the trees it names.
type Change struct {
	Name string `json:"name"`
	// Was and Is are the EVRs there were and are; empty: none.
	Was []string `json:"was,omitempty"`
	Is  []string `json:"is,omitempty"`
	// WasKey and IsKey are the signing keys, where they differ; empty: unsigned.
	WasKey string `json:"was_key,omitempty"`
	IsKey  string `json:"is_key,omitempty"`
	// Older tells that the version went back.
	Older bool     `json:"older,omitempty"`
	Kind  string   `json:"kind"`
	Trees []string `json:"trees"`
}

// Difference is all that is otherwise. Each list is ordered by kind and name.
type Difference struct {
	Added   []Change `json:"added"`
	Removed []Change `json:"removed"`
	// Changed are packages with another version, Resigned those of the same
	// version with another signature, and Rebuilt those of the same version and
	// signature whose file is another one.
	Changed  []Change `json:"changed"`
	Resigned []Change `json:"resigned"`
	Rebuilt  []Change `json:"rebuilt"`
	// Trees are those that only one of both has: "+aarch64", "-s390x". Their
	// packages are in none of the lists.
	Trees []string `json:"trees,omitempty"`
}

// None tells that nothing is otherwise.
func (d Difference) None() bool {
	return len(d.Added)+len(d.Removed)+len(d.Changed)+len(d.Resigned)+len(d.Rebuilt)+len(d.Trees) == 0
}

// Only gives the part of d that is about one kind of tree.
func (d Difference) Only(kind string) Difference {
	only := func(all []Change) []Change {
		return slices.DeleteFunc(slices.Clone(all), func(c Change) bool { return c.Kind != kind })
	}
	return Difference{only(d.Added), only(d.Removed), only(d.Changed), only(d.Resigned), only(d.Rebuilt), d.Trees}
}

// Count is how many packages are otherwise.
func (d Difference) Count() int {
	return len(d.Added) + len(d.Removed) + len(d.Changed) + len(d.Resigned) + len(d.Rebuilt)
}

// OfLock gives the packages of a lock.
func OfLock(l compose.Lock) []Package {
	var all []Package
	for _, t := range l.Trees {
		for _, r := range t.RPMs {
			if name, evr, arch, ok := Split(r.NEVRA); ok {
				all = append(all, Package{Tree: t.Arch, Kind: t.Kind, Name: name, Arch: arch, EVR: evr, Sigkey: r.Sigkey, Sum: r.SHA256})
			}
		}
	}
	return all
}

// Split takes bash-0:5.2-1.fc45.x86_64 apart. An epoch of 0 is left out, as it
// is where people read it.
func Split(nevra string) (name, evr, arch string, ok bool) {
	name, evr, arch, ok = rpm.SplitNEVRA(nevra)
	return name, strings.TrimPrefix(evr, "0:"), arch, ok
}

// place is where a package lies; several versions of it may.
type place struct{ tree, kind, name, arch string }

// Between compares two composes, the older one first.
func Between(was, is []Package) Difference {
	before, after := sorted(was), sorted(is)
	had, has := trees(was), trees(is)
	merged := map[string]map[string]*Change{}
	note := func(list string, p place, c Change) {
		if list == "" {
			return
		}
		c.Name, c.Kind = p.name, p.kind
		key := strings.Join([]string{c.Kind, c.Name, strings.Join(c.Was, " "), strings.Join(c.Is, " "), c.WasKey, c.IsKey}, "\x00")
		if merged[list] == nil {
			merged[list] = map[string]*Change{}
		}
		if merged[list][key] == nil {
			merged[list][key] = &c
		}
		if known := merged[list][key]; !slices.Contains(known.Trees, p.tree) {
			known.Trees = append(known.Trees, p.tree)
		}
	}
	for p, olds := range before {
		if has[p.tree] {
			list, c := compare(olds, after[p])
			note(list, p, c)
		}
	}
	for p, news := range after {
		if _, there := before[p]; !there && had[p.tree] {
			note("added", p, Change{Is: versions(news)})
		}
	}
	d := Difference{
		Added: ordered(merged["added"]), Removed: ordered(merged["removed"]), Changed: ordered(merged["changed"]),
		Resigned: ordered(merged["resigned"]), Rebuilt: ordered(merged["rebuilt"]),
	}
	for _, tree := range slices.Sorted(maps.Keys(has)) {
		if !had[tree] {
			d.Trees = append(d.Trees, "+"+tree)
		}
	}
	for _, tree := range slices.Sorted(maps.Keys(had)) {
		if !has[tree] {
			d.Trees = append(d.Trees, "-"+tree)
		}
	}
	return d
}

// compare tells what became of one package in one tree.
func compare(olds, news []Package) (list string, c Change) {
	was, is := versions(olds), versions(news)
	switch {
	case len(news) == 0:
		return "removed", Change{Was: was}
	case !slices.Equal(was, is):
		return "changed", Change{Was: was, Is: is, Older: older(was, is)}
	}
	for i := range min(len(olds), len(news)) {
		a, b := olds[i], news[i]
		switch {
		case !strings.EqualFold(a.Sigkey, b.Sigkey):
			return "resigned", Change{Was: []string{a.EVR}, Is: []string{b.EVR}, WasKey: a.Sigkey, IsKey: b.Sigkey}
		case a.Sum != b.Sum && a.Sum != "" && b.Sum != "":
			return "rebuilt", Change{Was: []string{a.EVR}, Is: []string{b.EVR}}
		}
	}
	return "", c
}

// older tells whether the newest of is goes before the newest of was.
func older(was, is []string) bool {
	a, err := rpm.ParseEVR(was[len(was)-1])
	b, err2 := rpm.ParseEVR(is[len(is)-1])
	return err == nil && err2 == nil && b.Compare(a) < 0
}

func trees(all []Package) map[string]bool {
	found := map[string]bool{}
	for _, p := range all {
		found[p.Tree] = true
	}
	return found
}

// sorted gives the packages of each place, the newest last.
func sorted(all []Package) map[place][]Package {
	by := map[place][]Package{}
	for _, p := range all {
		at := place{p.Tree, p.Kind, p.Name, p.Arch}
		by[at] = append(by[at], p)
	}
	for _, several := range by {
		slices.SortFunc(several, func(a, b Package) int {
			x, _ := rpm.ParseEVR(a.EVR)
			y, _ := rpm.ParseEVR(b.EVR)
			return cmp.Or(x.Compare(y), cmp.Compare(a.EVR, b.EVR), cmp.Compare(a.Sigkey, b.Sigkey))
		})
	}
	return by
}

func versions(all []Package) []string {
	var out []string
	for _, p := range all {
		if !slices.Contains(out, p.EVR) {
			out = append(out, p.EVR)
		}
	}
	return out
}

func ordered(all map[string]*Change) []Change {
	out := make([]Change, 0, len(all))
	for _, c := range all {
		slices.Sort(c.Trees)
		out = append(out, *c)
	}
	rank := map[string]int{"os": 0, "source": 1, "debug": 2}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(a.Name, b.Name),
			slices.Compare(a.Was, b.Was), slices.Compare(a.Is, b.Is), slices.Compare(a.Trees, b.Trees))
	})
	return out
}
