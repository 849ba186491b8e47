package composemake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
)

// outside settles what a request takes from repositories of others. From then on
// it is made like any other: what those repositories say of a package is what
// ours says.
func (r *making) outside(ctx context.Context) error {
	if r.options.Open == nil {
		return &gather.UnmetError{Reason: "This instance takes nothing from repositories of others."}
	}
	r.locked, r.others = true, []compose.Request{r.r}
	var err error
	if r.pub.Origin, err = gather.Origin(ctx, r.options.Open, r.r); err != nil {
		return err
	}
	if r.log.Work().Lock != "" {
		r.r.Event = r.log.Work().Start.Event
		return r.resolve()
	}
	sel, revision, err := gather.ListForeign(ctx, r.options.Open, r.options.Solver, r.r)
	if err != nil {
		return err
	}
	r.r.Event = revision
	if err := r.resolve(); err != nil {
		return err
	}
	if err := r.began(ctx, gather.Start{Event: revision}); err != nil {
		return err
	}
	for _, tree := range sel.Trees {
		r.total += len(tree.Files)
	}
	sel.Koji, sel.Event = "", revision
	_, err = r.settle(ctx, sel)
	return err
}

// pulp makes a compose that only names repositories of others: its .repo file is
// all there is.
func (r *making) pulp(ctx context.Context) (bool, error) {
	found, arches, err := r.known()
	if err != nil {
		return false, err
	}
	r.r.Source, r.r.Sigkeys = found, nil
	if len(found) == 0 {
		return false, r.nothing(ctx)
	}
	r.r.Arches = arches
	if err := r.resolve(); err != nil {
		return false, err
	}
	if r.others = r.merged(); len(r.others) > 0 {
		return false, r.merge(ctx)
	}
	text, err := r.repoFile(r.c.ID)
	if err != nil {
		return false, err
	}
	return true, r.onlyFile(ctx, text)
}

// known gives the names of a request that this instance knows, and the
// architectures that these have.
func (r *making) known() (found, arches []string, err error) {
	var absent []string
	for _, name := range r.r.Source {
		repo, ok := r.options.Repositories[name]
		if !ok || repo.Unpublished && !r.r.Flags.Has(compose.IncludeUnpublished) {
			absent = append(absent, name)
			continue
		}
		found, arches = append(found, name), append(arches, repo.Arches...)
	}
	slices.Sort(found)
	slices.Sort(arches)
	if len(absent) > 0 && !r.r.Flags.Has(compose.IgnoreAbsentPulpRepos) {
		slices.Sort(absent)
		return nil, nil, &gather.UnmetError{Reason: fmt.Sprintf(
			"Failed to find all the source(s) %s in the repositories this instance knows, found only: %s. The flag ignore_absent_pulp_repos leaves out what is not there.",
			strings.Join(absent, " "), strings.Join(found, " "))}
	}
	return slices.Compact(found), slices.Compact(arches), nil
}

// nothing makes empty repositories, where no source is there and that is allowed.
func (r *making) nothing(ctx context.Context) error {
	r.locked = true
	if err := r.resolve(); err != nil || r.log.Work().Lock != "" {
		return err
	}
	if err := r.began(ctx, gather.Start{}); err != nil {
		return err
	}
	sel := &gather.Selection{}
	for _, arch := range r.r.Arches {
		sel.Trees = append(sel.Trees, gather.Tree{Variant: gather.Variant, Arch: arch, Kind: gather.OS})
	}
	_, err := r.settle(ctx, sel)
	return err
}

// onlyFile writes a directory with nothing in it but a .repo file.
func (r *making) onlyFile(ctx context.Context, text string) error {
	sum := sha256.Sum256([]byte("1\n.repo\n" + text))
	answer := r.order.Answer()
	answer.Until, answer.Content, answer.Resolved = r.life(), hex.EncodeToString(sum[:]), r.resolved
	dir, err := r.desk.Contents.Join(ctx, answer.Content, compose.HolderOf(r.c.ID), answer.Until)
	if err == nil && dir == 0 {
		if err := r.pub.Begin(ctx, r.c.ID); err != nil {
			return err
		}
		if err := r.storeFile(ctx, text); err != nil {
			return err
		}
		r.journal.note("Done: a .repo file of repositories kept elsewhere.")
		if err := r.journal.end(ctx); err != nil {
			return err
		}
		if err := r.pub.End(ctx, r.c.ID, r.resolved.PungiID); err != nil {
			return err
		}
		answer.Bytes = int64(len(text))
		dir, err = r.desk.Contents.Enter(ctx, answer.Content, r.c.ID, answer.Until)
	}
	if errors.Is(err, compose.ErrOver) {
		return r.forget()
	}
	if err != nil {
		return err
	}
	r.locked, answer.Dir = true, dir
	return r.close(ctx, answer)
}
