package productmd

import (
	"io"
	"slices"
	"strings"
)

// Modules is modules.json: the modules in a compose, by variant, architecture
// and full name (NAME:STREAM:VERSION:CONTEXT).
type Modules struct {
	Compose Compose
	Modules map[string]map[string]map[string]Module
}

// Module is what modules.json tells of one.
type Module struct {
	Metadata ModuleName `json:"metadata"`
	// ModulemdPath is the file that describes the module, by category (binary,
	// debug, source), relative to the compose folder.
	ModulemdPath map[string]string `json:"modulemd_path"`
	RPMs         []string          `json:"rpms"` // name-epoch:version-release.arch
}

// ModuleName is the parts of a module's name, and the Koji tag its packages are
// in.
type ModuleName struct {
	Context string `json:"context"`
	KojiTag string `json:"koji_tag"`
	Name    string `json:"name"`
	Stream  string `json:"stream"`
	UID     string `json:"uid"`
	Version string `json:"version"`
}

type modulesJSON struct {
	Header  header `json:"header"`
	Payload struct {
		Compose composeJSON                             `json:"compose"`
		Modules map[string]map[string]map[string]Module `json:"modules"`
	} `json:"payload"`
}

// Write writes modules.json. A compose without modules has an empty list.
func (m Modules) Write(w io.Writer) error {
	if err := m.Compose.check(); err != nil {
		return err
	}
	var out modulesJSON
	out.Header = header{typeModules, version}
	out.Payload.Compose = m.Compose.json()
	out.Payload.Modules = map[string]map[string]map[string]Module{}
	for variant, arches := range m.Modules {
		out.Payload.Modules[variant] = map[string]map[string]Module{}
		for arch, modules := range arches {
			byUID := map[string]Module{}
			for uid, module := range modules {
				if err := module.check(uid); err != nil {
					return err
				}
				module.RPMs = append([]string{}, module.RPMs...)
				slices.Sort(module.RPMs)
				byUID[uid] = module
			}
			out.Payload.Modules[variant][arch] = byUID
		}
	}
	return encode(w, out)
}

func (m Module) check(uid string) error {
	n := m.Metadata
	if n.UID != uid || n.Name == "" || n.Stream == "" || n.KojiTag == "" {
		return wrong("module %.120q has uid %.120q, name %.80q, stream %.80q and Koji tag %.80q",
			uid, n.UID, n.Name, n.Stream, n.KojiTag)
	}
	full := strings.TrimRight(strings.Join([]string{n.Name, n.Stream, n.Version, n.Context}, ":"), ":")
	if full != uid {
		return wrong("module %.120q has the parts %.120q", uid, full)
	}
	for category, path := range m.ModulemdPath {
		if err := relative(path); err != nil {
			return wrong("%s of module %s: %w", category, uid, err)
		}
	}
	return nil
}
