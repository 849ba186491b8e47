package composemake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/frame"
)

// fewUnmeasured is how many files are measured one by one. With more, their
// metadata is made at once, which tells their sizes as well.
const fewUnmeasured = 1000

// make goes from what the sources hold to what lies in the directory.
func (r *making) make(ctx context.Context) error {
	digest := r.log.Work().Lock
	if digest == "" {
		var sel *gather.Selection
		err := r.retry(ctx, func() (err error) {
			sel, err = r.choose(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if digest, err = r.settle(ctx, sel); err != nil {
			return err
		}
	}
	if err := r.putAway(ctx); err != nil {
		return err
	}
	lock := r.settled
	if digest != r.settledAs {
		var err error
		if lock, err = r.locks.Load(ctx, digest); err != nil {
			return err
		}
	}
	r.settled = compose.Lock{}
	// A lock may be an older one of the same packages.
	start := r.log.Work().Start
	lock.Event, lock.Tags, lock.TagNames = start.Event, start.Tags, start.TagNames
	return r.publish(ctx, digest, lock)
}

// putAway stores what the sources hold, which is not needed any more, and frees
// the memory for what is written now.
func (r *making) putAway(ctx context.Context) error {
	if r.src == nil {
		return nil
	}
	if !r.locked && r.src.Base != nil {
		if err := r.shelf.Listed(ctx, r.src.Base); err != nil {
			return err
		}
	}
	r.solved, r.put, r.src = r.src.Solved, true, nil
	return nil
}

// choose finds out which files there are to be, with checksums and sizes.
func (r *making) choose(ctx context.Context) (*gather.Selection, error) {
	if err := r.list(ctx); err != nil {
		return nil, err
	}
	choice := gather.Choice{Gone: map[string]bool{}}
	for _, path := range r.log.Work().Gone {
		choice.Gone[path] = true
	}
	if err := r.gatherer.LookAtNoarch(ctx, r.r, r.src, choice.Gone, r.stop); err != nil {
		return nil, err
	}
	if gather.NeedsSolver(r.r, r.src) {
		if err := r.solve(ctx, choice); err != nil {
			return nil, err
		}
	}
	sel, err := r.gatherer.Select(r.r, r.src, choice)
	if err != nil {
		return nil, err
	}
	defer func() { r.src.Learn(sel.Files) }()
	r.total = 0
	for _, tree := range sel.Trees {
		r.total += len(tree.Files)
	}
	if err := r.gatherer.Checksums(ctx, sel, r.stop); err != nil {
		return nil, err
	}
	return sel, r.measure(ctx, sel)
}

// list reads what the sources hold, or what an earlier run read.
func (r *making) list(ctx context.Context) error {
	if r.src != nil {
		return nil
	}
	var err error
	if r.src, err = r.log.Sources(ctx); r.src != nil || err != nil {
		return err
	}
	before, err := r.shelf.Listing(ctx)
	if err != nil {
		return err
	}
	r.src, err = r.gatherer.List(ctx, r.r, r.log.Work().Start, before)
	return err
}

// measure finds out the sizes of all files. Of many files the frames are made,
// and kept.
func (r *making) measure(ctx context.Context, sel *gather.Selection) error {
	if sel.Unmeasured() > fewUnmeasured {
		for i := range sel.Trees {
			if err := r.prepare(ctx, sel, &sel.Trees[i]); err != nil {
				return err
			}
		}
	}
	return r.pub.Measure(ctx, sel, r.stop)
}

// prepare makes the frames of a tree that nobody has.
func (r *making) prepare(ctx context.Context, sel *gather.Selection, tree *gather.Tree) error {
	old, err := r.old(ctx, tree)
	if err != nil {
		return err
	}
	name := publish.TreeName(tree)
	if r.options.Large > 0 && !r.order.Large {
		fresh, err := r.pub.Fresh(sel, tree, old)
		if err != nil {
			return err
		}
		if fresh > r.options.Large {
			return errLarge
		}
	}
	done, err := r.pub.Prepare(ctx, sel, tree, old, r.keep(name), r.stop)
	r.done += done
	return err
}

// errLarge says that what is left is for a job.
var errLarge = errors.New("more than a request can do")

func (r *making) keep(tree string) publish.Keep {
	return func(ctx context.Context, part frame.Part) error { return r.log.Part(ctx, tree, part) }
}

// old are the frames there are of a tree: those of this work, and what earlier
// composes left.
func (r *making) old(ctx context.Context, tree *gather.Tree) ([]*frame.Index, error) {
	name := publish.TreeName(tree)
	parts, err := r.log.Parts(ctx, name)
	if err != nil {
		return nil, err
	}
	if tree.Variant != gather.Variant {
		// What all variants choose from was described without one.
		all := *tree
		all.Variant = gather.Variant
		more, err := r.log.Parts(ctx, publish.TreeName(&all))
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	left, err := r.shelf.Indexes(ctx, name)
	return append(parts, left...), err
}

// settle writes the packages down, and gives the digest that counts: that of the
// first run that came here.
func (r *making) settle(ctx context.Context, sel *gather.Selection) (string, error) {
	documents := make([]publish.Documents, len(sel.Trees))
	for i, tree := range sel.Trees {
		for _, d := range []struct {
			kind compose.Document
			body []byte
			to   *string
		}{
			{compose.DocModules, tree.Modules, &documents[i].Modules},
			{compose.DocGroups, tree.Groups, &documents[i].Groups},
			{compose.DocUpdateInfo, tree.UpdateInfo, &documents[i].UpdateInfo},
		} {
			if len(d.body) == 0 {
				continue
			}
			var err error
			if *d.to, err = r.locks.SaveDocument(ctx, d.kind, d.body); err != nil {
				return "", err
			}
		}
		for _, old := range r.kept {
			if old.Variant == tree.Variant && old.Arch == tree.Arch && old.Kind == tree.Kind {
				documents[i] = publish.Documents{Modules: old.Modules, Groups: old.Groups, UpdateInfo: old.UpdateInfo}
			}
		}
	}
	lock, err := publish.Lock(sel, documents)
	if err != nil {
		return "", err
	}
	if err := lock.Check(); err != nil {
		return "", &gather.UnmetError{Reason: sentence(fmt.Sprintf("Koji gave what no list of packages can hold: %v", err))}
	}
	digest, err := r.locks.Save(ctx, lock)
	if err != nil {
		return "", err
	}
	r.journal.note("The packages are settled: %d files in %d repositories, list %s.", len(sel.Files), len(sel.Trees), digest)
	r.settled, r.settledAs = lock, digest
	return r.log.Settle(ctx, digest)
}

// content names what lies in a directory: the packages, and all else that shapes
// it but the number of the compose.
func (m maker) content(lock, origin string, request compose.Request) string {
	o := m.options.Metadata
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(struct { // texts and numbers can always be encoded
		Form              int
		Lock, Base        string
		Origin            string
		Format            frame.Format
		Metadata          repodata.Options
		Label, Type       string
		OmitOpenChecksums bool
	}{1, lock, o.Base, origin, o.Format, o.Metadata, request.Label, request.ComposeType, o.OmitOpenChecksum})
	return hex.EncodeToString(sum.Sum(nil))
}
