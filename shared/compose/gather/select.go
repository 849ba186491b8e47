package gather

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/comps"
	"github.com/distaff-project/distaff/shared/rpm"
)

// The kinds of tree.
const (
	OS     = "os"
	Debug  = "debug"
	Source = "source"
)

// Variant is the one variant that composes have, by ODCS's name.
const Variant = "Temporary"

// Choice tells which packages are wanted, of those that the names in the
// request do not say.
type Choice struct {
	// Picked are the NEVRAs wanted for each base architecture; nil: those the
	// request names, or all if it names none.
	Picked map[string]map[string]bool
	// Gone are paths at which no file is, though Koji says so.
	Gone map[string]bool
	// All takes any file of a package, also one without a fitting signature, and
	// nothing but the trees to install from. It is for looking at what requires
	// what.
	All bool
}

// Select puts packages into trees. Every package the request names must be in
// one of them, and every package must have a file that is signed as wanted.
func (g *Gatherer) Select(r compose.Request, src *Sources, choice Choice) (*Selection, error) {
	s := &selector{
		r: r, choice: choice, picker: newPicker(r, choice.Gone, g.Hub.FilesURL), places: map[*Package]int32{}, exact: src.Exact, src: src,
		sel: &Selection{Koji: g.Hub.Name(), Start: src.Start},
	}
	if s.choice.Picked == nil {
		s.choice.Picked = picked(src.Picked)
	}
	builds := src.All()
	names := namesOf(r.Packages)
	var source Tree
	for _, arch := range r.Arches {
		if err := s.arch(arch, builds, names, &source); err != nil {
			return nil, err
		}
	}
	if !choice.All {
		if err := s.enough(); err != nil {
			return nil, err
		}
		if len(source.Files) > 0 {
			source.Variant, source.Arch, source.Kind = Variant, "source", Source
			s.sel.Trees = append(s.sel.Trees, source)
		}
	}
	return s.finish()
}

type selector struct {
	r      compose.Request
	choice Choice
	picker *picker
	sel    *Selection
	places map[*Package]int32
	found  map[string]bool // names
	exact  bool
	src    *Sources
	failed error
}

func namesOf(names []string) map[string]bool {
	if len(names) == 0 {
		return nil
	}
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// arch makes the trees of one base architecture.
func (s *selector) arch(arch string, builds []Build, names map[string]bool, source *Tree) error {
	if s.found == nil {
		s.found = map[string]bool{}
	}
	own := append(archesOf(arch), rpm.Noarch)
	if slices.Contains(s.r.MultilibArches, arch) && (s.choice.All || s.choice.Picked != nil) {
		own = append(own, multilibOf(arch)...)
	}
	modular, streams, err := s.src.published(arch)
	if err != nil {
		return err
	}
	ofModule := map[string]bool{}
	for i := range s.src.Modular {
		ofModule[s.src.Modular[i].NVR] = true
	}
	hidden := func(b *Build, n *Package) bool { return ofModule[b.NVR] && !modular[n.NEVRA] }
	tree, debug := Tree{Variant: Variant, Arch: arch, Kind: OS}, Tree{Variant: Variant, Arch: arch, Kind: Debug}
	for i := range builds {
		b := &builds[i]
		srpm := sourceOf(b)
		taken, barred := false, b.Noarch.bars(archesOf(arch))
		for k := range b.Packages {
			n := &b.Packages[k]
			name, _, pkgArch, _ := rpm.SplitNEVRA(n.NEVRA)
			if rpm.IsSource(pkgArch) || isDebug(name) || !slices.Contains(own, pkgArch) || hidden(b, n) ||
				pkgArch == rpm.Noarch && barred || !s.wants(arch, name, n, names) {
				continue
			}
			s.found[name], s.found[name+"."+pkgArch] = true, true
			taken = true
			s.add(&tree, b, n, nevraOf(srpm))
		}
		if !taken && !s.exact || s.choice.All {
			continue
		}
		for k := range b.Packages {
			n := &b.Packages[k]
			name, _, pkgArch, _ := rpm.SplitNEVRA(n.NEVRA)
			if isDebug(name) && slices.Contains(own, pkgArch) && !hidden(b, n) {
				s.add(&debug, b, n, nevraOf(srpm))
			}
		}
		if srpm != nil {
			s.add(source, b, srpm, srpm.NEVRA)
		}
	}
	if len(streams) > 0 && !s.choice.All {
		if tree.Modules, err = s.src.modulesDocument(streams, arch, s.in(&tree, &debug, source)); err != nil {
			return err
		}
	}
	if len(s.r.Packages) > 0 && !s.choice.All {
		if tree.Groups, err = s.groups(arch, &tree); err != nil {
			return err
		}
	}
	s.sel.Trees = append(s.sel.Trees, tree)
	if len(debug.Files) > 0 {
		s.sel.Trees = append(s.sel.Trees, debug)
	}
	return s.failed
}

// groups writes comps.xml of a tree: ODCS makes one group of the packages that
// were asked for.
func (s *selector) groups(arch string, tree *Tree) ([]byte, error) {
	has := map[string]bool{}
	for _, at := range tree.Files {
		name := rpm.NameOf(s.sel.Files[at].NEVRA)
		has[name] = true
	}
	var out bytes.Buffer
	if err := comps.ODCS(s.r.Packages).Filter(arch, func(name string) bool { return has[name] }).Write(&out); err != nil {
		return nil, problem("The group of packages cannot be written: %v.", err)
	}
	return out.Bytes(), nil
}

// in gives the full names of what is in trees.
func (s *selector) in(trees ...*Tree) map[string]bool {
	names := map[string]bool{}
	for _, t := range trees {
		for _, at := range t.Files {
			names[s.sel.Files[at].NEVRA] = true
		}
	}
	return names
}

func (s *selector) wants(arch, name string, n *Package, names map[string]bool) bool {
	switch {
	case s.choice.All:
		return true
	case s.choice.Picked != nil:
		return s.choice.Picked[arch][n.NEVRA]
	}
	return names == nil || names[name] || names[n.NEVRA] || names[name+n.NEVRA[strings.LastIndexByte(n.NEVRA, '.'):]]
}

// add puts a package into a tree, once.
func (s *selector) add(tree *Tree, b *Build, n *Package, source string) {
	at, known := s.places[n]
	if !known {
		f, err := s.picker.pick(b, n, source)
		if err != nil {
			s.failed = cmp.Or(s.failed, err)
			return
		}
		if f.Unfit && !s.choice.All {
			s.picker.complain(n)
		}
		at = int32(len(s.sel.Files)) //nolint:gosec // Koji's lists are bounded far below
		s.sel.Files = append(s.sel.Files, f)
		s.places[n] = at
	}
	if !slices.Contains(tree.Files[max(0, len(tree.Files)-1):], at) {
		tree.Files = append(tree.Files, at)
	}
}

// enough refuses a compose without what was asked for.
func (s *selector) enough() error {
	var absent []string
	for _, name := range s.r.Packages {
		if !s.found[name] {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		slices.Sort(absent)
		return problem("The following requested packages are not present in the generated compose: %s.",
			strings.Join(slices.Compact(absent), " "))
	}
	if len(s.sel.Files) == 0 {
		return problem("The compose would be empty: %s has no package for %s.",
			SourceText(s.r), strings.Join(s.r.Arches, ", "))
	}
	return nil
}

// SourceText says in words what a request takes packages from: "tag f45".
func SourceText(r compose.Request) string {
	word := map[compose.SourceType]string{
		compose.Tag: "tag", compose.Module: "module", compose.Repo: "repository", compose.Pulp: "content set",
		compose.RawConfig: "configuration", compose.Build: "build", compose.PungiCompose: "compose", compose.Locked: "list",
	}[r.SourceType]
	names := r.Source
	if r.SourceType == compose.Build {
		names = slices.Concat(r.Source, r.Builds)
	}
	return word + " " + strings.Join(firstOf(names, 5), ", ")
}

// finish sorts the trees as metadata is sorted, and leaves out what is in one
// twice.
func (s *selector) finish() (*Selection, error) {
	if err := s.picker.err(); err != nil {
		return nil, err
	}
	for i := range s.sel.Trees {
		s.sel.Sort(&s.sel.Trees[i])
	}
	return s.sel, nil
}

func sourceOf(b *Build) *Package {
	for k := range b.Packages {
		if _, _, arch, _ := rpm.SplitNEVRA(b.Packages[k].NEVRA); rpm.IsSource(arch) {
			return &b.Packages[k]
		}
	}
	return nil
}

func nevraOf(p *Package) string {
	if p == nil {
		return ""
	}
	return p.NEVRA
}

// isDebug tells whether a package is debug information, by its name as Pungi
// does.
func isDebug(name string) bool {
	return strings.HasSuffix(name, "-debuginfo") || strings.HasSuffix(name, "-debugsource") ||
		strings.Contains(name, "-debuginfo-")
}
