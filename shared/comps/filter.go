package comps

import (
	"path"
	"slices"
	"strings"
)

// Filter gives the file as it goes into the repository of one architecture: without
// the packages of others, without those that the repository does not have (nil: it
// has all), and without groups, environments and categories that nothing is left of.
func (c Comps) Filter(arch string, has func(name string) bool) Comps {
	out := Comps{Langpacks: c.Langpacks}
	left := map[string]bool{}
	for _, g := range c.Groups {
		had := len(g.Packages)
		g.Packages = keep(g.Packages, func(p Package) bool { return on(p.Arch, arch) && (has == nil || has(p.Name)) })
		if len(g.Packages) > 0 || had == 0 {
			out.Groups = append(out.Groups, g)
			left[g.ID] = true
		}
	}
	there := func(id GroupID) bool { return left[id.ID] && on(id.Arch, arch) }
	for _, e := range c.Environments {
		e.Groups, e.Options = keep(e.Groups, there), keep(e.Options, there)
		if len(e.Groups)+len(e.Options) > 0 {
			out.Environments = append(out.Environments, e)
		}
	}
	for _, one := range c.Categories {
		if one.Groups = keep(one.Groups, there); len(one.Groups) > 0 {
			out.Categories = append(out.Categories, one)
		}
	}
	return out
}

// Only keeps groups, and of environments those named; nil keeps all environments. A
// group may be a glob. Environments keep those of their groups that are kept.
func (c Comps) Only(groups, environments []string) Comps {
	out := Comps{Langpacks: c.Langpacks}
	for _, g := range c.Groups {
		if slices.ContainsFunc(groups, func(glob string) bool { ok, _ := path.Match(glob, g.ID); return ok || glob == g.ID }) {
			out.Groups = append(out.Groups, g)
		}
	}
	for _, e := range c.Environments {
		if environments == nil || slices.Contains(environments, e.ID) {
			out.Environments = append(out.Environments, e)
		}
	}
	out.Categories = c.Categories
	return out.Filter("", nil)
}

// Packages are the names in all groups on an architecture, sorted: what Pungi puts
// into a variant with these groups. Conditional packages are not among them; see
// Conditions.
func (c Comps) Packages(arch string) []string {
	var out []string
	for _, g := range c.Groups {
		for _, p := range g.Packages {
			if p.Type != Conditional && on(p.Arch, arch) {
				out = append(out, p.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Conditions are the packages that come only with others, by the name of the other.
func (c Comps) Conditions(arch string) map[string][]string {
	out := map[string][]string{}
	for _, g := range c.Groups {
		for _, p := range g.Packages {
			if p.Type == Conditional && p.Requires != "" && on(p.Arch, arch) && !slices.Contains(out[p.Requires], p.Name) {
				out[p.Requires] = append(out[p.Requires], p.Name)
			}
		}
	}
	return out
}

// on tells whether a list of architectures holds arch. An empty one, or an empty
// arch, stands for all.
func on(arches, arch string) bool {
	if strings.TrimSpace(arches) == "" || arch == "" {
		return true
	}
	return slices.Contains(strings.FieldsFunc(arches, func(r rune) bool { return r == ',' || r == ' ' }), arch)
}

// keep gives those that are wanted, in a list of its own.
func keep[T any](in []T, wanted func(T) bool) []T {
	var out []T
	for _, one := range in {
		if wanted(one) {
			out = append(out, one)
		}
	}
	return out
}
