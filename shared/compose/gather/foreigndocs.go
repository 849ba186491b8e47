package gather

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/distaff-project/distaff/shared/comps"
	"github.com/distaff-project/distaff/shared/modulemd"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/foreign"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/updateinfo"
)

// documents gives a tree what its repositories say beside their packages: groups,
// modules and updates, merged, and of these what concerns packages of the tree.
func (f *foreigners) documents(ctx context.Context, tree *Tree) error {
	if tree.Kind != OS {
		return nil
	}
	has, names := map[string]bool{}, map[string]bool{}
	for _, at := range tree.Files {
		nevra := f.sel.Files[at].NEVRA
		name, _, _, _ := rpm.SplitNEVRA(nevra) // it was put together here
		has[nevra], names[name] = true, true
	}
	var groups []comps.Comps
	var updates [][]updateinfo.Update
	var modules modulemd.Index
	for _, repo := range f.opened[tree.Arch] {
		for _, read := range []struct {
			kind repodata.Kind
			read func(raw []byte) error
		}{
			{repodata.Group, func(raw []byte) error {
				c, err := comps.Parse(raw)
				groups = append(groups, c)
				return err
			}},
			{repodata.Modules, func(raw []byte) error {
				index, err := modulemd.Parse(raw)
				modules.Streams = append(modules.Streams, index.Streams...)
				modules.Defaults = append(modules.Defaults, index.Defaults...)
				modules.Obsoletes = append(modules.Obsoletes, index.Obsoletes...)
				return err
			}},
			{repodata.UpdateInfo, func(raw []byte) error {
				list, err := updateinfo.Parse(raw, func(nevra string) bool { return has[nevra] })
				updates = append(updates, list)
				return err
			}},
		} {
			raw, err := repo.Document(ctx, read.kind)
			if errors.Is(err, foreign.ErrNone) {
				continue
			}
			if err != nil {
				return foreignError(err)
			}
			if err := read.read(raw); err != nil {
				return problem("The repository %s cannot be used: its %s: %v.", repo.URL, read.kind, err)
			}
		}
	}
	return f.write(tree, comps.Merge(groups...), modules, updateinfo.Merge(updates...), has, names)
}

// write writes the documents down; what is left of one without anything in it is
// none.
func (f *foreigners) write(
	tree *Tree, groups comps.Comps, modules modulemd.Index, updates []updateinfo.Update, has, names map[string]bool,
) error {
	var out bytes.Buffer
	failed := func(what string, err error) error {
		return problem("The %s of %s for %s cannot be written: %v.", what, SourceText(f.r), tree.Arch, err)
	}
	groups = groups.Filter(tree.Arch, func(name string) bool { return names[name] })
	if len(groups.Groups)+len(groups.Environments)+len(groups.Categories) > 0 {
		if err := groups.Write(&out); err != nil {
			return failed("groups", err)
		}
		tree.Groups = bytes.Clone(out.Bytes())
	}
	var streams []*modulemd.Stream
	for _, s := range modules.Streams {
		there := slices.DeleteFunc(slices.Clone(s.Artifacts), func(nevra string) bool { return !has[nevra] })
		if len(there) == 0 && len(s.Artifacts) > 0 {
			continue // nothing of it was taken
		}
		arch := s.Arch
		if arch == "" {
			arch = tree.Arch
		}
		streams = append(streams, s.Publish(arch, there))
	}
	if len(streams) > 0 {
		out.Reset()
		if err := modules.With(streams).Write(&out); err != nil {
			return failed("modules", err)
		}
		tree.Modules = bytes.Clone(out.Bytes())
	}
	if len(updates) > 0 {
		out.Reset()
		if err := updateinfo.Write(&out, updates); err != nil {
			return failed("updates", err)
		}
		tree.UpdateInfo = bytes.Clone(out.Bytes())
	}
	return nil
}
