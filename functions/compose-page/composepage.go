// Package composepage shows composes to people: what each is made of, how to
// install from it, what is otherwise than in the one before, and why one failed.
// It also leads tools that want files to where those are.
//
//	/                               all composes, and the search (?q=)
//	/<id>                           a compose; /<id>/packages/<tree>, /<id>/diff/<older>
//	/rules, /rules/<name>           the rules that make composes by themselves
//	/odcs-<id>/…                    what lies in the directory of a compose
//	…/Packages/<letter>/<file>.rpm  leads to the file in Koji
//	/latest-<name>/…                leads into the newest compose of a rule
//
// Pages are without scripts, and have twins in JSON at their address with .json
// behind it. What a compose is made of never changes, and is read once for each
// process; a page asks the bucket a handful of times.
package composepage

import (
	"context"
	"net/http"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/page"
)

// Desk gives composes, or blob.ErrNotFound.
type Desk interface {
	Read(ctx context.Context, id int64) (compose.Compose, error)
}

// List finds composes.
type List interface {
	Find(ctx context.Context, q index.Query) (index.Page, error)
}

// Locks give what composes are made of, by digest.
type Locks interface {
	Load(ctx context.Context, digest string) (compose.Lock, error)
}

// Contents tell in which directory a content lies now.
type Contents interface {
	Look(ctx context.Context, digest string) (compose.Content, error)
}

// Lister lists the bucket.
type Lister interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// Rules give the documents of rules, empty where there is none yet.
type Rules interface {
	Read(ctx context.Context, name string) (rule.State, error)
}

// Parts are what the pages are made from.
type Parts struct {
	Desk     Desk
	List     List
	Locks    Locks
	Contents Contents
	Files    Lister
	Rules    Rules
	Now      func() time.Time
}

// Options are what the pages know besides the bucket.
type Options struct {
	// URL is the address under which composes/ of the bucket is found.
	URL string
	// Packages is the address that paths of RPMs are below, as clients are to
	// reach it: that of Koji's files.
	Packages string
	// Elsewhere are other addresses RPMs may lie below; what follows a $ in
	// them does not count. Nobody is led to any that is not among them: users
	// may have composes made of whatever repository there is.
	Elsewhere []string
	// API is the address of compose-api, and Home that of the status page.
	// Empty: it is not told.
	API, Home string
	// Rules are those that are configured.
	Rules []rule.Rule
}

// New returns the function.
func New(p Parts, o Options) fn.Function {
	s := &site{Parts: p, Options: o, catalogs: newCatalogs(p.Locks)}
	return fn.Function{
		Name: "compose-page", Does: "show composes and the rules that make them, and lead to their packages",
		Web: s.serve,
	}
}

type site struct {
	Parts
	Options
	catalogs *catalogs
	recent   recent
}

// reply is what is answered to a request for a page.
type reply struct {
	code int
	// move leads elsewhere; then data is nothing. Keep is for how long that may
	// be remembered, in seconds.
	move string
	keep int
	// data is the page.
	data    any
	section string
	query   string
	refresh int
	picture string
}

func (s *site) serve(ctx context.Context, r *http.Request) (fn.Response, []event.Draft, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return fn.Response{Code: http.StatusMethodNotAllowed, Text: "pages are only read; composes are asked for and renewed through the API", Header: http.Header{"Allow": {"GET, HEAD"}}}, nil, nil
	}
	at := parseAddress(r)
	answer, err := s.find(ctx, at)
	if err != nil {
		return fn.Response{}, nil, fn.Later(10*time.Second, err)
	}
	response, err := s.respond(r, at, answer)
	return response, nil, err
}

// find gives the page at an address.
func (s *site) find(ctx context.Context, at address) (reply, error) {
	if at.inside() {
		return s.inside(ctx, at)
	}
	switch first := at.part(0); {
	case first == "":
		return s.list(ctx, at)
	case first == "rules" && len(at.parts) == 1:
		return s.rules(ctx)
	case first == "rules" && len(at.parts) == 2:
		return s.rule(ctx, at.parts[1])
	case first == "icon.svg" && len(at.parts) == 1, first == "favicon.ico" && len(at.parts) == 1:
		return reply{code: http.StatusOK, picture: page.Icon}, nil
	case number(first) > 0:
		return s.compose(ctx, at, number(first))
	}
	return missing("There is no such page", ""), nil
}

// compose gives one of the pages of a compose.
func (s *site) compose(ctx context.Context, at address, id int64) (reply, error) {
	c, there, err := s.read(ctx, id)
	switch {
	case err != nil:
		return reply{}, err
	case !there:
		return s.unknown(ctx, id)
	}
	switch at.part(1) {
	case "":
		return s.one(ctx, c)
	case "packages":
		return s.packages(ctx, at, c)
	case "diff":
		return s.diff(ctx, at, c)
	}
	return missing("There is no such page of a compose", placeOf(id)), nil
}

// missing is the page of what is not there.
func missing(title string, back page.Place, text ...string) reply {
	m := page.NoCompose{Title: title, Back: back}
	if back != "" {
		m.BackText = "Back to the compose"
	}
	if len(text) > 0 {
		m.Text = text[0]
	}
	return reply{code: http.StatusNotFound, data: m}
}
