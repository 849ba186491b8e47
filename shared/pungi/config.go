package pungi

import (
	"slices"
	"strings"
)

// Config is what a configuration says about a compose of repositories.
type Config struct {
	Release     Release
	Base        *Release // of a layered product
	ComposeType string   // empty: not said
	// TreeInfoVersion is the version in .treeinfo, Description the words in
	// .discinfo, in which %(variant_name)s and %(arch)s may stand; empty: the
	// release's.
	TreeInfoVersion, Description string

	// Koji tells whether packages come from Koji; else from Repos, by architecture.
	Koji         bool
	Tags         []string // the first wins where two have a package
	Inherit      bool
	Builds       []string
	ScratchTasks []string
	ModuleTags   []string
	Event        int64 // 0: the newest
	Repos        map[string][]string
	// SigKeys in the order of preference; "" is no signature.
	SigKeys []string

	// Variants that are to be made, with those architectures only that are.
	Variants []Variant
	// CompsFile is the path of the comps file in the configuration's folder; empty:
	// none.
	CompsFile          string
	FilterEnvironments bool
	ModuleDefaults     *ModuleDefaults

	// Greedy is "none", "build" or "all".
	Greedy    string
	CheckDeps bool
	// Hashed: packages lie in folders by their first letter.
	Hashed bool
	// SkipPhases are the parts of Pungi that are switched off.
	SkipPhases []string

	gather, additional, filter, multilib, lookaside mapping
	white, black                                    map[string][]string
	moduleBuilds                                    []moduleRule
}

// Release is what is composed.
type Release struct {
	Name, Short, Version, Type string
	Internal                   bool
}

// ModuleDefaults is where the defaults of modules are kept.
type ModuleDefaults struct {
	Repo, Branch, Dir string // a git repository, and in it
}

// Deps tells whether packages come with what they need.
func (c Config) Deps(variant string) bool {
	return slices.Contains(c.gather.of(variant, ""), "deps")
}

// Additional are the packages that a variant has on an architecture beside its
// groups': names, name.arch, or globs.
func (c Config) Additional(variant, arch string) []string { return c.additional.of(variant, arch) }

// Filter are the packages it does not have.
func (c Config) Filter(variant, arch string) []string { return c.filter.of(variant, arch) }

// Multilib are the methods by which packages of the second architecture are in.
func (c Config) Multilib(variant, arch string) []string {
	return slices.DeleteFunc(c.multilib.of(variant, arch), func(m string) bool { return m == "none" || m == "" })
}

// MultilibAlways and MultilibNever are globs of names of packages of the second
// architecture that are in, or not, whatever the methods.
func (c Config) MultilibAlways(arch string) []string {
	return append(slices.Clone(c.white["*"]), c.white[arch]...)
}

// MultilibNever is the opposite of MultilibAlways.
func (c Config) MultilibNever(arch string) []string {
	return append(slices.Clone(c.black["*"]), c.black[arch]...)
}

// Lookaside are the addresses of repositories that satisfy needs.
func (c Config) Lookaside(variant, arch string) []string { return c.lookaside.of(variant, arch) }

// ModuleBuilds are the builds of modules that a variant has beside those its Modules
// name.
func (c Config) ModuleBuilds(variant string) []string {
	var out []string
	for _, r := range c.moduleBuilds {
		if r.variants.MatchString(variant) {
			out = append(out, r.nsvc...)
		}
	}
	return out
}

// Read reads a configuration. Files gives the files that it names, which lie
// beside it: their names are relative and do not climb.
func Read(raw []byte, files func(name string) ([]byte, error)) (Config, error) {
	v, err := Parse(raw)
	if err != nil {
		return Config{}, err
	}
	if err := v.check(); err != nil {
		return Config{}, err
	}
	r := reader{v: v}
	c := r.config()
	if r.err != nil {
		return Config{}, r.err
	}
	name := r.text("variants_file", "")
	if name == "" || r.err != nil || !beside(name) {
		return Config{}, v.wrong("variants_file", "is not the name of a file beside the configuration")
	}
	xml, err := files(name)
	if err != nil {
		return Config{}, v.wrong("variants_file", "%s: %v", name, err)
	}
	variants, err := ParseVariants(xml)
	if err != nil {
		return Config{}, err
	}
	c.Variants = only(variants, r.list("tree_variants"), r.list("tree_arches"))
	if r.err == nil && len(c.Variants) == 0 {
		return Config{}, v.wrong("tree_variants", "and tree_arches leave no variant")
	}
	for _, one := range c.Variants {
		if methods := slices.Compact(c.gather.of(one.UID, "")); len(methods) != 1 {
			return Config{}, v.wrong("gather_method", "has %d answers for the variant %s: one is needed", len(methods), one.UID)
		}
	}
	return c, r.err
}

// only keeps what is to be made. A variant is named by its UID.
func only(all []Variant, uids, arches []string) []Variant {
	var out []Variant
	for _, v := range all {
		if len(uids) > 0 && !slices.Contains(uids, v.UID) {
			continue
		}
		if len(arches) > 0 {
			v.Arches = slices.DeleteFunc(slices.Clone(v.Arches), func(a string) bool { return !slices.Contains(arches, a) })
		}
		if len(v.Arches) > 0 {
			out = append(out, v)
		}
	}
	return out
}

func beside(name string) bool {
	return name != "" && name[0] != '/' && len(name) < 1000 && !strings.ContainsAny(name, "\\\x00\n") && !slices.Contains(strings.Split(name, "/"), "..")
}
