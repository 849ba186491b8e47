package gather

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/modulemd"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Module is a built module, whose builds are among a Sources' Modular ones.
type Module struct {
	Name    string `json:"name"` // name:stream:version:context
	KojiTag string `json:"koji_tag"`
	// YAML is its document, and Builds the NVRs of its components.
	YAML   string   `json:"yaml"`
	Builds []string `json:"builds"`
}

// baseModules are what modules are built against, and no content.
func baseModules() []string { return []string{"platform", "bootstrap"} }

// moduleNames are the modules a request names.
func moduleNames(r compose.Request) []string {
	if r.SourceType == compose.Module {
		return slices.Concat(r.Source, r.Modules)
	}
	return r.Modules
}

// findModules finds the modules of a request, with those they need unless that is
// not wanted.
func (g *Gatherer) findModules(ctx context.Context, r compose.Request, start Start) ([]modulemd.Build, error) {
	if len(r.ScratchModules) > 0 {
		return nil, problem("scratch_modules cannot be composed: build the module without scratch, or give its packages as scratch_build_tasks.")
	}
	names := moduleNames(r)
	if len(names) == 0 && len(r.ModularKojiTags) == 0 {
		if r.SourceType == compose.Module {
			return nil, problem("The request names no module.")
		}
		return nil, nil
	}
	finder := g.Modules
	if len(r.ModularKojiTags) > 0 {
		tagged, err := g.taggedModules(ctx, r, start)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return modulemd.Tidy(tagged.latest(ctx))
		}
		finder = tagged
	}
	if finder == nil {
		return nil, problem("Modules cannot be looked up: this instance has no Module Build Service, and the request names no modular_koji_tags.")
	}
	var builds []modulemd.Build
	for _, text := range names {
		name, err := modulemd.ParseNSVC(text)
		if err == nil {
			err = name.CheckBase(baseModules())
		}
		if err != nil {
			return nil, problem("%v", err)
		}
		found, err := finder.Latest(ctx, modulemd.Query{
			NSVC: name, IncludeDone: r.Flags.Has(compose.IncludeDoneModules) || name.Context != "",
			BaseName: r.BaseModuleName, BaseStream: r.BaseModuleStream,
			BaseAtLeast: r.BaseModuleVersionGTE, BaseAtMost: r.BaseModuleVersionLTE,
		})
		if err != nil {
			return nil, noModule(text, err)
		}
		builds = append(builds, found...)
	}
	return g.expand(ctx, r, finder, builds)
}

func (g *Gatherer) expand(ctx context.Context, r compose.Request, finder modulemd.Finder, builds []modulemd.Build) ([]modulemd.Build, error) {
	builds, err := modulemd.Tidy(builds)
	if err == nil && !r.Flags.Has(compose.NoDeps) {
		builds, err = modulemd.Expand(ctx, finder, builds, baseModules())
	}
	var conflict *modulemd.ConflictError
	if errors.As(err, &conflict) {
		return nil, problem("%v", err)
	}
	if err != nil {
		return nil, noModule("what they need", err)
	}
	return builds, nil
}

func noModule(what string, err error) error {
	if errors.Is(err, modulemd.ErrNotFound) || errors.Is(err, modulemd.ErrDocument) {
		return problem("%v.", err)
	}
	return fmt.Errorf("find module %s: %w", what, err)
}

// listModules lists the builds of the modules of a request.
func (g *Gatherer) listModules(ctx context.Context, r compose.Request, src *Sources) error {
	found, err := g.findModules(ctx, r, src.Start)
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, m := range found {
		tagged, err := g.Hub.TaggedBuilds(ctx, koji.TagQuery{Tag: m.KojiTag, Latest: true})
		if err != nil {
			return g.missing(fmt.Errorf("list the builds of module %s: %w", m.NSVC, err))
		}
		text, err := m.Document.Bytes()
		if err != nil {
			return problem("Module %s: %v.", m.NSVC, err)
		}
		module := Module{Name: m.String(), KojiTag: m.KojiTag, YAML: string(text)}
		var fresh []koji.TaggedBuild
		for _, b := range tagged {
			module.Builds = append(module.Builds, b.String())
			if !seen[b.ID] {
				seen[b.ID], fresh = true, append(fresh, b)
			}
		}
		slices.SortFunc(fresh, func(a, b koji.TaggedBuild) int { return strings.Compare(a.Name, b.Name) })
		builds, err := g.each(ctx, taggedOf(fresh), wantedArches(r))
		if err != nil {
			return err
		}
		slices.Sort(module.Builds)
		src.Modular, src.Modules = append(src.Modular, builds...), append(src.Modules, module)
	}
	return nil
}

// published tells which packages of modules go into the trees of a base
// architecture; nil: the sources have no modules.
func (s *Sources) published(arch string) (map[string]bool, []*modulemd.Stream, error) {
	if len(s.Modules) == 0 {
		return nil, nil, nil
	}
	builds := map[string]*Build{}
	for i := range s.Modular {
		builds[s.Modular[i].NVR] = &s.Modular[i]
	}
	all := map[string]bool{}
	var streams []*modulemd.Stream
	for _, m := range s.Modules {
		stream, err := modulemd.ParseStream([]byte(m.YAML))
		if err != nil {
			return nil, nil, problem("Module %s: %v.", m.Name, err)
		}
		var packages []modulemd.Package
		for _, nvr := range m.Builds {
			b := builds[nvr]
			if b == nil {
				continue
			}
			source, _ := rpm.ParseNVR(nvr) // Koji's own
			for k := range b.Packages {
				name, err := rpm.ParseNVRA(b.Packages[k].NEVRA)
				if err != nil {
					return nil, nil, problem("Build %s has a package with an impossible name: %v.", nvr, err)
				}
				packages = append(packages, modulemd.Package{NVRA: name, Source: rpm.NVRA{NVR: source, Arch: rpm.Source}})
			}
		}
		choose := stream.Published
		if strings.HasSuffix(stream.Name, "-devel") {
			choose = stream.Unpublished
		}
		var names []string
		for _, name := range choose(arch, packages) {
			full := name.NEVRA()
			names, all[full] = append(names, full), true
		}
		streams = append(streams, stream.Publish(arch, names))
	}
	return all, streams, nil
}

// defaults gets the defaults of modules, and what obsoletes them, from the git
// repository a request names.
func (g *Gatherer) defaults(ctx context.Context, r compose.Request, src *Sources) error {
	if r.ModuleDefaultsURL == "" || len(src.Modules) == 0 {
		return nil
	}
	if g.Fetch == nil {
		return problem("module_defaults_url: this instance does not read git repositories.")
	}
	names := map[string]bool{}
	for _, m := range src.Modules {
		name, _, _ := strings.Cut(m.Name, ":")
		names[name] = true
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(names)) {
		for _, path := range []string{name + ".yaml", "obsoletes/" + name + ".yaml"} {
			raw, err := g.Fetch(ctx, r.ModuleDefaultsURL, r.ModuleDefaultsCommit, path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return fmt.Errorf("read %s of %s: %w", path, r.ModuleDefaultsURL, err)
			}
			if _, err := modulemd.Parse(raw); err != nil {
				return problem("module_defaults_url: %s at %s: %v.", path, r.ModuleDefaultsCommit, err)
			}
			text.WriteString("---\n" + strings.TrimPrefix(string(raw), "---\n") + "\n")
		}
	}
	src.Defaults = text.String()
	return nil
}

// modulesDocument writes modules.yaml of a tree: the modules with those of their
// packages that are in the compose.
func (s *Sources) modulesDocument(streams []*modulemd.Stream, arch string, in map[string]bool) ([]byte, error) {
	if len(streams) == 0 {
		return nil, nil
	}
	var known modulemd.Index
	if s.Defaults != "" {
		var err error
		if known, err = modulemd.Parse([]byte(s.Defaults)); err != nil {
			return nil, problem("Defaults of modules: %v.", err)
		}
	}
	var there []*modulemd.Stream
	for _, stream := range streams {
		there = append(there, stream.Publish(arch, slices.DeleteFunc(slices.Clone(stream.Artifacts), func(n string) bool { return !in[n] })))
	}
	var out strings.Builder
	if err := known.With(there).Write(&out); err != nil {
		return nil, problem("Modules: %v.", err)
	}
	return []byte(out.String()), nil
}
