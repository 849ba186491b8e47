package gather

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// Sources is all a request may take packages from.
type Sources struct {
	Start
	// Base is what tags hold; nil where no tag is asked for.
	Base *Listing `json:"base,omitempty"`
	// Extra are builds that were named, and the output of scratch builds. They
	// stand in place of builds of the same package in Base.
	Extra []Build `json:"extra,omitempty"`
	// Modular are the builds of modules, beside all others.
	Modular []Build  `json:"modular,omitempty"`
	Modules []Module `json:"modules,omitempty"`
	// Defaults are documents about the modules.
	Defaults string `json:"defaults,omitempty"`
	// Picked are the packages that are wanted, for each architecture, by their
	// full names; nil: all that the request does not leave out.
	Picked map[string][]string `json:"picked,omitempty"`
	// Exact tells that the packages are those of a list: all of them are wanted.
	Exact bool `json:"exact,omitempty"`
	// Solved tells that Picked is what the solver said.
	Solved bool `json:"solved,omitempty"`
}

// List reads the sources of a request whose packages Koji has. Before is what
// its tags held at another event, or nil.
func (g *Gatherer) List(ctx context.Context, r compose.Request, start Start, before *Listing) (*Sources, error) {
	src := &Sources{Start: start}
	var err error
	switch r.SourceType {
	case compose.Tag:
		if src.Base, err = g.ListTags(ctx, r, start, before); err != nil {
			return nil, err
		}
	case compose.PungiCompose:
		if err = g.listPungi(ctx, r, src); err != nil {
			return nil, err
		}
		r.Builds = nil // they are in already
	case compose.Build, compose.Module:
	case compose.Repo, compose.Pulp, compose.RawConfig, compose.Locked:
		return nil, fmt.Errorf("list a source of type %d: it has no listing", r.SourceType)
	default:
		return nil, problem("Unknown source type %d.", r.SourceType)
	}
	named, err := g.named(ctx, r)
	if err != nil {
		return nil, err
	}
	scratch, err := g.scratch(ctx, r)
	if err != nil {
		return nil, err
	}
	src.Extra = slices.Concat(src.Extra, named, scratch)
	if err := g.listModules(ctx, r, src); err != nil {
		return nil, err
	}
	return src, g.defaults(ctx, r, src)
}

// named gives the builds a request names.
func (g *Gatherer) named(ctx context.Context, r compose.Request) ([]Build, error) {
	names := r.Builds
	if r.SourceType == compose.Build {
		names = slices.Concat(r.Source, r.Builds)
	}
	if len(names) == 0 {
		if r.SourceType == compose.Build && len(r.ScratchBuildTasks) == 0 {
			return nil, problem("The request names no build.")
		}
		return nil, nil
	}
	slices.Sort(names)
	return g.buildsOf(ctx, slices.Compact(names), wantedArches(r))
}

// buildsOf looks builds up by name, and lists their files.
func (g *Gatherer) buildsOf(ctx context.Context, names, arches []string) ([]Build, error) {
	found, err := g.Hub.Builds(ctx, names)
	if err != nil {
		return nil, g.missing(fmt.Errorf("look up %d builds: %w", len(names), err))
	}
	var unfit []string
	builds := make([]Build, 0, len(found))
	for _, b := range found {
		if b.State != koji.Complete {
			unfit = append(unfit, b.String()+" ("+b.State.String()+")")
			continue
		}
		builds = append(builds, Build{ID: b.ID, NVR: b.String(), Volume: volume(b.Volume)})
	}
	if len(unfit) > 0 {
		return nil, problem("These builds in Koji %s have no packages to compose of, because they are not COMPLETE: %s.",
			g.Hub.Name(), strings.Join(firstOf(unfit, 20), ", "))
	}
	return g.each(ctx, builds, arches)
}

// scratch gives the output of scratch builds, each as a build.
func (g *Gatherer) scratch(ctx context.Context, r compose.Request) ([]Build, error) {
	var builds []Build
	arches := wantedArches(r)
	for _, text := range r.ScratchBuildTasks {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 {
			return nil, problem("scratch_build_tasks: %q is no number of a task.", text)
		}
		files, err := g.Hub.ScratchRPMs(ctx, koji.TaskID(id))
		if err != nil {
			if koji.Temporary(err) {
				return nil, err
			}
			if err := g.missing(err); isProblem(err) {
				return nil, err
			}
			return nil, problem("scratch_build_tasks: %v.", err)
		}
		b := Build{NVR: "task-" + text}
		for _, f := range files {
			if slices.Contains(arches, f.Arch) {
				p, source, err := g.scratchPackage(ctx, f)
				if err != nil {
					return nil, err
				}
				if source != "" {
					b.NVR = source
				}
				b.Packages = append(b.Packages, p)
			}
		}
		sortPackages(b.Packages)
		builds = append(builds, b)
	}
	return builds, nil
}

// scratchPackage looks into a package of a scratch build: the name of its file,
// which is all Koji has, does not tell the epoch. It also gives the NVR of the
// build.
func (g *Gatherer) scratchPackage(ctx context.Context, f koji.ScratchRPM) (p Package, build string, err error) {
	head, err := g.Files.Head(ctx, g.Hub.FilesURL(f.Path))
	if err != nil {
		return p, "", fileError(&File{RPM: compose.RPM{NEVRA: f.String(), Path: f.Path}}, g.Hub.FilesURL(f.Path), err)
	}
	name, err := head.NVRA()
	if err != nil {
		return p, "", problem("Package %s of a scratch build: %v.", f.NVRA, err)
	}
	built, _, err := head.Number(header.BuildTime)
	if err != nil {
		return p, "", problem("Package %s of a scratch build: %v.", f.NVRA, err)
	}
	source := name.NVR.String()
	if !rpm.IsSource(name.Arch) {
		text, err := head.Text(header.SourceRPM)
		if from, parseErr := rpm.ParseNVRA(text); err == nil && parseErr == nil {
			source = from.NVR.String()
		}
	}
	return Package{
		NEVRA: name.NEVRA(), Path: f.Path, Copies: []Copy{{Size: head.Size}}, Time: int64(built), //nolint:gosec // 32 bits in the header
	}, source, nil
}

// All gives the builds to take packages from, in a certain order. The packages
// are shared with the sources.
func (s *Sources) All() []Build {
	instead := map[string]bool{}
	for _, b := range s.Extra {
		instead[rpm.NameOf(b.NVR)] = true
	}
	var all []Build
	if s.Base != nil {
		for _, b := range s.Base.Builds {
			if !instead[rpm.NameOf(b.NVR)] {
				all = append(all, b)
			}
		}
	}
	all = slices.Concat(all, s.Extra, s.Modular)
	sortBuilds(all)
	return slices.CompactFunc(all, func(a, b Build) bool { return a.ID != 0 && a.ID == b.ID })
}

// Learn notes checksums and sizes that files were found to have, so that they
// need not be found out again.
func (s *Sources) Learn(files []File) {
	known := make(map[any]*File, len(files))
	for i := range files {
		if f := &files[i]; f.ID != 0 {
			known[f.ID] = f
		} else {
			known[f.Path] = f
		}
	}
	learn := func(builds []Build) {
		for i := range builds {
			for k := range builds[i].Packages {
				p := &builds[i].Packages[k]
				f := known[p.Path]
				if p.ID != 0 {
					f = known[p.ID]
				}
				if f == nil || f.SHA256 == "" {
					continue
				}
				if c := p.copyOf(f.Sigkey); c != nil {
					c.SHA256 = f.SHA256
					if f.Size != 0 {
						c.Size = f.Size
					}
				}
			}
		}
	}
	if s.Base != nil {
		learn(s.Base.Builds)
	}
	learn(s.Extra)
	learn(s.Modular)
}
