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
	if len(tree.Files) == 0 {
		return nil, nil
	}
	if err := r.prepare(ctx, pool, tree); err != nil {
		return nil, err
	}
	old, err := r.old(ctx, tree)
	if err != nil {
		return nil, err
	}
	name := publish.TreeName(tree)
	made, err := r.pub.Tree(ctx, pool, tree, old, r.keep(name), r.stop)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(r.options.Scratch, "compose-"+strconv.FormatInt(r.c.ID, 10)+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the solver: %w", err)
	}
	names, err := r.ask(ctx, tree.Arch, folder, made)
	if err = errors.Join(err, os.RemoveAll(folder)); err != nil {
		return nil, err
	}
	// The shelf has objects of its own of these: they are in no directory.
	if r.r.SourceType == compose.Tag && (made.Work.Described > 0 || !r.shelf.Has(name) || len(r.log.Work().Parts[name]) > 0) {
		return names, r.shelf.Tree(ctx, name, made, true)
	}
	return names, nil
}

func (r *making) ask(ctx context.Context, arch, folder string, made *publish.Made) ([]string, error) {
	if err := os.Mkdir(filepath.Join(folder, "repodata"), 0o700); err != nil {
		return nil, err
	}
	md := repodata.Repomd{Revision: "1"}
	for k, kind := range [3]repodata.Kind{repodata.Primary, repodata.Filelists, repodata.Other} {
		o := made.Objects[k]
		data := repodata.Data{Type: kind, Checksum: repodata.Checksum{Type: "sha256", Hex: o.Checksum}, Size: o.Size, OpenSize: o.OpenSize}
		data.Location = repodata.Location(kind, data.Checksum, r.pub.Format.Suffix())
		md.Data = append(md.Data, data)
		if err := os.WriteFile(filepath.Join(folder, data.Location), made.Bodies[k], 0o600); err != nil {
			return nil, err
		}
	}
	raw, err := md.Encode()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "repodata", "repomd.xml"), raw, 0o600); err != nil {
		return nil, err
	}
	return gather.Pick(ctx, r.options.Solver, r.r, r.src, arch, folder)
}
