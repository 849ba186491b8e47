// Package statuspage shows what distaff is doing and has done, to packagers and
// operators: pages without scripts, made from the bucket at the moment they are
// asked for.
//
// Every page is below its own address and has a twin in JSON at the same address
// with .json behind it, or for those who accept nothing else:
//
//	/                                 what runs, what failed, and the search
//	/search?q=                        leads to what was looked for
//	/pr/<forge>/<repository>/<number>        a pull request
//	/run/<forge>/<repository>/<number>/<run> a run
//	/package/<forge>/<repository>     a package
//	/ops                              what an operator looks at; /ops/graph
//
// A page asks the bucket at most 30 times, however much is in it.
package statuspage

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// Store is the part of a bucket that is read.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
}

// Lister lists it.
type Lister interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// Options are what the page knows besides the bucket.
type Options struct {
	Now func() time.Time
	// Forges are the repositories a name is looked for in.
	Forges map[string]pipeline.Taken
	// Days is how long runs can be found; 0: for ever.
	Days int
	// Graph gives the picture of the wiring, as SVG; nil: there is none.
	Graph func() []byte
}

// New returns the function.
func New(store Store, lister Lister, o Options) fn.Function {
	s := site{store, lister, o}
	return fn.Function{
		Name: "status-page", Does: "show what runs, what failed, and what an operator has to look at",
		Web: s.serve,
	}
}

type site struct {
	Store
	Lister
	Options
}

// reply is a page as far as it is known before it is made.
type reply struct {
	code int
	// tags are of all it is made of: the same tags, the same page.
	tags []string
	// move leads elsewhere, relative to the front page; else make gives the page.
	move page.Place
	make func(in page.Site) (html, twin []byte, err error)
	// picture is served as it is.
	picture []byte
	section string
	query   string
	refresh int
}

func (s site) serve(ctx context.Context, r *http.Request) (fn.Response, []event.Draft, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return fn.Response{Code: http.StatusMethodNotAllowed, Text: "pages are only read", Header: http.Header{"Allow": {"GET, HEAD"}}}, nil, nil
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
func (s site) find(ctx context.Context, at address) (reply, error) {
	switch at.kind() {
	case "":
		return s.front(ctx)
	case "search":
		return s.search(ctx, at.query)
	case "pr":
		if id, ok := pullRequestAt(at.parts[1:]); ok {
			return s.pullRequest(ctx, id)
		}
	case "run":
		if run, ok := runAt(at.parts[1:]); ok {
			return s.run(ctx, run)
		}
	case "package":
		if name, ok := packageAt(at.parts[1:]); ok {
			return s.packagePage(ctx, name)
		}
	case "icon.svg", "favicon.ico": // browsers ask for the second unasked
		if len(at.parts) == 1 {
			return reply{code: http.StatusOK, tags: []string{icon}, picture: []byte(icon)}, nil
		}
	case "ops":
		switch strings.Join(at.parts[1:], "/") {
		case "":
			return s.ops(ctx)
		case "graph", "graph.svg":
			if s.Graph != nil {
				return s.graph(at.parts[1]), nil
			}
		}
	}
	return missing(page.Missing{Title: "There is no such page"}), nil
}

// icon is the mark of the pages: a distaff, by the fibre on its staff.
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1v14" stroke="#7a5230" stroke-width="1.6" stroke-linecap="round"/><path d="M8 2.2c3 1.4 3.4 5 0 8.3-3.4-3.3-3-6.9 0-8.3z" fill="#2f6fb3"/><path d="M5.9 5.4h4.2M6.3 7.6h3.4" stroke="#fff" stroke-width=".8"/></svg>`

func (s site) graph(name string) reply {
	picture := s.Graph()
	out := reply{code: http.StatusOK, tags: []string{string(picture)}, section: "ops"}
	if name == "graph.svg" {
		out.picture = picture
		return out
	}
	out.make = of(page.Graph{Picture: "ops/graph.svg"})
	return out
}

// missing is the page of what is not there.
func missing(m page.Missing) reply {
	return reply{code: http.StatusNotFound, tags: []string{m.Title, m.Text, string(m.Back)}, make: of(m)}
}

// of makes a page of its data.
func of(data any) func(page.Site) ([]byte, []byte, error) {
	return func(in page.Site) ([]byte, []byte, error) { return page.RenderSite(in, data) }
}
