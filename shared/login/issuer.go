package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/distaff-project/distaff/shared/wire"
)

const (
	// staleMost is for how long known keys are used while the issuer does not
	// answer: as long as an outage that is noticed and dealt with.
	staleMost = 24 * time.Hour
	// keyPause is the least time between two looks for a key that is not known.
	// Anybody can make up tokens with key ids that nobody knows.
	keyPause = time.Minute
	// failPause is the same after a look that failed.
	failPause = 10 * time.Second
	// issuerLimit bounds its answers: descriptions and key sets have a few KiB.
	issuerLimit = 1 << 20
	// keysMost bounds how many signatures a token without a key id makes us try.
	keysMost = 32
)

// description is what an issuer says of itself, and its keys.
type description struct {
	At            time.Time         `json:"at"`
	Issuer        string            `json:"issuer"`
	KeysURL       string            `json:"jwks_uri"`
	UserInfo      string            `json:"userinfo_endpoint"`
	Introspection string            `json:"introspection_endpoint"`
	Keys          []json.RawMessage `json:"keys"`

	keys []jose.JSONWebKey
}

// issuer knows the description of one issuer, and fetches it again when it is
// old or lacks a key: keys are changed without a word to anybody.
type issuer struct {
	url   string
	age   time.Duration
	now   func() time.Time
	wire  *wire.Client
	cache Cache

	// asking lets one request ask at a time; the others then find its answer.
	asking chan struct{}

	mu     sync.Mutex
	known  *description
	tried  time.Time
	failed error
}

func newIssuer(c OIDC, tools Tools) *issuer {
	age := c.KeysAge
	if age == 0 {
		age = time.Hour
	}
	return &issuer{
		url: c.Issuer, age: age, now: tools.Now, cache: tools.Cache, asking: make(chan struct{}, 1),
		wire: &wire.Client{System: "issuer " + c.Issuer, HTTP: tools.client(), Limit: issuerLimit, Tries: 2},
	}
}

// describe gives the description, asked for again if it is older than age.
func (i *issuer) describe(ctx context.Context) (*description, error) {
	return i.look(ctx, func(*description) bool { return true })
}

// keysFor gives the keys that a signature by kid and algorithm may be of; none
// if there is no such key even after a fresh look.
func (i *issuer) keysFor(ctx context.Context, kid, algorithm string) ([]jose.JSONWebKey, error) {
	d, err := i.look(ctx, func(d *description) bool { return len(d.signers(kid, algorithm)) > 0 })
	if err != nil {
		return nil, err
	}
	return d.signers(kid, algorithm), nil
}

// look gives a description that is young and enough, or else what there is.
func (i *issuer) look(ctx context.Context, enough func(*description) bool) (*description, error) {
	if d := i.good(enough); d != nil {
		return d, nil
	}
	select {
	case i.asking <- struct{}{}:
		defer func() { <-i.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if d := i.good(enough); d != nil {
		return d, nil // somebody else asked meanwhile
	}
	if i.first() {
		if i.keep(i.cached(ctx)); i.good(enough) != nil {
			return i.good(enough), nil
		}
	}
	if i.mayAsk() {
		d, err := i.fetch(ctx)
		i.asked(d, err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known != nil && i.now().Sub(i.known.At) < staleMost {
		return i.known, nil
	}
	if i.failed == nil {
		return nil, errors.New("not asked again yet")
	}
	return nil, i.failed
}

func (i *issuer) good(enough func(*description) bool) *description {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known == nil || i.now().Sub(i.known.At) >= i.age || !enough(i.known) {
		return nil
	}
	return i.known
}

func (i *issuer) first() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.known == nil && i.tried.IsZero()
}

func (i *issuer) keep(d *description) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if d != nil {
		i.known = d
	}
}

// mayAsk keeps made-up key ids and an issuer that is down from making a request
// of each call.
func (i *issuer) mayAsk() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	pause := keyPause
	if i.failed != nil {
		pause = failPause
	}
	return i.tried.IsZero() || i.now().Sub(i.tried) >= pause
}

func (i *issuer) asked(d *description, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tried, i.failed = i.now(), err
	if err == nil {
		i.known = d
	}
}

// fetch asks the issuer (OpenID Connect Discovery 1.0 §4).
func (i *issuer) fetch(ctx context.Context) (*description, error) {
	var d description
	address := strings.TrimSuffix(i.url, "/") + "/.well-known/openid-configuration"
	if err := i.wire.JSON(ctx, http.MethodGet, address, nil, &d); err != nil {
		return nil, fmt.Errorf("get description: %w", err)
	}
	if d.Issuer != i.url {
		return nil, fmt.Errorf("description at %s is of the issuer %q and not %q", address, excerpt(d.Issuer), i.url)
	}
	for _, endpoint := range []string{d.KeysURL, d.UserInfo, d.Introspection} {
		if endpoint == "" {
			continue
		}
		if err := checkURL(endpoint); err != nil {
			return nil, fmt.Errorf("description of %s names an address: %w", i.url, err)
		}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if d.KeysURL != "" {
		if err := i.wire.JSON(ctx, http.MethodGet, d.KeysURL, nil, &set); err != nil {
			return nil, fmt.Errorf("get keys: %w", err)
		}
	}
	d.Keys, d.At = set.Keys, i.now()
	d.keys = readKeys(d.Keys)
	if raw, err := json.Marshal(d); err == nil && i.cache != nil {
		// One that cannot be kept is good as well, and asked for the next time.
		_ = i.cache.Put(ctx, i.cacheName(), raw)
	}
	return &d, nil
}

// cached gives what another instance found, or nil.
func (i *issuer) cached(ctx context.Context) *description {
	if i.cache == nil {
		return nil
	}
	raw, err := i.cache.Get(ctx, i.cacheName())
	var d description
	if err != nil || json.Unmarshal(raw, &d) != nil || d.Issuer != i.url || d.At.After(i.now().Add(time.Minute)) {
		return nil
	}
	d.keys = readKeys(d.Keys)
	return &d
}

func (i *issuer) cacheName() string { return "issuer-" + digest(i.url)[:16] }

// readKeys gives the public keys one can check signatures with. Sets hold keys
// for encryption, and of kinds that we do not know, beside them.
func readKeys(raw []json.RawMessage) []jose.JSONWebKey {
	var keys []jose.JSONWebKey
	for _, one := range raw {
		var key jose.JSONWebKey
		if len(keys) == keysMost || key.UnmarshalJSON(bytes.TrimSpace(one)) != nil {
			continue
		}
		if key.Use != "enc" && key.Valid() && key.IsPublic() && strong(key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// signers are the keys a signature may be of. A token need not name its key.
func (d *description) signers(kid, algorithm string) []jose.JSONWebKey {
	var found []jose.JSONWebKey
	for _, key := range d.keys {
		if (kid == "" || key.KeyID == kid) && (key.Algorithm == "" || key.Algorithm == algorithm) && fits(key, algorithm) {
			found = append(found, key)
		}
	}
	return found
}
