package publish

import (
	"fmt"
	"path"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/repodata"
)

// Lock writes down a selection of which all checksums and sizes are known.
// Documents are the digests of what goes into the metadata of each tree beside
// the packages.
func Lock(sel *gather.Selection, documents []Documents) (compose.Lock, error) {
	lock := compose.Lock{
		Version: 1, Koji: sel.Koji, Event: sel.Event, Tags: sel.Tags, TagNames: sel.TagNames,
		Trees: make([]compose.Tree, 0, len(sel.Trees)),
	}
	for i := range sel.Trees {
		t := &sel.Trees[i]
		tree := compose.Tree{Variant: t.Variant, Arch: t.Arch, Kind: t.Kind, RPMs: make([]compose.RPM, 0, len(t.Files))}
		if i < len(documents) {
			d := documents[i]
			tree.Modules, tree.Groups, tree.UpdateInfo = d.Modules, d.Groups, d.UpdateInfo
		}
		for _, at := range t.Files {
			f := &sel.Files[at]
			if f.SHA256 == "" || f.Size <= 0 || !f.Exact {
				return lock, fmt.Errorf("lock %s: checksum or size is not known", f.NEVRA)
			}
			tree.RPMs = append(tree.RPMs, f.RPM)
		}
		lock.Trees = append(lock.Trees, tree)
	}
	return lock, nil
}

// Documents are the digests of a tree's documents; empty: there is none.
type Documents struct{ Modules, Groups, UpdateInfo string }

// DigestsOf are those of a tree's documents.
func DigestsOf(tree gather.Tree) Documents {
	digest := func(body []byte) string {
		if len(body) == 0 {
			return ""
		}
		return repodata.Sum(body).Hex
	}
	return Documents{digest(tree.Modules), digest(tree.Groups), digest(tree.UpdateInfo)}
}

// Unlock gives the selection that was written down.
func Unlock(lock compose.Lock) *gather.Selection {
	sel := &gather.Selection{Koji: lock.Koji, Start: gather.Start{Event: lock.Event, Tags: lock.Tags, TagNames: lock.TagNames}}
	total := 0
	for _, t := range lock.Trees {
		total += len(t.RPMs)
	}
	type address struct{ base, path string }
	at := make(map[address]int32, total)
	sel.Files = make([]gather.File, 0, total)
	for _, t := range lock.Trees {
		tree := gather.Tree{Variant: t.Variant, Arch: t.Arch, Kind: t.Kind, Files: make([]int32, 0, len(t.RPMs))}
		for _, r := range t.RPMs {
			name := address{r.Base, r.Path}
			place, known := at[name]
			if !known {
				place = int32(len(sel.Files)) //nolint:gosec // a lock has at most some 100,000
				at[name] = place
				sel.Files = append(sel.Files, gather.File{RPM: r, Exact: true})
			}
			tree.Files = append(tree.Files, place)
		}
		sel.Trees = append(sel.Trees, tree)
	}
	return sel
}

func fileName(r compose.RPM) string { return path.Base(r.Path) }
