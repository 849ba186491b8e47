package login

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// verify checks a signed token (RFC 7519, RFC 9068) and gives what it says.
func (b *bearer) verify(ctx context.Context, token string) (identity, error) {
	parsed, err := jwt.ParseSigned(token, b.algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return identity{}, b.invalid("The token is malformed, or signed in a way that is not taken.",
			"Get another one from "+b.config.Issuer+".", err)
	}
	header := parsed.Headers[0]
	keys, err := b.issuer.keysFor(ctx, header.KeyID, header.Algorithm)
	if err != nil {
		return identity{}, unreachable("The issuer of your token", err)
	}
	var standard jwt.Claims
	var all claims
	verified := false
	for _, key := range keys {
		if parsed.Claims(key, &standard, &all) == nil {
			verified = true
			break
		}
	}
	if !verified {
		return identity{}, b.invalid("The token is not signed by a key of its issuer.", "Get another one from "+b.config.Issuer+".", nil)
	}
	if err := b.current(standard); err != nil {
		return identity{}, err
	}
	user := b.config.UserClaim
	if user == "" {
		user = "sub"
	}
	return b.identity(standard, all, user), nil
}

// current checks whom the token is from and for, and when.
func (b *bearer) current(c jwt.Claims) error {
	want := jwt.Expected{Issuer: b.config.Issuer, Time: b.now()}
	if !b.config.AnyAudience {
		want.AnyAudience = b.config.Audience
	}
	again := "Get a new one from " + b.config.Issuer + "."
	if c.Expiry == nil {
		return b.invalid("The token never expires.", again, nil)
	}
	err := c.ValidateWithLeeway(want, b.config.Skew)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrExpired):
		return b.invalid("The token has expired.", again, err)
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return b.invalid("The token is not valid yet.", "Check the clock of the machine that made it.", err)
	case errors.Is(err, jwt.ErrInvalidAudience):
		return b.invalid("The token was not made for this service.",
			"Ask the issuer for the audience "+strings.Join(b.config.Audience, " or ")+".", err)
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return b.invalid("The token is of another issuer.", again, err)
	}
	return b.invalid("The token is not valid.", again, err)
}

// claims are all that a token says, undecoded.
type claims map[string]json.RawMessage

func (b *bearer) identity(standard jwt.Claims, all claims, user string) identity {
	scopes := words(all["scope"])
	if len(scopes) == 0 {
		scopes = words(all["scp"]) // Okta and Entra ID
	}
	who := identity{subject: standard.Subject, user: text(all[user]), scopes: scopes}
	if raw, ok := all[b.config.GroupsClaim]; ok {
		who.groups, who.hasGroups = words(raw), true
	}
	if standard.Expiry != nil {
		who.expiry = standard.Expiry.Time()
	}
	return who
}

// wordsMost bounds scopes and groups; people in more than a thousand groups
// have not been seen.
const wordsMost = 4096

// words reads a list of strings, or one string with spaces between: issuers
// write scopes both ways (RFC 8693 §4.2 has the string). What is neither gives
// nothing.
func words(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		list = strings.Fields(text(raw))
	}
	var good []string
	for _, word := range list {
		if len(good) < wordsMost && goodName(word) {
			good = append(good, word)
		}
	}
	return good
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// holds gives until when something learnt now may be used.
func (b *bearer) holds(expiry time.Time, most time.Duration) time.Time {
	until := b.now().Add(most)
	if !expiry.IsZero() && expiry.Before(until) {
		return expiry
	}
	return until
}
