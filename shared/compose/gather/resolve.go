package gather

import (
	"context"
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/shared/compose"
)

// Resolve writes out what a request is short for: of a module its full name, of
// a compose elsewhere the builds it is made of. What it gives can be resolved
// again, and comes to the same.
func (g *Gatherer) Resolve(ctx context.Context, r compose.Request, start Start) (compose.Request, error) {
	r.Event = start.Event
	if r.SourceType == compose.Module {
		found, err := g.findModules(ctx, r, start)
		if err != nil {
			return r, err
		}
		r.Source = nil
		for _, m := range found {
			r.Source = append(r.Source, m.String())
		}
		slices.Sort(r.Source)
	}
	if r.SourceType == compose.PungiCompose {
		list, err := g.pungi(ctx, r)
		if err != nil {
			return r, err
		}
		r.Builds, r.Packages = list.builds, list.packages
		r.Arches, r.Sigkeys = list.arches, list.sigkeys
	}
	return r, nil
}

// listPungi gives the builds of somebody's compose from our Koji, and exactly
// those of their packages that it has.
func (g *Gatherer) listPungi(ctx context.Context, r compose.Request, src *Sources) error {
	list, err := g.pungi(ctx, r)
	if err != nil {
		return err
	}
	if src.Extra, err = g.buildsOf(ctx, list.builds, wantedArches(r)); err != nil {
		return fmt.Errorf("the builds of %s: %w", r.Source[0], err)
	}
	src.Picked = list.picked
	return nil
}

// picked gives a list of names as sets.
func picked(lists map[string][]string) map[string]map[string]bool {
	if lists == nil {
		return nil
	}
	sets := make(map[string]map[string]bool, len(lists))
	for arch, names := range lists {
		sets[arch] = namesOf(slices.Compact(names))
	}
	return sets
}
