// Package login finds out who is calling: by a token of an OpenID Connect
// issuer, a client certificate, or a Kerberos ticket.
//
// What the caller may do is the question of package permit. The words of the
// refusals are ODCS's own where it has some (server/odcs/server/auth.py):
// people and scripts look for them.
package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The ways a caller was recognised, in Caller.How.
const (
	HowNone        = "none"        // nobody is asked who he is
	HowReader      = "reader"      // reading is open, and credentials are not looked at
	HowOIDC        = "oidc"        // a bearer token
	HowCertificate = "certificate" // a client certificate
	HowKerberos    = "kerberos"    // a Kerberos ticket
)

// Unknown is the name of who is not asked for one, as in ODCS.
const Unknown = "unknown"

// Caller is who sent a request.
type Caller struct {
	// Name is the user: the claim of a token, the whole subject of a
	// certificate, the principal of a ticket.
	Name string
	// Groups are those the user is in, sorted.
	Groups []string
	// GroupsErr is set if the groups could not be read just now; Groups then
	// lacks some. Who needs none of them is not to suffer for it.
	GroupsErr error
	// Scopes are what a token is good for, in full. Other ways have none.
	Scopes []string
	// Anonymous says that no credential was looked at.
	Anonymous bool
	// How is one of the How constants.
	How string
	// Proof, if not empty, is to be sent as WWW-Authenticate with the answer,
	// whatever its status: by it a Kerberos client sees that it talks to us.
	Proof string
}

// method is one way to recognise a caller.
type method interface {
	// caller gives who sent r. With found false r has no credential of this
	// kind. An error is a *Refusal.
	caller(r *http.Request) (c Caller, found bool, err error)
	// missing is what is said to who has no credential of this kind.
	missing() string
	// way is the credential in words: "a bearer token of https://…".
	way() string
	// challenge is the scheme and its parameters for WWW-Authenticate; empty
	// for one that HTTP has no scheme for.
	challenge() string
}

// Directory tells which groups a user is in.
type Directory interface {
	Groups(ctx context.Context, user string) ([]string, error)
}

// Authenticator recognises callers. It is safe for concurrent use.
type Authenticator struct {
	methods   []method
	anyone    bool
	readsOpen bool
	prefix    string
}

// Tools are what an Authenticator works with besides its configuration.
type Tools struct {
	// Now is the clock.
	Now func() time.Time
	// HTTP talks to the issuer and to FASJSON. Nil means one with a limit of
	// 10 s a call.
	HTTP *http.Client
	// Cache keeps the issuer's description and keys for instances that start
	// cold. Nil: each instance asks the issuer itself.
	Cache Cache
	// Seen remembers Kerberos authenticators between all instances. Nil: each
	// instance knows only those that it saw itself.
	Seen Seen
}

// client gives what talks to those who hold secrets of ours or of callers. A
// redirect would carry these to where nobody has said that they may go.
func (t Tools) client() *http.Client {
	client := http.Client{Timeout: 10 * time.Second}
	if t.HTTP != nil {
		client = *t.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// New gives an Authenticator for c. Every mistake in c is reported, all at
// once. Nothing is asked for over the network yet.
func New(c Config, tools Tools) (*Authenticator, error) {
	if tools.Now == nil {
		return nil, errors.New("login: no clock")
	}
	a := &Authenticator{anyone: c.Anyone, readsOpen: !c.ClosedReads}
	var problems []error
	add := func(m method, err error) {
		if err != nil {
			problems = append(problems, err)
			return
		}
		a.methods = append(a.methods, m)
	}
	directory, err := NewDirectory(c, tools)
	if err != nil {
		problems = append(problems, err)
	}
	if (c.LDAP != nil || c.FAS != nil) && c.Kerberos == nil {
		problems = append(problems, errors.New("ldap, fas: tell the groups of those who log in with Kerberos, which is not set"))
	}
	// What a client writes into Authorization goes before a certificate, which
	// some networks add to every connection.
	if c.OIDC != nil {
		m, err := newBearer(*c.OIDC, tools)
		add(m, err)
		a.prefix = c.OIDC.scopePrefix()
	}
	if c.Kerberos != nil {
		m, err := newNegotiation(*c.Kerberos, directory, tools)
		add(m, err)
	}
	if c.Certificate != nil {
		m, err := newCertificates(*c.Certificate, tools)
		add(m, err)
	}
	switch configured := c.OIDC != nil || c.Kerberos != nil || c.Certificate != nil; {
	case configured && c.Anyone:
		problems = append(problems, errors.New("anyone: would let everybody in past the other ways to log in; set one or the other"))
	case !configured && !c.Anyone:
		problems = append(problems, errors.New("no way to log in is set: set oidc, kerberos or certificate, or anyone for a local run"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return a, nil
}

// Authenticate gives who sent r, or a *Refusal. While reads are open, GET,
// HEAD and OPTIONS are nobody's: their credentials are not even looked at, so
// that a client polling with a token that ran out goes on reading.
func (a *Authenticator) Authenticate(r *http.Request) (Caller, error) {
	if a.anyone {
		return Caller{Name: Unknown, Anonymous: true, How: HowNone}, nil
	}
	if a.readsOpen && reads(r.Method) {
		return Caller{Name: Unknown, Anonymous: true, How: HowReader}, nil
	}
	for _, m := range a.methods {
		caller, found, err := m.caller(r)
		switch {
		case found && err != nil:
			return Caller{}, a.challenged(err)
		case found:
			slices.Sort(caller.Groups)
			caller.Groups = slices.Compact(caller.Groups)
			return caller, nil
		}
	}
	return Caller{}, a.challenged(a.missing())
}

// missing is what is said to who shows no credential at all. Of Kerberos and
// certificates together ODCS gives the words for certificates; tokens it never
// had beside others.
func (a *Authenticator) missing() *Refusal {
	said := a.methods[len(a.methods)-1]
	ways := make([]string, 0, len(a.methods))
	for _, m := range a.methods {
		if _, ok := m.(*bearer); ok {
			said = m
		}
		ways = append(ways, m.way())
	}
	return unauthorized(said.missing(), "Send "+strings.Join(ways, " or ")+".")
}

// RequireScope refuses a caller whose token is not good for an action:
// "new-compose", "renew-compose", "delete-compose". Who logged in without a
// token is limited by his role alone, as in ODCS.
func (a *Authenticator) RequireScope(c Caller, action string) error {
	full := a.prefix + action
	if c.How != HowOIDC || slices.Contains(c.Scopes, full) {
		return nil
	}
	return &Refusal{
		Code:      http.StatusForbidden,
		Message:   "Request does not have required scope " + action,
		Hint:      "Get a token with the scope " + full + " and call again.",
		Challenge: []string{`Bearer error="insufficient_scope", scope="` + full + `"`},
	}
}

// challenged adds to a 401 the ways to log in; the one that was tried has set
// its own.
func (a *Authenticator) challenged(err error) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != http.StatusUnauthorized {
		return err
	}
	told := *refusal
	told.Challenge = slices.Clone(told.Challenge)
	for _, m := range a.methods {
		scheme, _, _ := strings.Cut(m.challenge(), " ")
		has := func(c string) bool { return c == scheme || strings.HasPrefix(c, scheme+" ") }
		if scheme != "" && !slices.ContainsFunc(told.Challenge, has) {
			told.Challenge = append(told.Challenge, m.challenge())
		}
	}
	return &told
}

func reads(verb string) bool {
	return verb == http.MethodGet || verb == http.MethodHead || verb == http.MethodOptions
}

// credentials gives what follows the scheme in Authorization. Schemes are
// compared without case (RFC 9110 §11.1). Two headers are no credential.
func credentials(r *http.Request, scheme string) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	got, rest, _ := strings.Cut(values[0], " ")
	return strings.Trim(rest, " "), strings.EqualFold(got, scheme)
}
