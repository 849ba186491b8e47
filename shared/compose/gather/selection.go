package gather

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Selection is what a compose is to be made of. Its files may lack checksum
// and size yet.
type Selection struct {
	Koji string
	Start
	Files []File
	Trees []Tree
}

// Tree is one repository: its files are given by their place in the
// Selection's.
type Tree struct {
	Variant, Arch, Kind string
	Files               []int32
	// Modules, Groups and UpdateInfo are documents that go into the metadata.
	Modules, Groups, UpdateInfo []byte
}

// Unmeasured is how many files have a size that is not known.
func (sel *Selection) Unmeasured() int {
	n := 0
	for i := range sel.Files {
		if !sel.Files[i].Exact {
			n++
		}
	}
	return n
}

// Join adds the trees of another Selection, as those of a variant.
func (sel *Selection) Join(other *Selection, variant string) {
	type address struct{ base, path string }
	at := make(map[address]int32, len(sel.Files))
	for i := range sel.Files {
		at[address{sel.Files[i].Base, sel.Files[i].Path}] = int32(i)
	}
	for _, tree := range other.Trees {
		files := make([]int32, len(tree.Files))
		for i, place := range tree.Files {
			f := other.Files[place]
			known, there := at[address{f.Base, f.Path}]
			if !there {
				known = int32(len(sel.Files)) //nolint:gosec // as above
				at[address{f.Base, f.Path}] = known
				sel.Files = append(sel.Files, f)
			}
			files[i] = known
		}
		tree.Variant, tree.Files = variant, files
		sel.Trees = append(sel.Trees, tree)
	}
}

// Sort orders the files of a tree by their file names and folders. Of several
// files of one name the first stays: no two packages of one repository may have
// the same name, version and architecture.
func (sel *Selection) Sort(tree *Tree) {
	slices.SortFunc(tree.Files, func(a, b int32) int {
		x, y := sel.Files[a].Path, sel.Files[b].Path
		return cmp.Or(strings.Compare(path.Base(x), path.Base(y)), strings.Compare(path.Dir(x), path.Dir(y)))
	})
	tree.Files = slices.CompactFunc(tree.Files, func(a, b int32) bool {
		return path.Base(sel.Files[a].Path) == path.Base(sel.Files[b].Path)
	})
}
