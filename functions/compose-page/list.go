package composepage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/page"
)

// perPage is how many composes, or packages, are on a page.
const perPage = 50

// list gives the list of composes, or leads to the one that is searched for.
func (s *site) list(ctx context.Context, at address) (reply, error) {
	text := at.query.Get("q")
	if id := named(text); id > 0 {
		return reply{code: http.StatusSeeOther, move: at.base + string(placeOf(id))}, nil
	}
	q, asked := query(at.query)
	now := pageOf(at)
	q.Descending, q.Skip, q.Take = true, (now-1)*perPage, perPage
	out := page.Composes{Asked: asked}
	var found index.Page
	var err error
	if text == "" {
		found, err = s.List.Find(ctx, q)
	} else {
		found, out.Asked, err = s.search(ctx, q, text)
		if found.Total == 0 {
			out.Near = "A search looks for a number, and for a source, an owner or a label that is exactly this."
		}
	}
	if err != nil {
		return reply{}, err
	}
	out.Total = found.Total
	for _, c := range found.Composes {
		out.Rows = append(out.Rows, row(c))
	}
	out.Choices = choices(at.query)
	out.Pager = pager("", at.query, now, found.Total, perPage)
	return reply{code: http.StatusOK, data: out, section: "composes", query: text}, nil
}

// search looks for composes of a source, an owner or a label.
func (s *site) search(ctx context.Context, q index.Query, text string) (index.Page, string, error) {
	source := strings.Join(slices.Sorted(strings.FieldsSeq(text)), " ")
	for _, try := range []struct {
		asked string
		field **string
		value string
	}{{"made from ", &q.Source, source}, {"asked for by ", &q.Owner, text}, {"labelled ", &q.Label, text}} {
		*try.field = &try.value
		found, err := s.List.Find(ctx, q)
		if err != nil || found.Total > 0 {
			return found, try.asked + text, err
		}
		*try.field = nil
	}
	return index.Page{}, "that has to do with “" + text + "”", nil
}

var ofCompose = regexp.MustCompile(`^(?:#|compose )?([1-9][0-9]{0,17})$|(?:^|/)odcs-([1-9][0-9]{0,17})(?:[/.-].*)?$|/composes/([1-9][0-9]{0,17})/?$`)

// named gives the compose a searched text names: its number, its Pungi id, or
// an address in it; 0: none.
func named(text string) int64 {
	m := ofCompose.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	return number(m[1] + m[2] + m[3])
}

// query reads what composes are to be listed, and says it in words.
func query(values url.Values) (q index.Query, asked string) {
	var words []string
	if text := values.Get("status"); text != "" {
		n := slices.Index(odcs.States(), text)
		state := compose.State(n)
		q.State, q.None = &state, n < 0
		words = append(words, map[string]string{"wait": "waiting", "generating": "being made"}[text])
		if words[0] == "" {
			words[0] = text
		}
	}
	if text := values.Get("type"); text != "" {
		kind, known := odcs.TypeOf(text)
		q.Type, q.None = &kind, q.None || !known
		words = append(words, "of type "+text)
	}
	if text := values.Get("source"); text != "" {
		q.Source = &text
		words = append(words, "made from "+text)
	}
	if text := values.Get("owner"); text != "" {
		q.Owner = &text
		words = append(words, "asked for by "+text)
	}
	return q, strings.Join(words, ", ")
}

// choices are the states to choose from.
func choices(values url.Values) []page.Choice {
	all := []page.Choice{}
	for _, c := range [][2]string{{"all", ""}, {"being made", "generating"}, {"waiting", "wait"}, {"done", "done"}, {"failed", "failed"}, {"removed", "removed"}} {
		at := with("", "status", c[1], "owner", values.Get("owner"), "type", values.Get("type"), "source", values.Get("source"))
		all = append(all, page.Choice{Text: c[0], Place: at, On: values.Get("status") == c[1] && values.Get("q") == ""})
	}
	return all
}

func row(c compose.Compose) page.ComposeRow {
	r := page.ComposeRow{
		ID: c.ID, Place: placeOf(c.ID), State: stateOf(c), From: from(c.Request), Arches: strings.Join(c.Request.Arches, " "),
		Owner: c.Owner, Submitted: c.Submitted,
	}
	if c.State == compose.Done {
		r.Until = c.Expires
	}
	return r
}

// read gives a compose, and whether there is one.
func (s *site) read(ctx context.Context, id int64) (compose.Compose, bool, error) {
	c, err := s.Desk.Read(ctx, id)
	if errors.Is(err, blob.ErrNotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

// unknown is the page of a compose that is not there.
func (s *site) unknown(ctx context.Context, id int64) (reply, error) {
	newest, err := s.List.Find(ctx, index.Query{Descending: true, Take: 1})
	if err != nil {
		return reply{}, err
	}
	text := "There is none yet."
	if newest.Newest > 0 {
		text = fmt.Sprintf("The newest is %d.", newest.Newest)
	}
	return missing(fmt.Sprintf("There is no compose %d", id), "", text), nil
}
