package gather

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// Noarch is what a source package says of where it is built. Its noarch packages,
// which could be installed anywhere, are for the same architectures: Pungi leaves
// them out of the trees of others (pungi, phases/pkgset/pkgsets.py), where what
// they need does not exist.
type Noarch struct {
	Exclude []string `json:"exclude,omitempty"`
	Only    []string `json:"only,omitempty"`
}

// bars tells whether noarch packages are not for a tree of these architectures.
func (n *Noarch) bars(arches []string) bool {
	among := func(a string) bool { return a == rpm.Noarch || slices.Contains(arches, a) }
	return n != nil && (slices.ContainsFunc(n.Exclude, among) || len(n.Only) > 0 && !slices.ContainsFunc(n.Only, among))
}

// headsAtOnce is how many headers are asked for at a time; the reader bounds what
// is under way.
const headsAtOnce = 64

// LookAtNoarch reads where the noarch packages of a request are for: a header of
// each source package that has some, and that nobody looked at before. Stop tells
// that it is time to end; then the error is ErrStopped.
func (g *Gatherer) LookAtNoarch(ctx context.Context, r compose.Request, src *Sources, gone map[string]bool, stop func() bool) error {
	if src.Exact {
		return nil
	}
	names := namesOf(r.Packages)
	if NeedsSolver(r, src) {
		names = nil // the solver looks at all
	}
	picker := newPicker(r, gone, g.Hub.FilesURL)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(headsAtOnce)
	var stopped atomic.Bool
	look := func(builds []Build) error {
		for i := range builds {
			b := &builds[i]
			source := sourceOf(b)
			if b.Noarch != nil || source == nil || !b.hasNoarch(names) {
				continue
			}
			if stop() {
				stopped.Store(true)
				return nil
			}
			f, err := picker.pick(b, source, "")
			if err != nil {
				return err
			}
			if f.Unfit {
				continue // that is told of where it is chosen
			}
			group.Go(func() (err error) {
				b.Noarch, err = g.noarch(inner, &f)
				return err
			})
		}
		return nil
	}
	var err error
	if src.Base != nil {
		err = look(src.Base.Builds)
	}
	err = errors.Join(err, look(src.Extra), look(src.Modular), group.Wait())
	if err == nil && stopped.Load() {
		return ErrStopped
	}
	return err
}

// hasNoarch tells whether a build has a noarch package to install, of these names
// where there are any.
func (b *Build) hasNoarch(names map[string]bool) bool {
	return slices.ContainsFunc(b.Packages, func(p Package) bool {
		name, _, arch, ok := rpm.SplitNEVRA(p.NEVRA)
		return ok && arch == rpm.Noarch && (names == nil || names[name] || names[p.NEVRA] || names[name+"."+arch])
	})
}

func (g *Gatherer) noarch(ctx context.Context, f *File) (*Noarch, error) {
	address := g.Address(f)
	head, err := g.Files.Head(ctx, address)
	if errors.Is(err, header.ErrBroken) {
		return nil, problem("The source package %s at %s cannot be read: %v.", f.NEVRA, address, err)
	}
	if err != nil {
		return nil, fileError(f, address, err)
	}
	var n Noarch
	for tag, to := range map[header.Tag]*[]string{header.ExcludeArch: &n.Exclude, header.ExclusiveArch: &n.Only} {
		words, err := head.Texts(tag)
		if err != nil {
			return nil, problem("The source package %s at %s cannot be read: %v.", f.NEVRA, address, err)
		}
		// It is kept, and of what anybody may have written.
		for _, word := range words[:min(len(words), 100)] {
			if len(word) <= 32 {
				*to = append(*to, word)
			}
		}
	}
	return &n, nil
}
