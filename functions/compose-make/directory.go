package composemake

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/repodata"
)

// publish fills the directory, unless there is one with the same content.
func (r *making) publish(ctx context.Context, digest string, lock compose.Lock) error {
	answer := r.order.Answer()
	answer.Until, answer.Lock, answer.Content, answer.Resolved = r.life(), digest, r.content(digest, r.pub.Origin, r.c.Request), r.resolved
	answer.Packages = packages(lock)
	holder := compose.HolderOf(r.c.ID)
	if !r.r.Flags.Has(compose.NoReuse) {
		dir, err := r.desk.Contents.Join(ctx, answer.Content, holder, answer.Until)
		if errors.Is(err, compose.ErrOver) {
			return r.forget()
		}
		if err != nil {
			return err
		}
		if answer.Dir = dir; dir != 0 {
			return r.close(ctx, answer)
		}
	}
	var err error
	if answer.Bytes, err = r.directory(ctx, lock); err != nil {
		return err
	}
	dir, err := r.desk.Contents.Enter(ctx, answer.Content, r.c.ID, answer.Until)
	if errors.Is(err, compose.ErrOver) {
		return r.forget()
	}
	if err != nil {
		return err
	}
	answer.Dir = dir
	return r.close(ctx, answer)
}

func packages(lock compose.Lock) int {
	n := 0
	for _, tree := range lock.Trees {
		n += len(tree.RPMs)
	}
	return n
}

// forget says that the compose was ended meanwhile.
func (r *making) forget() error {
	r.drafts = r.over(r.order)
	return nil
}

// directory writes the repositories and then all that lies beside them.
func (r *making) directory(ctx context.Context, lock compose.Lock) (int64, error) {
	if err := r.pub.Begin(ctx, r.c.ID); err != nil {
		return 0, err
	}
	sel := publish.Unlock(lock)
	if len(r.others) > 0 {
		var err error
		if r.pub.Foreign, err = gather.Fragments(ctx, r.options.Open, r.others, sel.Files); err != nil {
			return 0, err
		}
	}
	stamp := publish.StampOf(lock)
	total := int64(0)
	for i := range sel.Trees {
		size, err := r.repository(ctx, sel, &sel.Trees[i], lock.Trees[i], stamp)
		if err != nil {
			return 0, err
		}
		total += size
	}
	about := publish.About{
		ID: r.c.ID, PungiID: r.resolved.PungiID, Release: r.release, Label: r.c.Request.Label,
		URL: fmt.Sprintf("%s/odcs-%d", r.options.URL, r.c.ID),
	}
	for _, tree := range lock.Trees {
		documents, err := r.documents(ctx, compose.Tree{Modules: tree.Modules})
		if err != nil {
			return 0, err
		}
		modules, err := publish.ModulesIn(tree.Arch, documents[repodata.Modules])
		if err != nil {
			return 0, err
		}
		about.Modules = append(about.Modules, modules...)
	}
	r.journal.note("Done: %d packages.", packages(lock))
	if err := r.journal.end(ctx); err != nil {
		return 0, err
	}
	if r.file != nil {
		// The names of content sets are none of variants, and ODCS has nothing but
		// the .repo file either.
		return total, r.endFile(ctx)
	}
	size, err := r.pub.Finish(ctx, about, lock, stamp)
	return total + size, err
}

// repository makes the metadata of a tree, unless an earlier run did.
func (r *making) repository(ctx context.Context, sel *gather.Selection, tree *gather.Tree, locked compose.Tree, stamp publish.Stamp) (int64, error) {
	name := publish.TreeName(tree)
	if size, done := r.log.Work().Stored[name]; done {
		return size, nil
	}
	documents, err := r.documents(ctx, locked)
	if err != nil {
		return 0, err
	}
	old, err := r.old(ctx, tree)
	if err != nil {
		return 0, err
	}
	made, err := r.pub.Tree(ctx, sel, tree, old, r.keep(name), r.stop)
	if err != nil {
		return 0, err
	}
	r.journal.note("%s: %d packages: %d described now, %d taken from what was described before.",
		name, len(tree.Files), made.Work.Described, len(tree.Files)-made.Work.Described)
	folder := publish.Dir(r.c.ID) + publish.RepoDir(tree.Variant, tree.Arch, tree.Kind)
	size, err := r.pub.Repository(ctx, folder, made, documents, stamp)
	if err != nil {
		return 0, err
	}
	// What was all copied from the shelf is on the shelf.
	if !r.solved && // else all there is was put there
		(made.Work.Described > 0 || made.Work.Reused > 0 || !r.shelf.Has(name) || len(r.log.Work().Parts[name]) > 0) {
		if err := r.shelf.Tree(ctx, name, made, r.r.SourceType == compose.Tag); err != nil {
			return 0, err
		}
	}
	if r.short() {
		return size, nil
	}
	return size, r.log.Store(ctx, name, size)
}

// short tells that there is time enough to end in this run, so that notes on the
// way to the end are not worth their writing.
func (r *making) short() bool { return len(r.log.Work().Parts) == 0 }

func (r *making) documents(ctx context.Context, tree compose.Tree) (map[repodata.Kind][]byte, error) {
	all := map[repodata.Kind][]byte{}
	for _, d := range []struct {
		kind   repodata.Kind
		of     compose.Document
		digest string
	}{
		{repodata.Modules, compose.DocModules, tree.Modules},
		{repodata.Group, compose.DocGroups, tree.Groups},
		{repodata.UpdateInfo, compose.DocUpdateInfo, tree.UpdateInfo},
	} {
		if d.digest == "" {
			continue
		}
		body, err := r.locks.LoadDocument(ctx, d.of, d.digest)
		if err != nil {
			return nil, err
		}
		all[d.kind] = body
	}
	return all, nil
}

// close keeps what came of it for all runs to say, leaves what the next compose
// can use, and says it.
func (r *making) close(ctx context.Context, answer event.ComposeAnswer) error {
	answer.At = r.now()
	if answer.Dir == r.c.ID {
		answer.Dir = 0
	}
	if !r.locked {
		if err := r.shelf.Leave(ctx, r.log.Work().Start, nil); err != nil {
			return err
		}
		if err := r.reuses().Note(ctx, compose.ReuseKey(r.r), r.c.ID, true); err != nil {
			return err
		}
	}
	answer, err := r.log.End(ctx, answer)
	if err != nil {
		return err
	}
	return r.answer(ctx, answer)
}
