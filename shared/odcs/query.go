package odcs

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
)

const (
	// PerPageMost is how many composes a page may have; ODCS has no limit.
	PerPageMost = 500
	perPage     = 10
	// perPageBad is what Flask-SQLAlchemy makes of a page of none or fewer.
	perPageBad = 20
	pageMost   = 1_000_000_000
	// asOf bounds a list to the composes there were when its first page was
	// shown, so that new ones do not shift the pages behind it.
	asOf = "as_of"
)

// Search is a GET of the list that was understood.
type Search struct {
	index.Query
	Page, PerPage int
	// rest are the other arguments, in the order they came.
	rest []argument
}

type argument struct{ key, value string }

// ParseSearch reads the query of a URL. An order that there is not is a
// *Refusal; ODCS takes everything else somehow.
func ParseSearch(rawQuery string) (Search, error) {
	arguments := arguments(rawQuery)
	first := func(key string) string {
		for _, a := range arguments {
			if a.key == key {
				return a.value
			}
		}
		return ""
	}
	s := Search{Page: max(wholeOr(first("page"), 1), 1), PerPage: wholeOr(first("per_page"), perPage)}
	if s.PerPage < 1 {
		s.PerPage = perPageBad
	}
	s.Page, s.PerPage = min(s.Page, pageMost), min(s.PerPage, PerPageMost)
	s.Skip, s.Take = (s.Page-1)*s.PerPage, s.PerPage
	s.Upto = int64(max(wholeOr(first(asOf), 0), 0))
	for _, a := range arguments {
		if !slices.Contains([]string{"page", "per_page", "endpoint", asOf}, a.key) && !strings.HasPrefix(a.key, "_") {
			s.rest = append(s.rest, a)
		}
	}
	s.filter(first)
	return s, s.order(first("order_by"))
}

// arguments reads them; several of one name stand where the first does.
func arguments(rawQuery string) []argument {
	var order []string
	values := map[string][]string{}
	for part := range strings.SplitSeq(rawQuery, "&") {
		key, value, _ := strings.Cut(part, "=")
		key, err := url.QueryUnescape(key)
		value, err2 := url.QueryUnescape(value)
		if err != nil || err2 != nil || part == "" {
			continue
		}
		if _, ok := values[key]; !ok {
			order = append(order, key)
		}
		values[key] = append(values[key], value)
	}
	var out []argument
	for _, key := range order {
		for _, value := range values[key] {
			out = append(out, argument{key, value})
		}
	}
	return out
}

// wholeOr reads a number; what is none is otherwise.
func wholeOr(text string, otherwise int) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return otherwise
	}
	return n
}

// filter sets what the composes have to be; an empty value stands for anything.
// Types and states may be given by name, too, which ODCS finds nothing for.
func (s *Search) filter(first func(string) string) {
	for key, field := range map[string]**string{
		"owner": &s.Owner, "source": &s.Source, "pungi_compose_id": &s.PungiID, "compose_type": &s.ComposeType, "label": &s.Label,
	} {
		if value := first(key); value != "" {
			*field = &value
		}
	}
	if value := first("source_type"); value != "" {
		t, named := TypeOf(value)
		n, err := strconv.Atoi(value)
		if s.None = s.None || !named && err != nil; !named {
			t = compose.SourceType(n)
		}
		s.Type = &t
	}
	if value := first("state"); value != "" {
		n, err := strconv.Atoi(value)
		if i := slices.Index(States(), value); i >= 0 {
			n, err = i, nil
		}
		state := compose.State(n)
		s.None = s.None || err != nil
		s.State = &state
	}
	// No compose is a task of Koji's.
	s.None = s.None || first("koji_task_id") != ""
}

func (s *Search) order(by string) error {
	if by == "" {
		by = "-id"
	}
	if len(by) > 1 {
		by, s.Descending = strings.CutPrefix(by, "-")
	}
	if by == "source_Type" { // as it is misspelt in ODCS, where it is an error of the server
		by = string(index.ByType)
	}
	s.Order = index.Order(by)
	if slices.Contains(index.Orders(), s.Order) {
		return nil
	}
	var names []string
	for _, order := range index.Orders() {
		names = append(names, "'"+string(order)+"'")
	}
	return refuse("Put - before it for the reverse.", "An invalid order_by key was suplied, allowed keys are: [%s]", strings.Join(names, ", "))
}

// meta is what a list says of itself.
type meta struct {
	First   string  `json:"first"`
	Last    string  `json:"last"`
	Next    *string `json:"next"`
	Page    int     `json:"page"`
	Pages   int     `json:"pages"`
	PerPage int     `json:"per_page"`
	Prev    *string `json:"prev"`
	Total   int     `json:"total"`
}

// List is the body of an answer to a list, whose own address is given.
func (s Search) List(found index.Page, at URLs, self string) []byte {
	items := make([]Shown, 0, len(found.Composes))
	for _, c := range found.Composes {
		items = append(items, Form(c, at))
	}
	m := meta{Page: s.Page, PerPage: s.PerPage, Total: found.Total, Pages: (found.Total + s.PerPage - 1) / s.PerPage}
	bound := s.Upto
	if bound == 0 {
		bound = found.Newest
	}
	m.First = s.link(self, 1, s.Upto)
	m.Last = s.link(self, m.Pages, bound)
	if s.Page > 1 {
		prev := s.link(self, s.Page-1, bound)
		m.Prev = &prev
	}
	if s.Page < m.Pages {
		next := s.link(self, s.Page+1, bound)
		m.Next = &next
	}
	return encode(struct {
		Items []Shown `json:"items"`
		Meta  meta    `json:"meta"`
	}{items, m})
}

// link is the address of another page, with the arguments in ODCS's order.
func (s Search) link(self string, page int, bound int64) string {
	var b strings.Builder
	b.WriteString(self + "?page=" + strconv.Itoa(page) + "&per_page=" + strconv.Itoa(s.PerPage))
	for _, a := range s.rest {
		b.WriteString("&" + url.QueryEscape(a.key) + "=" + url.QueryEscape(a.value))
	}
	if bound > 0 {
		b.WriteString("&" + asOf + "=" + strconv.FormatInt(bound, 10))
	}
	return b.String()
}
