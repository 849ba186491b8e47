package modulemd

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Stream is the document of one build of a module, or, before it is built, of
// its stream.
type Stream struct {
	NSVC
	Arch string
	// Dependencies are alternatives: the module was, or can be, built against
	// any one of them. A build has one.
	Dependencies []Dependencies
	// Profiles are sets of packages to install, by name.
	Profiles map[string][]string
	// Filter names the packages that are built and not published.
	Filter []string
	// Artifacts are the published packages as name-epoch:version-release.arch.
	// A document from the Module Build Service has none.
	Artifacts []string

	packager bool
	root     *yaml.Node
}

// Dependencies are streams by the module's name. An empty list is any stream; a
// stream after a minus sign is one that does not do.
type Dependencies struct {
	BuildRequires map[string][]string
	Requires      map[string][]string
}

func readStream(root, data *yaml.Node, first bool) (*Stream, error) {
	in, err := members(data)
	if err != nil {
		return nil, err
	}
	s := &Stream{
		NSVC: NSVC{Name: text(in["name"]), Stream: text(in["stream"]), Version: text(in["version"]), Context: text(in["context"])},
		Arch: text(in["arch"]), root: root,
	}
	if s.Version == "0" {
		s.Version = "" // written by old tools for "not built"
	}
	if s.Name == "" && s.Stream == "" {
		return nil, fmt.Errorf("line %d: the stream has no name", data.Line)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Dependencies, err = readDependencies(in["dependencies"], first); err != nil {
		return nil, err
	}
	profiles, err := members(in["profiles"])
	if err != nil {
		return nil, err
	}
	s.Profiles = map[string][]string{}
	for name, profile := range profiles {
		if s.Profiles[name], err = listBelow(profile, "rpms"); err != nil {
			return nil, err
		}
	}
	if s.Filter, err = listBelow(in["filter"], "rpms"); err != nil {
		return nil, err
	}
	s.Artifacts, err = listBelow(in["artifacts"], "rpms")
	return s, err
}

func listBelow(n *yaml.Node, key string) ([]string, error) {
	n, err := below(n, key)
	if err != nil {
		return nil, err
	}
	return list(n)
}

// readDependencies reads a list of alternatives; version 1 had a single one, with
// one stream for each module.
func readDependencies(n *yaml.Node, first bool) ([]Dependencies, error) {
	if n == nil {
		return nil, nil
	}
	alternatives := n.Content
	if first {
		alternatives = []*yaml.Node{n}
	} else if n.Kind != yaml.SequenceNode && n.Tag != "!!null" {
		return nil, fmt.Errorf("line %d: dependencies are a list", n.Line)
	}
	var out []Dependencies
	for _, one := range alternatives {
		in, err := members(one)
		if err != nil {
			return nil, err
		}
		read := lists
		if first {
			read = words
		}
		var d Dependencies
		if d.BuildRequires, err = read(in["buildrequires"]); err != nil {
			return nil, err
		}
		if d.Requires, err = read(in["requires"]); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func words(n *yaml.Node) (map[string][]string, error) {
	in, err := members(n)
	out := map[string][]string{}
	for name, value := range in {
		out[name] = []string{text(value)}
	}
	return out, err
}
