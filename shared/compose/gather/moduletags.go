package gather

import (
	"context"
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/modulemd"
)

// tagged are the modules in Koji tags. It finds modules as ODCS does with
// modular_koji_tags: of a stream the topmost tag in the inheritance counts, and
// in it the highest version.
type taggedModules struct {
	builds []modulemd.Build
	rank   []int // of the tag each is in
}

func (g *Gatherer) taggedModules(ctx context.Context, r compose.Request, start Start) (*taggedModules, error) {
	all := &taggedModules{}
	for _, tag := range r.ModularKojiTags {
		rank := map[string]int{tag: 0}
		parents, err := g.Hub.FullInheritance(ctx, tag, start.Event)
		if err != nil {
			return nil, g.missing(fmt.Errorf("look up what tag %s inherits: %w", tag, err))
		}
		for i, p := range parents {
			if _, known := rank[p.Name]; !known {
				rank[p.Name] = i + 1
			}
		}
		tagged, err := g.Hub.TaggedBuilds(ctx, koji.TagQuery{Tag: tag, Inherit: !r.Flags.Has(compose.NoInheritance), Event: start.Event, Type: "module"})
		if err != nil {
			return nil, g.missing(fmt.Errorf("list the modules of tag %s: %w", tag, err))
		}
		ids := make([]int64, len(tagged))
		for i, b := range tagged {
			ids[i] = b.ID
		}
		builds, err := g.Hub.BuildsByID(ctx, ids)
		if err != nil {
			return nil, g.missing(err)
		}
		for i, b := range builds {
			if b.Module == nil {
				continue
			}
			document, err := modulemd.ParseStream([]byte(b.Module.YAML))
			if err != nil {
				return nil, problem("Module build %s in Koji %s: %v.", b.NVR, g.Hub.Name(), err)
			}
			all.builds = append(all.builds, modulemd.Build{
				NSVC:    modulemd.NSVC{Name: b.Module.Name, Stream: b.Module.Stream, Version: b.Module.Version, Context: b.Module.Context},
				KojiTag: b.Module.ContentTag, Document: document,
			})
			all.rank = append(all.rank, rank[tagged[i].Tag])
		}
	}
	return all, nil
}

// Latest is that of the topmost tag.
func (t *taggedModules) Latest(_ context.Context, q modulemd.Query) ([]modulemd.Build, error) {
	top := -1
	for i, b := range t.builds {
		if q.Matches(b.NSVC) && (top < 0 || t.rank[i] < top) {
			top = t.rank[i]
		}
	}
	var there []modulemd.Build
	for i, b := range t.builds {
		if t.rank[i] == top {
			there = append(there, b)
		}
	}
	found := modulemd.Pick(q.NSVC, there, func(b modulemd.Build) modulemd.NSVC { return b.NSVC })
	if len(found) == 0 {
		return nil, fmt.Errorf("%s in modular_koji_tags: %w", q.NSVC, modulemd.ErrNotFound)
	}
	return found, nil
}

// latest gives of each stream what Latest gives.
func (t *taggedModules) latest(ctx context.Context) []modulemd.Build {
	var names []modulemd.NSVC
	for _, b := range t.builds {
		name := modulemd.NSVC{Name: b.Name, Stream: b.Stream}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var all []modulemd.Build
	for _, name := range names {
		found, err := t.Latest(ctx, modulemd.Query{NSVC: name})
		if err == nil { // it was found above
			all = append(all, found...)
		}
	}
	return all
}
