package composepage

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/page"
)

// entriesMost is how many entries of a directory are listed.
const entriesMost = 500

// folder lists a directory of a compose, or leads to a file in it. A bucket has
// no directories, so what lies below is listed as a whole: some dozen files.
func (s *site) folder(ctx context.Context, at address, c compose.Compose, rest []string) (reply, error) {
	dir := publish.Dir(c.DirOf())
	path := strings.Join(rest, "/")
	if path != "" && !good(dir+path) {
		return missing("There is no such file", placeOf(c.ID)), nil
	}
	infos, err := s.Files.List(ctx, dir+path, "", blob.ListMax)
	if err != nil {
		return reply{}, fmt.Errorf("list %s%s: %w", dir, path, err)
	}
	below := path + "/"
	if path == "" {
		below = ""
	}
	out := page.Folder{Path: strings.TrimSuffix(fmt.Sprintf("odcs-%d/%s", c.DirOf(), below), "/") + "/", About: placeOf(c.ID)}
	found := entries{site: s, dir: c.DirOf(), at: rest}
	for _, info := range infos {
		name := strings.TrimPrefix(info.Key, dir)
		if name == path && path != "" && !at.slash {
			return reply{code: http.StatusFound, move: s.file(fmt.Sprintf("odcs-%d", c.DirOf()), rest)}, nil
		}
		if inside, ok := strings.CutPrefix(name, below); ok {
			found.add(inside, info)
		}
	}
	repository := slices.ContainsFunc(found.list, func(e page.Entered) bool { return e.Name == "repodata/" })
	switch {
	case len(found.list) == 0:
		return missing("There is no such file", placeOf(c.ID)), nil
	case !at.slash: // links in it are below it
		return reply{code: http.StatusFound, move: at.base + string(placeOfFiles(c.DirOf(), rest...))}, nil
	case repository:
		found.list = append([]page.Entered{{Name: packagesDir + "/", Place: placeOfFiles(c.DirOf(), append(slices.Clone(rest), packagesDir)...)}}, found.list...)
	}
	if len(rest) > 0 {
		out.Up = placeOfFiles(c.DirOf(), rest[:len(rest)-1]...)
	}
	out.Entries, out.More = cut(found.list)
	return reply{code: http.StatusOK, data: out, section: "composes"}, nil
}

func cut(list []page.Entered) ([]page.Entered, int) {
	return list[:min(len(list), entriesMost)], max(0, len(list)-entriesMost)
}

// entries are those of one directory.
type entries struct {
	site *site
	dir  int64
	at   []string
	list []page.Entered
}

// add adds what a path below the directory is in it: a file, or a directory.
func (e *entries) add(inside string, info blob.Info) {
	if inside == "" {
		return
	}
	name, _, deeper := strings.Cut(inside, "/")
	if !deeper {
		e.list = append(e.list, page.Entered{
			Name: name, Size: info.Size, At: info.Modified,
			File: page.Link{Text: name, URL: e.site.file(fmt.Sprintf("odcs-%d", e.dir), append(slices.Clone(e.at), name))},
		})
		return
	}
	name += "/"
	if n := len(e.list); n == 0 || e.list[n-1].Name != name {
		e.list = append(e.list, page.Entered{Name: name, Place: placeOfFiles(e.dir, append(slices.Clone(e.at), strings.TrimSuffix(name, "/"))...)})
	}
}

// letters lists the directories in which RPMs would be: nothing lies there, and
// who asks for a file is led to it.
func (s *site) letters(ctx context.Context, at address, c compose.Compose, rest []string, i int) (reply, error) {
	tree, ok := treeAt(rest[:i])
	if !ok || len(rest) > i+2 || c.Lock == "" {
		return missing("There is no such file", placeOf(c.ID)), nil
	}
	if !at.slash {
		return reply{code: http.StatusFound, move: at.base + string(placeOfFiles(c.DirOf(), rest...))}, nil
	}
	is, err := s.catalogs.of(ctx, c.Lock)
	if gone(err) {
		return missing("What it was made of is not kept any more", placeOf(c.ID)), nil
	}
	if err != nil {
		return reply{}, err
	}
	out := page.Folder{
		Path: fmt.Sprintf("odcs-%d/%s/", c.DirOf(), strings.Join(rest, "/")), About: placeOf(c.ID), Up: placeOfFiles(c.DirOf(), rest[:len(rest)-1]...),
	}
	letter := ""
	if len(rest) == i+2 {
		letter = rest[i+1]
	}
	var list []page.Entered
	known := map[string]bool{}
	for _, t := range is.Trees {
		if publish.RepoDir(t.Variant, t.Arch, t.Kind) != tree {
			continue
		}
		for _, r := range t.RPMs {
			file := fileOf(r)
			first := strings.ToLower(file[:1])
			known[first] = true
			if first == letter {
				list = append(list, page.Entered{Name: file, Size: r.Size, Place: placeOfFiles(c.DirOf(), rest...) + escaped(file)})
			}
		}
	}
	if letter == "" {
		for _, first := range slices.Sorted(maps.Keys(known)) {
			list = append(list, page.Entered{Name: first + "/", Place: placeOfFiles(c.DirOf(), append(slices.Clone(rest), first)...)})
		}
	}
	if len(list) == 0 {
		return missing("There is no such file", placeOf(c.ID)), nil
	}
	slices.SortFunc(list, func(a, b page.Entered) int { return strings.Compare(a.Name, b.Name) })
	out.Entries, out.More = cut(list)
	return reply{code: http.StatusOK, data: out, section: "composes"}, nil
}

// treeAt reads the path of a tree: compose/Temporary/x86_64/os.
func treeAt(parts []string) (string, bool) {
	return strings.Join(parts, "/"), len(parts) >= 4 && parts[0] == "compose"
}

// good tells whether there can be an object with this key.
func good(key string) bool { return blob.CheckKey(key) == nil }
