package composemake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/comps"
	"github.com/distaff-project/distaff/shared/productmd"
	"github.com/distaff-project/distaff/shared/pungi"
	"github.com/distaff-project/distaff/shared/solve"
	"github.com/distaff-project/distaff/shared/wire"
)

// configured settles what a configuration of Pungi comes to. From then on its
// compose is made like any other.
func (r *making) configured(ctx context.Context) error {
	r.locked = true
	config, groups, err := r.config(ctx)
	if err != nil {
		return err
	}
	request, err := requestOf(r.r, config)
	if err != nil {
		return err
	}
	r.release = productmd.Release{
		Name: config.Release.Name, Short: config.Release.Short, Version: config.Release.Version,
		Type: config.Release.Type, Internal: config.Release.Internal,
	}
	r.gatherer.FirstTag = true
	start := r.log.Work().Start
	if !r.log.Work().Started {
		if start, err = r.gatherer.Begin(ctx, request, gather.Start{}); err != nil {
			return err
		}
	}
	request.Event, r.r.Event = start.Event, start.Event
	if err := r.resolve(); err != nil {
		return err
	}
	if !r.log.Work().Started {
		if err := r.began(ctx, start); err != nil {
			return err
		}
	}
	if r.log.Work().Lock != "" {
		return nil
	}
	return r.retry(ctx, func() error { return r.variants(ctx, config, groups, request) })
}

// config reads the configuration a request names, and its groups.
func (r *making) config(ctx context.Context) (pungi.Config, comps.Comps, error) {
	name, commit, _ := strings.Cut(strings.Join(r.c.Request.Source, " "), "#")
	file, known := r.options.RawConfigs[name]
	if !known || r.options.Fetch == nil {
		return pungi.Config{}, comps.Comps{}, &gather.UnmetError{Reason: fmt.Sprintf("Source %q does not exist in server configuration.", name)}
	}
	var failed error
	get := func(file string) ([]byte, error) {
		raw, err := r.options.Fetch(ctx, name, commit, file)
		if err != nil && wire.Temporary(err) {
			failed = err
		}
		return raw, err
	}
	refused := func(err error) error {
		if failed != nil {
			return fmt.Errorf("read the configuration %s: %w", name, failed)
		}
		return &gather.UnmetError{Reason: fmt.Sprintf("Configuration %s at %s: %v.", name, commit, err)}
	}
	raw, err := get(file)
	if err != nil {
		return pungi.Config{}, comps.Comps{}, refused(err)
	}
	config, err := pungi.Read(raw, func(other string) ([]byte, error) { return get(path.Join(path.Dir(file), other)) })
	if err != nil {
		return pungi.Config{}, comps.Comps{}, refused(err)
	}
	if config.CompsFile == "" {
		return config, comps.Comps{}, nil
	}
	if raw, err = get(path.Join(path.Dir(file), config.CompsFile)); err != nil {
		return pungi.Config{}, comps.Comps{}, refused(err)
	}
	groups, err := comps.Parse(raw)
	if err != nil {
		return pungi.Config{}, comps.Comps{}, refused(err)
	}
	return config, groups, nil
}

// requestOf is the request for all that a configuration may take packages from.
func requestOf(r compose.Request, config pungi.Config) (compose.Request, error) {
	if !config.Koji || len(config.Tags) == 0 {
		return r, &gather.UnmetError{Reason: "The configuration takes its packages from no Koji tag (pkgset_source, pkgset_koji_tag): others cannot be composed."}
	}
	out := compose.Request{
		Koji: r.Koji, SourceType: compose.Tag, Source: config.Tags, Builds: config.Builds, ScratchBuildTasks: config.ScratchTasks,
		ModularKojiTags: config.ModuleTags, Sigkeys: config.SigKeys, Event: r.Event, Flags: compose.NoDeps,
	}
	if out.Event == 0 {
		out.Event = config.Event
	}
	if !config.Inherit {
		out.Flags |= compose.NoInheritance
	}
	for _, v := range config.Variants {
		if len(v.Modules) > 0 || len(config.ModuleBuilds(v.UID)) > 0 {
			return r, &gather.UnmetError{Reason: fmt.Sprintf("Variant %s names modules: name them in pkgset_koji_module_tag instead, or leave them out.", v.UID)}
		}
		for _, arch := range v.Arches {
			out.Arches = append(out.Arches, arch)
			if len(config.Multilib(v.UID, arch)) > 0 {
				out.MultilibArches = append(out.MultilibArches, arch)
			}
		}
	}
	slices.Sort(out.Arches)
	slices.Sort(out.MultilibArches)
	out.Arches, out.MultilibArches = slices.Compact(out.Arches), slices.Compact(out.MultilibArches)
	if len(out.Arches) == 0 {
		return r, &gather.UnmetError{Reason: "The configuration has no variant with an architecture."}
	}
	return out, nil
}

// variants settles the packages of each variant.
func (r *making) variants(ctx context.Context, config pungi.Config, groups comps.Comps, request compose.Request) error {
	var err error
	if r.src == nil {
		if r.src, err = r.log.Sources(ctx); r.src == nil && err == nil {
			r.src, err = r.gatherer.List(ctx, request, r.log.Work().Start, nil)
		}
		if err != nil {
			return err
		}
	}
	choice := gather.Choice{Gone: namesOf(r.log.Work().Gone)}
	if err := r.gatherer.LookAtNoarch(ctx, request, r.src, choice.Gone, r.stop); err != nil {
		return err
	}
	picked, err := r.pickVariants(ctx, config, groups, request, choice)
	if err != nil {
		return err
	}
	all := &gather.Selection{Koji: r.koji.Hub.Name(), Start: r.src.Start}
	for _, v := range config.Variants {
		if v.Empty {
			continue
		}
		one := request
		one.Arches, choice.Picked = v.Arches, picked[v.UID]
		sel, err := r.gatherer.Select(one, r.src, choice)
		if err != nil {
			return err
		}
		if err := withGroups(sel, v, groups); err != nil {
			return err
		}
		all.Join(sel, v.UID)
	}
	defer func() { r.src.Learn(all.Files) }()
	r.total = len(all.Files)
	if err := r.gatherer.Checksums(ctx, all, r.stop); err != nil {
		return err
	}
	if err := r.measure(ctx, all); err != nil {
		return err
	}
	_, err = r.settle(ctx, all)
	return err
}

func namesOf(names []string) map[string]bool {
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	return set
}

// pickVariants asks the solver which packages each variant has: by variant, then
// architecture.
func (r *making) pickVariants(
	ctx context.Context, config pungi.Config, groups comps.Comps, request compose.Request, choice gather.Choice,
) (map[string]map[string]map[string]bool, error) {
	choice.All = true
	pool, err := r.gatherer.Select(request, r.src, choice)
	if err != nil {
		return nil, err
	}
	defer func() { r.src.Learn(pool.Files) }()
	if err := r.gatherer.AskChecksums(ctx, pool, r.stop); err != nil {
		return nil, err
	}
	picked := map[string]map[string]map[string]bool{}
	for i := range pool.Trees {
		arch := pool.Trees[i].Arch
		err := r.described(ctx, pool, &pool.Trees[i], func(folder string) error {
			for _, v := range config.Variants {
				if v.Empty || !slices.Contains(v.Arches, arch) {
					continue
				}
				ask := question(config, groups, v, arch)
				// Pungi does not look at what nobody asked the dependencies of.
				names, err := gather.Ask(ctx, r.options.Solver, ask, folder, config.Lookaside(v.UID, arch), config.CheckDeps && ask.Deps)
				if err != nil {
					return err
				}
				if picked[v.UID] == nil {
					picked[v.UID] = map[string]map[string]bool{}
				}
				picked[v.UID][arch] = namesOf(names)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return picked, nil
}

// question is what the solver is asked about a variant.
func question(config pungi.Config, groups comps.Comps, v pungi.Variant, arch string) solve.Request {
	ask := solve.Request{
		Arch: arch, Exclude: config.Filter(v.UID, arch), Deps: config.Deps(v.UID),
		MultilibInclude: config.MultilibAlways(arch), MultilibExclude: config.MultilibNever(arch),
	}
	for _, method := range config.Multilib(v.UID, arch) {
		ask.Multilib = append(ask.Multilib, solve.Method(method))
	}
	if config.Greedy != "none" {
		ask.Greedy = solve.Greedy(config.Greedy)
	}
	if len(v.Groups) > 0 {
		ask.Include = groups.Only(groupIDs(v), nil).Packages(arch)
	} else {
		ask.Include = groups.Packages(arch)
	}
	if ask.Include = append(ask.Include, config.Additional(v.UID, arch)...); len(ask.Include) == 0 {
		ask.Include = []string{"*"}
	}
	return ask
}

func groupIDs(v pungi.Variant) []string {
	var ids []string
	for _, g := range v.Groups {
		ids = append(ids, g.ID)
	}
	return ids
}

// withGroups puts the groups of a variant into the metadata of its trees.
func withGroups(sel *gather.Selection, v pungi.Variant, groups comps.Comps) error {
	if len(groups.Groups) == 0 {
		return nil
	}
	if len(v.Groups) > 0 {
		groups = groups.Only(groupIDs(v), v.Environments)
	}
	for i := range sel.Trees {
		tree := &sel.Trees[i]
		if tree.Kind != gather.OS {
			continue
		}
		var out bytes.Buffer
		if err := groups.Filter(tree.Arch, nil).Write(&out); err != nil {
			return errors.Join(&gather.UnmetError{Reason: fmt.Sprintf("The groups of variant %s cannot be written: %v.", v.UID, err)}, err)
		}
		tree.Groups = out.Bytes()
	}
	return nil
}
