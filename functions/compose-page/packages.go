package composepage

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/difference"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/page"
)

// packagesPage is how many packages are on a page.
const packagesPage = 100

// placeOfTree is the page of one tree: 12/packages/x86_64-debug.
func placeOfTree(id int64, arch, kind string) page.Place {
	return page.Place(fmt.Sprintf("%d/packages/%s", id, treeKey(arch, kind)))
}

func treeKey(arch, kind string) string {
	switch kind {
	case gather.Debug:
		return arch + "-debug"
	case gather.Source:
		return "source"
	}
	return arch
}

func treeName(arch, kind string) string {
	switch kind {
	case gather.Debug:
		return arch + ", debug"
	case gather.Source:
		return "sources"
	}
	return arch
}

// packages gives the page of one tree of a compose.
func (s *site) packages(ctx context.Context, at address, c compose.Compose) (reply, error) {
	if c.Lock == "" {
		return missing(fmt.Sprintf("What compose %d is made of is not known", c.ID), placeOf(c.ID), verdict(c)+"."), nil
	}
	is, err := s.catalogs.of(ctx, c.Lock)
	if gone(err) {
		return missing("What it was made of is not kept any more", placeOf(c.ID)), nil
	}
	if err != nil {
		return reply{}, err
	}
	out := page.ComposePackages{ID: c.ID, At: placeOf(c.ID), From: from(c.Request), Wanted: at.query.Get("p")}
	found := -1
	for i, t := range is.Trees {
		on := treeKey(t.Arch, t.Kind) == at.part(2)
		if on {
			found = i
		}
		if on || len(t.RPMs) > 0 {
			out.Trees = append(out.Trees, page.Choice{Text: treeName(t.Arch, t.Kind), Place: with(placeOfTree(c.ID, t.Arch, t.Kind), "p", out.Wanted), On: on})
		}
	}
	if found < 0 || len(at.parts) > 3 {
		return missing("There is no such repository in it", placeOf(c.ID)), nil
	}
	tree := is.Trees[found]
	out.Tree, out.Self = treeName(tree.Arch, tree.Kind), placeOfTree(c.ID, tree.Arch, tree.Kind)
	rows := wanted(tree.RPMs, out.Wanted)
	now := pageOf(at)
	out.Total, out.Pager = len(rows), pager(out.Self, at.query, now, len(rows), packagesPage)
	skip := min((now-1)*packagesPage, len(rows))
	for _, r := range rows[skip:min(skip+packagesPage, len(rows))] {
		out.Rows = append(out.Rows, s.described(c, tree, r))
	}
	return reply{code: http.StatusOK, data: out, section: "composes"}, nil
}

// wanted are the packages with a text in their name or their build's, by name.
func wanted(all []compose.RPM, text string) []*compose.RPM {
	text = strings.ToLower(text)
	var found []*compose.RPM
	for i := range all {
		r := &all[i]
		if text == "" || strings.Contains(strings.ToLower(r.NEVRA), text) || strings.Contains(strings.ToLower(r.Build), text) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *compose.RPM) int { return cmp.Compare(a.NEVRA, b.NEVRA) })
	return found
}

func (s *site) described(c compose.Compose, tree compose.Tree, r *compose.RPM) page.ComposePackage {
	name, evr, arch, ok := difference.Split(r.NEVRA)
	if !ok {
		name = r.NEVRA
	}
	p := page.ComposePackage{Name: name, Version: evr, Arch: arch, Build: r.Build, Sigkey: r.Sigkey, Size: r.Size}
	if _, ok := s.target(*r); ok && c.State == compose.Done {
		file := fileOf(*r)
		parts := append(strings.Split(publish.RepoDir(tree.Variant, tree.Arch, tree.Kind), "/"), "Packages", strings.ToLower(file[:1]))
		p.File = placeOfFiles(c.ID, parts...) + escaped(file)
	}
	return p
}
