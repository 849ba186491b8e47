package modulemd

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/distaff-project/distaff/shared/rpm"
)

// Publish gives the document as it goes into the repository of one architecture,
// listing exactly these packages (name-epoch:version-release.arch): dnf hides
// packages that a module lists from those who use another stream of it.
func (s *Stream) Publish(arch string, artifacts []string) *Stream {
	out := *s
	out.Arch, out.packager = arch, false
	out.Artifacts = slices.Compact(slices.Sorted(slices.Values(artifacts)))
	out.root = clone(s.root)
	set(out.root, "document", scalar(kindStream))
	data := member(out.root, "data")
	set(data, "arch", scalar(arch))
	if len(out.Artifacts) == 0 {
		drop(data, "artifacts")
		return &out
	}
	rpms := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, name := range out.Artifacts {
		rpms.Content = append(rpms.Content, scalar(name))
	}
	under := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	set(under, "rpms", rpms)
	set(data, "artifacts", under)
	return &out
}

// Devel gives the "-devel" module that the Module Build Service makes beside a
// module, of the packages it does not publish. It has a name of its own, needs
// the module it belongs to, and lists no packages yet.
func (s *Stream) Devel() *Stream {
	out := *s
	out.root = clone(s.root)
	out.Name = s.Name + "-devel"
	out.Artifacts = nil
	data := member(out.root, "data")
	set(data, "name", scalar(out.Name))
	drop(data, "artifacts")
	out.Dependencies = nil
	for _, d := range s.Dependencies {
		requires := map[string][]string{}
		for name, streams := range d.Requires {
			requires[name] = streams
		}
		requires[s.Name] = []string{s.Stream}
		out.Dependencies = append(out.Dependencies, Dependencies{d.BuildRequires, requires})
	}
	if all := member(data, "dependencies"); all != nil {
		for _, one := range all.Content {
			if one.Kind != yaml.MappingNode {
				continue
			}
			requires := member(one, "requires")
			if requires == nil || requires.Kind != yaml.MappingNode {
				requires = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
				set(one, "requires", requires)
			}
			set(requires, s.Name, &yaml.Node{
				Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Content: []*yaml.Node{scalar(s.Stream)},
			})
		}
	}
	return &out
}

// Package is one that was built for a module.
type Package struct {
	rpm.NVRA
	Source rpm.NVRA // what it was built from; itself for a source package
}

// Published chooses, of all packages in a module's tag, those that the module
// publishes on one architecture: what its filter does not name, debug packages of
// what is published, and the source packages these came from. The rules are those
// by which the Module Build Service fills in a module's artifacts.
func (s *Stream) Published(arch string, all []Package) []rpm.NVRA {
	return choose(arch, all, func(name string) bool { return !slices.Contains(s.Filter, name) })
}

// Unpublished chooses those of the "-devel" module: what the filter names.
func (s *Stream) Unpublished(arch string, all []Package) []rpm.NVRA {
	return choose(arch, all, func(name string) bool { return slices.Contains(s.Filter, name) })
}

func choose(arch string, all []Package, wanted func(name string) bool) []rpm.NVRA {
	var out []rpm.NVRA
	sources := map[string]bool{}
	for _, p := range all {
		name := strings.TrimSuffix(strings.TrimSuffix(p.Name, "-debuginfo"), "-debugsource")
		if rpm.IsSource(p.Arch) || p.Arch != rpm.Noarch && rpm.BaseArch(p.Arch) != rpm.BaseArch(arch) || !wanted(name) {
			continue
		}
		out = append(out, p.NVRA)
		sources[p.Source.NVR.String()] = true
	}
	for _, p := range all {
		if rpm.IsSource(p.Arch) && sources[p.NVR.String()] {
			out = append(out, p.NVRA)
		}
	}
	return out
}

func scalar(value string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(value) // quotes what would else be read as a number
	return n
}

func member(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func set(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, scalar(key), value)
}

func drop(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

func clone(n *yaml.Node) *yaml.Node {
	out := *n
	out.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		out.Content[i] = clone(child)
	}
	return &out
}
