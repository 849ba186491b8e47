// Package composeapi answers those who want a compose: it speaks the API of
// ODCS, so that ODCS's clients work with it as they are.
//
// It touches nothing but the bucket. What is asked for is written down there and
// said as an event; others make it.
package composeapi

import (
	"context"
	"net/http"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
)

// Name is the function's.
const Name = "compose-api"

// Desk is where composes are decided on.
type Desk interface {
	// Read gives a compose as it is now, or blob.ErrNotFound.
	Read(ctx context.Context, id int64) (compose.Compose, error)
	// Open makes the document of a compose; where it is there already, it
	// gives what it still has to say.
	Open(ctx context.Context, id int64, asked compose.Asked, e event.Event) (compose.Compose, []event.Draft, error)
	// Decide lets a compose decide on news.
	Decide(ctx context.Context, id int64, e event.Event, news any) (compose.Compose, []event.Draft, error)
	// Extend lets a compose live until a moment at least, or fails with
	// compose.ErrOver.
	Extend(ctx context.Context, id int64, until time.Time, by string, e event.Event) (compose.Compose, []event.Draft, error)
}

// IDs numbers composes.
type IDs interface {
	// Next gives a new number, higher than all before.
	Next(ctx context.Context) (int64, error)
	// Once gives the same number for the same key within window, and tells
	// whether it was given before.
	Once(ctx context.Context, key string, window time.Duration) (id int64, known bool, err error)
}

// List finds composes.
type List interface {
	Find(ctx context.Context, q index.Query) (index.Page, error)
	Take(ctx context.Context, bucket index.Putter, p index.Place) error
	Counts(ctx context.Context) (index.Counts, error)
}

// Store holds what is too long for a document.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
}

// Login finds out who calls. Its errors are of type *login.Refusal.
type Login interface {
	Authenticate(r *http.Request) (login.Caller, error)
	RequireScope(c login.Caller, action string) error
}

// Parts are what the function works with.
type Parts struct {
	Desk  Desk
	IDs   IDs
	List  List
	Store Store
	Login Login
	// Now is the clock, and Nonce gives a text that is never given twice.
	Now   func() time.Time
	Nonce func() string
}

// Options are what an instance's configuration says.
type Options struct {
	// Policy is who may do what.
	Policy permit.Policy
	// Defaults are added to requests.
	Defaults odcs.Defaults
	// URLs is where composes are had.
	URLs odcs.URLs
	// URL is the address of this API without /api/1/, for links to itself. Empty:
	// that by which it was called.
	URL string
	// TrustProxy tells that X-Script-Name, X-Scheme, X-Forwarded-Proto and
	// X-Forwarded-Host come from a proxy of ours, and not from whoever calls.
	TrustProxy bool
	// Retry is how long the same request of the same caller is taken for a
	// repetition of the first; 0: 15 minutes. Settled is how long if its compose
	// is being made already and the content of what was asked for may have
	// changed since, as that of a tag may; 0: 2 minutes.
	Retry, Settled time.Duration
	// Version and AuthBackend are told at /api/1/about/. AuthBackend is one of
	// ODCS's words: noauth, kerberos, openidc, ssl, kerberos_or_ssl.
	Version, AuthBackend string
}

// New returns the function.
func New(p Parts, o Options) fn.Function {
	if o.Retry <= 0 {
		o.Retry = 15 * time.Minute
	}
	if o.Settled <= 0 {
		o.Settled = 2 * time.Minute
	}
	a := api{p, o}
	return fn.Function{
		Name: Name, Does: "take requests for composes, as ODCS does, and answer what became of them",
		Says: compose.Says(),
		Web:  a.serve,
	}
}

type api struct {
	Parts
	Options
}

// call is one request to one of the routes.
type call struct {
	*http.Request
	// id is that of the compose in the path.
	id int64
	// proof becomes what shows the caller that it is us who answers.
	proof *string
}

// answer is what a route gives.
type answer struct {
	code   int
	body   []byte
	media  string // empty: JSON
	header http.Header
	drafts []event.Draft
}

func (a api) serve(ctx context.Context, r *http.Request) (fn.Response, []event.Draft, error) {
	if a.Login == nil {
		return respond(r, refused(http.StatusNotFound, "No composes are made here.", "Its operator has to configure them.")), nil, nil
	}
	route, c, bad := find(r)
	if bad != nil {
		return respond(r, *bad), nil, nil
	}
	given, err := route.handle(a, ctx, c)
	if err != nil {
		told, err := refusal(err)
		if err != nil {
			return fn.Response{}, nil, err
		}
		given = told
	}
	response := respond(r, given)
	if *c.proof != "" {
		response.Header.Add("WWW-Authenticate", *c.proof)
	}
	return response, given.drafts, nil
}

// event is what the desk hears of a call.
func (a api) event() event.Event { return compose.Call(Name, a.Now(), a.Nonce()) }
