package gather

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// manyBuilds is how many builds are asked for one by one. For more, all of the
// tag is listed: that takes a hub two seconds for 20,000 packages.
const manyBuilds = 400

// inherited gives the numbers and names of tags and of all they inherit, each
// once, the tags first.
func (g *Gatherer) inherited(ctx context.Context, r compose.Request, event int64) (ids []int64, names []string, err error) {
	add := func(id int64, name string) {
		if !slices.Contains(ids, id) {
			ids, names = append(ids, id), append(names, name)
		}
	}
	for _, name := range r.Source {
		tag, err := g.Hub.Tag(ctx, name, event)
		if err != nil {
			return nil, nil, g.missing(fmt.Errorf("look up tag %s: %w", name, err))
		}
		add(tag.ID, tag.Name)
	}
	if r.Flags.Has(compose.NoInheritance) {
		return ids, names, nil
	}
	for _, name := range r.Source {
		parents, err := g.Hub.FullInheritance(ctx, name, event)
		if err != nil {
			return nil, nil, g.missing(fmt.Errorf("look up what tag %s inherits: %w", name, err))
		}
		for _, p := range parents {
			add(p.ID, p.Name)
		}
	}
	return ids, names, nil
}

// missing makes an UnmetError of what the hub does not have, with what to do.
func (g *Gatherer) missing(err error) error {
	var missing *koji.MissingError
	if !errors.As(err, &missing) {
		return err
	}
	kind := missing.Kind
	names := strings.Join(firstOf(missing.Names, 20), ", ")
	is := "is"
	if len(missing.Names) > 1 {
		kind, is = kind+"s", "are"
	}
	advice := "check the name"
	switch missing.Kind {
	case "event":
		return problem("Koji %s has no event %s: leave koji_event out to use the last one.", g.Hub.Name(), names)
	case "output of task":
		return problem("Task %s in Koji %s has no packages any more: the output of scratch builds is removed after some days. Build again.", names, g.Hub.Name())
	case "build":
		advice = "check name, version and release"
	}
	return problem("There %s no %s %s in Koji %s: %s.", is, kind, names, g.Hub.Name(), advice)
}

func firstOf(names []string, most int) []string {
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
}

// wantedArches are the architectures of the packages a request can use.
func wantedArches(r compose.Request) []string {
	wanted := []string{rpm.Noarch, rpm.Source, rpm.NoSrc}
	add := func(arches []string) {
		for _, a := range arches {
			if !slices.Contains(wanted, a) {
				wanted = append(wanted, a)
			}
		}
	}
	for _, arch := range r.Arches {
		add(archesOf(arch))
	}
	for _, arch := range r.MultilibArches {
		add(multilibOf(arch))
	}
	return wanted
}

// ListTags gives what the tags of a request hold at an event. Before is what
// they held at another one, for the same tags and architectures, or nil.
//
// Where several tags have a package the newest build is taken, whatever the
// order of the tags, or with FirstTag that of the first.
func (g *Gatherer) ListTags(ctx context.Context, r compose.Request, start Start, before *Listing) (*Listing, error) {
	arches := wantedArches(r)
	builds := map[string]koji.TaggedBuild{}
	from := map[string]string{}
	for _, tag := range r.Source {
		tagged, err := g.Hub.TaggedBuilds(ctx, query(r, tag, start.Event))
		if err != nil {
			return nil, g.missing(fmt.Errorf("list the builds of tag %s: %w", tag, err))
		}
		for _, b := range tagged {
			if other, twice := builds[b.Name]; twice && from[b.Name] != tag && (g.FirstTag || other.Compare(b.EVR) >= 0) {
				continue
			}
			builds[b.Name], from[b.Name] = b, tag
		}
	}
	listing := &Listing{Event: start.Event, Tags: start.Tags, TagNames: start.TagNames}
	known := map[int64]Build{}
	if before != nil {
		for _, b := range before.Builds {
			known[b.ID] = b
		}
	}
	var fresh []koji.TaggedBuild
	for _, b := range builds {
		old, seen := known[b.ID]
		// A draft that was promoted has the same number and another name.
		if seen && old.NVR == b.String() && old.Volume == volume(b.Volume) {
			listing.Builds = append(listing.Builds, old)
		} else {
			fresh = append(fresh, b)
		}
	}
	slices.SortFunc(fresh, func(a, b koji.TaggedBuild) int { return strings.Compare(a.Name, b.Name) })
	if err := g.again(ctx, r, listing.Builds); err != nil {
		return nil, err
	}
	var added []Build
	var err error
	if len(fresh) > manyBuilds {
		added, err = g.allOf(ctx, r, start.Event, fresh, from, arches)
	} else {
		added, err = g.each(ctx, taggedOf(fresh), arches)
	}
	if err != nil {
		return nil, err
	}
	listing.Builds = append(listing.Builds, added...)
	sortBuilds(listing.Builds)
	return listing, nil
}

func query(r compose.Request, tag string, event int64) koji.TagQuery {
	return koji.TagQuery{
		Tag: tag, Event: event, Latest: true,
		Inherit:  !r.Flags.Has(compose.NoInheritance),
		NoDrafts: !r.Flags.Has(compose.IncludeUnpublishedBuild),
	}
}

func volume(name string) string {
	if name == "DEFAULT" {
		return ""
	}
	return name
}

// taggedOf gives builds as empty Builds.
func taggedOf(builds []koji.TaggedBuild) []Build {
	out := make([]Build, len(builds))
	for i, b := range builds {
		out[i] = Build{ID: b.ID, NVR: b.String(), Volume: volume(b.Volume)}
	}
	return out
}

// allOf lists whole tags, with signatures, and keeps the files of the builds
// given.
func (g *Gatherer) allOf(
	ctx context.Context, r compose.Request, event int64, builds []koji.TaggedBuild, from map[string]string, arches []string,
) ([]Build, error) {
	out := taggedOf(builds)
	at := make(map[int64]int, len(builds))
	for i, b := range builds {
		at[b.ID] = i
	}
	for _, tag := range r.Source {
		q := query(r, tag, event)
		q.Arches, q.Signatures = arches, true
		rpms, _, err := g.Hub.Tagged(ctx, q)
		if err != nil {
			return nil, g.missing(fmt.Errorf("list the packages of tag %s: %w", tag, err))
		}
		for _, p := range rpms {
			if i, wanted := at[p.BuildID]; wanted && from[builds[i].Name] == tag {
				out[i].Packages = append(out[i].Packages, fromKoji(p, p.Sigkeys))
			}
		}
	}
	for i := range out {
		sortPackages(out[i].Packages)
	}
	return out, nil
}

// each lists the files of some builds, of these architectures, with signatures.
func (g *Gatherer) each(ctx context.Context, builds []Build, arches []string) ([]Build, error) {
	if len(builds) == 0 {
		return builds, nil
	}
	ids := make([]int64, len(builds))
	for i, b := range builds {
		ids[i] = b.ID
	}
	files, err := g.Hub.BuildRPMs(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("list the packages of %d builds: %w", len(builds), err)
	}
	for i := range builds {
		for _, p := range files[i] {
			if slices.Contains(arches, p.Arch) {
				builds[i].Packages = append(builds[i].Packages, fromKoji(p, nil))
			}
		}
		sortPackages(builds[i].Packages)
	}
	return builds, g.signatures(ctx, builds, func(*Package) bool { return true })
}

// again asks anew for the signatures of packages that lack a key the request
// prefers: they may have been signed meanwhile.
func (g *Gatherer) again(ctx context.Context, r compose.Request, builds []Build) error {
	if len(r.Sigkeys) == 0 || r.Sigkeys[0] == "" {
		return nil
	}
	return g.signatures(ctx, builds, func(p *Package) bool { return p.Path == "" && p.copyOf(r.Sigkeys[0]) == nil })
}

// signatures asks which packages have which keys, for those that ask says.
func (g *Gatherer) signatures(ctx context.Context, builds []Build, ask func(*Package) bool) error {
	var asked []*Package
	var ids []int64
	for i := range builds {
		for k := range builds[i].Packages {
			if p := &builds[i].Packages[k]; ask(p) {
				asked, ids = append(asked, p), append(ids, p.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	keys, err := g.Hub.Signatures(ctx, ids)
	if err != nil {
		return fmt.Errorf("ask for the signatures of %d packages: %w", len(ids), err)
	}
	for i, p := range asked {
		p.setKeys(keys[i])
	}
	return nil
}
