package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// tokenMost bounds a token in bytes; servers take 8 to 64 KiB of headers.
	tokenMost = 32 << 10
	// skewMost is the most that clocks may differ: Kerberos' limit, and more
	// than any machine with NTP.
	skewMost = 5 * time.Minute
	// groupsMost is how long groups from UserInfo hold at most.
	groupsMost = time.Hour
)

// bearer recognises callers by bearer tokens (RFC 6750).
//
// It is built on go-jose and not on go-oidc, which is itself built on it:
// go-oidc checks ID tokens (no skew for their expiry), asks for keys again at
// each key id it does not know, and has nowhere to keep them between instances.
type bearer struct {
	config     OIDC
	algorithms []jose.SignatureAlgorithm
	now        func() time.Time
	issuer     *issuer
	inspected  *memo[identity]
	groups     *memo[[]string]
}

// identity is what a token says.
type identity struct {
	subject, user string
	scopes        []string
	groups        []string
	hasGroups     bool // the token tells its groups, if only that there are none
	expiry        time.Time
}

func newBearer(c OIDC, tools Tools) (*bearer, error) {
	c, taken, err := c.complete()
	if err != nil {
		return nil, err
	}
	return &bearer{
		config: c, algorithms: taken, now: tools.Now, issuer: newIssuer(c, tools),
		inspected: newMemo[identity](tools.Now), groups: newMemo[[]string](tools.Now),
	}, nil
}

// complete checks c and fills in what it leaves out.
func (c OIDC) complete() (OIDC, []jose.SignatureAlgorithm, error) {
	var problems []error
	if err := checkURL(c.Issuer); err != nil {
		problems = append(problems, fmt.Errorf("oidc: issuer: %w", err))
	}
	taken, err := algorithms(c.Algorithms)
	if err != nil {
		problems = append(problems, err)
	}
	if len(c.Audience) == 0 && !c.AnyAudience {
		problems = append(problems, errors.New("oidc: audience: is empty; name what tokens are made for, or set any_audience"))
	}
	if c.Skew < 0 || c.Skew > skewMost {
		problems = append(problems, fmt.Errorf("oidc: skew: %s is not between 0 and %s", c.Skew, skewMost))
	}
	if c.KeysAge < 0 || c.KeysAge > staleMost {
		problems = append(problems, fmt.Errorf("oidc: keys_age: %s is not between 0 and %s", c.KeysAge, staleMost))
	}
	if in := c.Introspection; in != nil {
		if in.URL != "" {
			if err := checkURL(in.URL); err != nil {
				problems = append(problems, fmt.Errorf("oidc: introspection: url: %w", err))
			}
		}
		if in.ClientID == "" || in.ClientSecret == nil {
			problems = append(problems, errors.New("oidc: introspection: client_id and client_secret are both needed"))
		}
	}
	if c.Skew == 0 {
		c.Skew = 30 * time.Second
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	return c, taken, errors.Join(problems...)
}

func (c OIDC) scopePrefix() string {
	if c.ScopePrefix == "" {
		return "https://pagure.io/odcs/"
	}
	return c.ScopePrefix
}

func (*bearer) missing() string { return "Missing token passed to ODCS." }

func (b *bearer) way() string { return "a bearer token of " + b.config.Issuer + " in Authorization" }

func (*bearer) challenge() string { return "Bearer" }

func (b *bearer) caller(r *http.Request) (Caller, bool, error) {
	token, ok := credentials(r, "Bearer")
	if !ok {
		return Caller{}, false, nil
	}
	caller, err := b.recognise(r.Context(), token)
	return caller, true, err
}

func (b *bearer) recognise(ctx context.Context, token string) (Caller, error) {
	who, err := b.identify(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	if !goodName(who.user) {
		return Caller{}, b.invalid("REMOTE_USER is not present in request.",
			"The token names no user; get one that does.", nil)
	}
	if len(who.scopes) == 0 {
		return Caller{}, b.insufficient("Missing OIDC_CLAIM_scope.", b.config.RequiredScopes)
	}
	for _, scope := range b.config.RequiredScopes {
		if !slices.Contains(who.scopes, scope) {
			return Caller{}, b.insufficient(fmt.Sprintf("Required OIDC scope %s not present.", scope), b.config.RequiredScopes)
		}
	}
	c := Caller{Name: who.user, Scopes: who.scopes, Groups: who.groups, How: HowOIDC}
	if !who.hasGroups && b.config.UserInfo {
		c.Groups, c.GroupsErr = b.userInfo(ctx, token, who)
	}
	c.Scopes, c.Groups = slices.Clone(c.Scopes), slices.Clone(c.Groups)
	return c, nil
}

// identify gives what the token says, once it is sure that the issuer said it.
func (b *bearer) identify(ctx context.Context, token string) (identity, error) {
	if token == "" || len(token) > tokenMost || !visible(token) {
		return identity{}, b.invalid("The token is malformed.", "Send it as it was given to you.", nil)
	}
	in := b.config.Introspection
	switch {
	case signed(token):
		who, err := b.verify(ctx, token)
		if err != nil || in == nil || !in.Always {
			return who, err
		}
		return b.introspect(ctx, token)
	case in != nil:
		return b.introspect(ctx, token)
	}
	return identity{}, b.invalid("The token is not a signed one.", "Get an access token in JWT form from "+b.config.Issuer+".", nil)
}

// signed reports whether a token means to be a signed one: an opaque one may
// have dots as well.
func signed(token string) bool {
	header, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(header)
	var named struct {
		Algorithm string `json:"alg"`
	}
	return err == nil && strings.Count(token, ".") == 2 && json.Unmarshal(raw, &named) == nil && named.Algorithm != ""
}

// invalid refuses a token (RFC 6750 §3.1).
func (b *bearer) invalid(message, hint string, err error) *Refusal {
	refusal := unauthorized(message, hint)
	refusal.Err = err
	refusal.Challenge = []string{`Bearer error="invalid_token", error_description="` + message + `"`}
	return refusal
}

// insufficient refuses a token that is good for too little. RFC 6750 has 403
// for it; ODCS says 401.
func (b *bearer) insufficient(message string, scopes []string) *Refusal {
	need := append(slices.Clone(scopes), b.config.scopePrefix()+"new-compose")
	refusal := unauthorized(message, "Get a token with the scopes "+strings.Join(need, " ")+".")
	refusal.Challenge = []string{`Bearer error="insufficient_scope", scope="` + strings.Join(need, " ") + `"`}
	return refusal
}

// visible reports whether s has only visible ASCII characters (RFC 6750 §2.1
// allows fewer).
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// goodName reports whether a user's name can be shown, logged and compared.
func goodName(name string) bool {
	const most = 512 // a subject of a certificate with many parts
	return name != "" && len(name) <= most && strings.ToValidUTF8(name, "") == name &&
		strings.TrimSpace(name) == name && !strings.ContainsFunc(name, control)
}

func control(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' }
