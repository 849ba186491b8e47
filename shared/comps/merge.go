package comps

import "slices"

// Merge makes one file of several. A group, category or environment that is in
// more than one has the members of all, and else says what the first says.
func Merge(files ...Comps) Comps {
	var out Comps
	for _, c := range files {
		for _, g := range c.Groups {
			i := slices.IndexFunc(out.Groups, func(o Group) bool { return o.ID == g.ID })
			if i < 0 {
				g.Packages = slices.Clone(g.Packages)
				out.Groups = append(out.Groups, g)
				continue
			}
			out.Groups[i].Packages = join(out.Groups[i].Packages, g.Packages, func(p Package) string { return p.Name + " " + p.Arch })
		}
		for _, one := range c.Categories {
			i := slices.IndexFunc(out.Categories, func(o Category) bool { return o.ID == one.ID })
			if i < 0 {
				one.Groups = slices.Clone(one.Groups)
				out.Categories = append(out.Categories, one)
				continue
			}
			out.Categories[i].Groups = join(out.Categories[i].Groups, one.Groups, group)
		}
		for _, e := range c.Environments {
			i := slices.IndexFunc(out.Environments, func(o Environment) bool { return o.ID == e.ID })
			if i < 0 {
				e.Groups, e.Options = slices.Clone(e.Groups), slices.Clone(e.Options)
				out.Environments = append(out.Environments, e)
				continue
			}
			out.Environments[i].Groups = join(out.Environments[i].Groups, e.Groups, group)
			out.Environments[i].Options = join(out.Environments[i].Options, e.Options, group)
		}
		if c.Langpacks != nil {
			if out.Langpacks == nil {
				out.Langpacks = &Langpacks{}
			}
			out.Langpacks.Matches = append(out.Langpacks.Matches, c.Langpacks.Matches...)
		}
	}
	if out.Langpacks != nil {
		out.Langpacks.Matches = join(nil, out.Langpacks.Matches, func(m Match) string { return m.Name })
	}
	return out
}

func group(id GroupID) string { return id.ID + " " + id.Arch }

// join adds what is not among the first yet.
func join[T any](first, more []T, name func(T) string) []T {
	seen := map[string]bool{}
	for _, one := range first {
		seen[name(one)] = true
	}
	for _, one := range more {
		if !seen[name(one)] {
			seen[name(one)] = true
			first = append(first, one)
		}
	}
	return first
}
