package composemake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/repodata"
)

// solve finds out which packages are needed, out of all the sources hold: the
// metadata of all of them is made, and stays on the shelf for the next compose.
func (r *making) solve(ctx context.Context, choice gather.Choice) error {
	choice.All = true
	pool, err := r.gatherer.Select(r.r, r.src, choice)
	if err != nil {
		return err
	}
	defer func() { r.src.Learn(pool.Files) }()
	r.total = len(pool.Files)
	// With the checksums its descriptions are those of the compose as well.
	if err := r.gatherer.AskChecksums(ctx, pool, r.stop); err != nil {
		return err
	}
	picked := map[string][]string{}
	for i := range pool.Trees {
		tree := &pool.Trees[i]
		if picked[tree.Arch], err = r.pick(ctx, pool, tree); err != nil {
			return err
		}
	}
	r.src.Picked, r.src.Solved = picked, true
	return nil
}

// pick asks the solver about one architecture.
func (r *making) pick(ctx context.Context, pool *gather.Selection, tree *gather.Tree) ([]string, error) {
	var names []string
	err := r.described(ctx, pool, tree, func(folder string) (err error) {
		names, err = gather.Pick(ctx, r.options.Solver, r.r, r.src, tree.Arch, folder)
		return err
	})
	return names, err
}

// described makes the metadata of all the sources hold for an architecture, in a
// folder that is there while use lasts.
func (r *making) described(ctx context.Context, pool *gather.Selection, tree *gather.Tree, use func(folder string) error) error {
	if len(tree.Files) == 0 {
		return nil
	}
	if err := r.prepare(ctx, pool, tree); err != nil {
		return err
	}
	old, err := r.old(ctx, tree)
	if err != nil {
		return err
	}
	name := publish.TreeName(tree)
	made, err := r.pub.Tree(ctx, pool, tree, old, r.keep(name), r.stop)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp(r.options.Scratch, "compose-"+strconv.FormatInt(r.c.ID, 10)+"-")
	if err != nil {
		return fmt.Errorf("make a folder for the solver: %w", err)
	}
	err = r.write(folder, made)
	if err == nil {
		err = use(folder)
	}
	if err = errors.Join(err, os.RemoveAll(folder)); err != nil {
		return err
	}
	// The shelf has objects of its own of these: they are in no directory.
	if r.r.SourceType == compose.Tag && (made.Work.Described > 0 || !r.shelf.Has(name) || len(r.log.Work().Parts[name]) > 0) {
		return r.shelf.Tree(ctx, name, made, true)
	}
	return nil
}

// write puts metadata into a folder.
func (r *making) write(folder string, made *publish.Made) error {
	if err := os.Mkdir(filepath.Join(folder, "repodata"), 0o700); err != nil {
		return err
	}
	md := repodata.Repomd{Revision: "1"}
	for k, kind := range [3]repodata.Kind{repodata.Primary, repodata.Filelists, repodata.Other} {
		o := made.Objects[k]
		data := repodata.Data{Type: kind, Checksum: repodata.Checksum{Type: "sha256", Hex: o.Checksum}, Size: o.Size, OpenSize: o.OpenSize}
		data.Location = repodata.Location(kind, data.Checksum, r.pub.Format.Suffix())
		md.Data = append(md.Data, data)
		if err := os.WriteFile(filepath.Join(folder, data.Location), made.Bodies[k], 0o600); err != nil {
			return err
		}
	}
	raw, err := md.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "repodata", "repomd.xml"), raw, 0o600)
}
