package composepage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/difference"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/page"
)

// How much of a difference is shown: a few lines of each kind; all of what is
// installed; all of all.
const (
	brief = iota
	whole
	everything
)

const (
	briefMost = 12
	wholeMost = 100
	// lookedAt is how many composes are looked at for the one before.
	lookedAt = 20
)

// gone tells whether a lock is not kept any more.
func gone(err error) bool { return errors.Is(err, blob.ErrNotFound) }

// before finds the compose before one: the newest older one that was done, of
// the same source and the same packages.
func (s *site) before(ctx context.Context, c compose.Compose) (compose.Compose, bool, error) {
	if c.From != 0 { // a copy is compared with what it is a copy of
		was, there, err := s.read(ctx, c.From)
		return was, there && was.Lock != "", err
	}
	source := strings.Join(c.Request.Source, " ")
	q := index.Query{Type: &c.Request.SourceType, Upto: c.ID - 1, Descending: true, Take: lookedAt}
	if source != "" {
		q.Source = &source
	}
	if c.ID == 1 || source == "" {
		return compose.Compose{}, false, nil
	}
	found, err := s.List.Find(ctx, q)
	if err != nil {
		return compose.Compose{}, false, err
	}
	for _, row := range found.Composes {
		if row.State != compose.Done && row.State != compose.Removed || !slices.Equal(row.Request.Packages, c.Request.Packages) || !slices.Equal(row.Request.Builds, c.Request.Builds) {
			continue
		}
		was, there, err := s.read(ctx, row.ID)
		if err != nil {
			return was, false, err
		}
		if there && was.Lock != "" {
			return was, true, nil
		}
	}
	return compose.Compose{}, false, nil
}

// difference compares two composes. Where a lock is gone nothing is said.
func (s *site) difference(ctx context.Context, was, is compose.Compose, much int) (page.ComposeDifference, error) {
	out := page.ComposeDifference{Was: was.ID, Is: is.ID, WasPlace: placeOf(was.ID), IsPlace: placeOf(is.ID)}
	at := page.Place(fmt.Sprintf("%d/diff/%d", is.ID, was.ID))
	if was.Lock == is.Lock {
		out.Said = "Exactly the same packages"
		return out, nil
	}
	old, err := s.catalogs.of(ctx, was.Lock)
	if err == nil {
		var now *catalog
		if now, err = s.catalogs.of(ctx, is.Lock); err == nil {
			d := difference.Between(difference.OfLock(old.Lock), difference.OfLock(now.Lock))
			out.Said, out.Groups = said(d), groups(d, much)
			out.All, out.Debug = leads(at, d, much)
			return out, nil
		}
	}
	if gone(err) {
		return page.ComposeDifference{}, nil
	}
	return out, err
}

// leads are the places of the same difference with more of it, or less.
func leads(at page.Place, d difference.Difference, much int) (all, debug page.Place) {
	switch {
	case d.None():
		return "", ""
	case much == brief:
		return at, ""
	case much == everything:
		return at, ""
	}
	return "", with(at, "all", "1")
}

// said sums a difference up in a sentence.
func said(d difference.Difference) string {
	os := d.Only("os")
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{len(os.Changed), "changed"}, {len(os.Added), "added"}, {len(os.Removed), "removed"}, {len(os.Resigned), "signed by another key"}, {len(os.Rebuilt), "rebuilt"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	for _, tree := range d.Trees {
		word := "no longer for "
		if tree[0] == '+' {
			word = "now for "
		}
		parts = append(parts, word+tree[1:])
	}
	rest := d.Count() - os.Count()
	switch {
	case len(parts) == 0 && rest == 0:
		return "Exactly the same packages"
	case len(parts) == 0:
		return "Nothing that is installed is otherwise; but " + unseen(rest)
	case rest > 0:
		return strings.Join(parts, ", ") + "; and " + unseen(rest)
	}
	return strings.Join(parts, ", ")
}

// unseen counts what is not installed.
func unseen(n int) string {
	if n == 1 {
		return "1 debug or source package"
	}
	return fmt.Sprintf("%d debug and source packages", n)
}

// groups are the packages that are otherwise, by what became of them.
func groups(d difference.Difference, much int) []page.ComposeChange {
	most := wholeMost
	if much == brief {
		most = briefMost
	}
	if much != everything {
		d = d.Only("os")
	}
	var all []page.ComposeChange
	for _, g := range []struct {
		title string
		rows  []difference.Change
	}{{"Changed", d.Changed}, {"Added", d.Added}, {"Removed", d.Removed}, {"Signed by another key", d.Resigned}, {"The same version, another file", d.Rebuilt}} {
		if len(g.rows) == 0 {
			continue
		}
		group := page.ComposeChange{Title: g.title, More: max(0, len(g.rows)-most)}
		for _, c := range g.rows[:min(len(g.rows), most)] {
			group.Rows = append(group.Rows, became(c))
		}
		all = append(all, group)
	}
	return all
}

func became(c difference.Change) page.ComposeBecame {
	b := page.ComposeBecame{Name: c.Name, Was: strings.Join(c.Was, ", "), Is: strings.Join(c.Is, ", "), Trees: strings.Join(c.Trees, " ")}
	if c.WasKey != c.IsKey {
		b.Was, b.Is = b.Was+" "+keys([]string{c.WasKey}), b.Is+" "+keys([]string{c.IsKey})
	}
	switch {
	case c.Older:
		b.Note = "older than before"
	case c.Kind != "os":
		b.Note = c.Kind
	}
	return b
}

// diff gives the page of a difference: <id>/diff is that to the compose before
// it, <id>/diff/<older> that to another.
func (s *site) diff(ctx context.Context, at address, is compose.Compose) (reply, error) {
	var was compose.Compose
	var there bool
	var err error
	if text := at.part(2); text == "" {
		was, there, err = s.before(ctx, is)
	} else if id := number(text); id > 0 && len(at.parts) == 3 {
		was, there, err = s.read(ctx, id)
	}
	switch {
	case err != nil:
		return reply{}, err
	case !there:
		return missing("There is no compose to compare it with", placeOf(is.ID)), nil
	case was.Lock == "" || is.Lock == "":
		return missing(fmt.Sprintf("What composes %d and %d are made of is not known", was.ID, is.ID), placeOf(is.ID), "One of them is not made yet, or failed."), nil
	}
	much := whole
	if at.query.Get("all") != "" {
		much = everything
	}
	d, err := s.difference(ctx, was, is, much)
	if err != nil {
		return reply{}, err
	}
	if d.Said == "" {
		return missing("What one of them was made of is not kept any more", placeOf(is.ID)), nil
	}
	return reply{code: http.StatusOK, data: d, section: "composes"}, nil
}
