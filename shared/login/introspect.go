package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/distaff-project/distaff/shared/wire"
)

// introspect asks the issuer what a token means (RFC 7662).
func (b *bearer) introspect(ctx context.Context, token string) (identity, error) {
	key := digest(token)
	if who, ok := b.inspected.get(key); ok {
		return who, nil
	}
	raw, err := b.ask(ctx, token)
	if err != nil {
		return identity{}, unreachable("The issuer of your token", err)
	}
	who, err := b.active(raw)
	if err != nil {
		return identity{}, err
	}
	remember := b.config.Introspection.Remember
	if remember == 0 {
		remember = time.Minute
	}
	b.inspected.put(key, who, b.holds(who.expiry, remember))
	return who, nil
}

func (b *bearer) ask(ctx context.Context, token string) ([]byte, error) {
	in := b.config.Introspection
	address := in.URL
	if address == "" {
		d, err := b.issuer.describe(ctx)
		if err != nil {
			return nil, err
		}
		if address = d.Introspection; address == "" {
			return nil, errors.New("the issuer names no introspection_endpoint; set oidc.introspection.url")
		}
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	secret := strings.TrimSpace(string(in.ClientSecret()))
	if in.PostSecret {
		form.Set("client_id", in.ClientID)
		form.Set("client_secret", secret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("introspect token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if !in.PostSecret {
		// RFC 6749 §2.3.1 has both encoded before they are joined.
		req.SetBasicAuth(url.QueryEscape(in.ClientID), url.QueryEscape(secret))
	}
	answer, err := b.issuer.wire.Do(req)
	if err != nil {
		return nil, fmt.Errorf("introspect token: %w", silent(err))
	}
	return answer.Body, nil
}

// silent drops what the other side answered from an error: some repeat in it
// what they were asked, which here is a token and our secret.
func silent(err error) error {
	var failed *wire.Error
	if !errors.As(err, &failed) {
		return err
	}
	short := *failed
	short.Body = ""
	return &short
}

// active reads the answer about a token.
func (b *bearer) active(raw []byte) (identity, error) {
	var state struct {
		Active   bool   `json:"active"`
		ClientID string `json:"client_id"`
	}
	var standard jwt.Claims
	var all claims
	for _, into := range []any{&state, &standard, &all} {
		if err := json.Unmarshal(raw, into); err != nil {
			return identity{}, unreachable("The issuer of your token", errors.New("introspect token: the answer is not the JSON expected"))
		}
	}
	again := "Get a new one from " + b.config.Issuer + "."
	if !state.Active {
		return identity{}, b.invalid("The token has expired, was withdrawn, or is of another issuer.", again, nil)
	}
	// The issuer has looked at the times; what it tells of them is looked at
	// again, because an answer of its is used for a while.
	if standard.Issuer == "" {
		standard.Issuer = b.config.Issuer
	}
	if len(standard.Audience) == 0 && state.ClientID != "" {
		standard.Audience = jwt.Audience{state.ClientID}
	}
	expiry := standard.Expiry
	if expiry == nil { // optional here: it is active now
		standard.Expiry = jwt.NewNumericDate(b.now())
	}
	if err := b.current(standard); err != nil {
		return identity{}, err
	}
	standard.Expiry = expiry
	names := []string{b.config.UserClaim}
	if b.config.UserClaim == "" {
		names = []string{"username", "sub"}
	}
	user := slices.IndexFunc(names, func(name string) bool { return text(all[name]) != "" })
	return b.identity(standard, all, names[max(user, 0)]), nil
}
