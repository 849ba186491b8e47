// Package logintest has stand-ins for those who know callers: an OpenID Connect
// issuer, an LDAP server, FASJSON and a Kerberos KDC.
package logintest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Issuer is an OpenID Connect issuer: it serves its description, keys,
// UserInfo (OpenID Connect Core) and introspection (RFC 7662), and makes
// tokens. It is an http.Handler, safe for concurrent use.
type Issuer struct {
	now func() time.Time

	mu       sync.Mutex
	url      string
	keys     []jose.JSONWebKey // private; the last one signs
	made     int
	groups   map[string][]string
	clients  map[string]string
	opaque   map[string]map[string]any
	revoked  map[string]bool
	requests map[string]int
	fault    func(http.ResponseWriter, *http.Request) bool
	foreign  []json.RawMessage
}

// The paths an Issuer answers at.
const (
	PathDescription   = "/.well-known/openid-configuration"
	PathKeys          = "/keys"
	PathUserInfo      = "/userinfo"
	PathIntrospection = "/introspect"
)

// NewIssuer gives an issuer with one key. SetURL must be called before it is
// used.
func NewIssuer(now func() time.Time) *Issuer {
	i := &Issuer{
		now: now, groups: map[string][]string{}, clients: map[string]string{},
		opaque: map[string]map[string]any{}, revoked: map[string]bool{}, requests: map[string]int{},
	}
	i.Rotate()
	return i
}

// SetURL says under which address it is served; that is its name in tokens.
func (i *Issuer) SetURL(url string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.url = url
}

// Rotate makes a new key that signs from now on. Older ones stay known.
func (i *Issuer) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the machine has no randomness
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made++
	i.keys = append(i.keys, jose.JSONWebKey{
		Key: key, KeyID: fmt.Sprintf("key-%d", i.made), Algorithm: string(jose.ES256), Use: "sig",
	})
}

// Withdraw forgets all keys but the newest.
func (i *Issuer) Withdraw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[len(i.keys)-1:]
}

// Publish adds a key as it is to the set, such as one of an unknown kind.
func (i *Issuer) Publish(key string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.foreign = append(i.foreign, json.RawMessage(key))
}

// Groups sets what UserInfo tells about a user. A user never set may not ask
// UserInfo: it answers 401.
func (i *Issuer) Groups(user string, groups ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.groups[user] = append([]string{}, groups...)
}

// Client lets an account introspect tokens.
func (i *Issuer) Client(id, secret string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.clients[id] = secret
}

// Fault is called before each request; if it returns true it has answered, or
// has broken the connection by a panic with http.ErrAbortHandler. Nil: no fault.
func (i *Issuer) Fault(fault func(http.ResponseWriter, *http.Request) bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = fault
}

// Requests gives how often a path was asked for.
func (i *Issuer) Requests(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.requests[path]
}

// Token makes a signed token of an hour. Claims replace those it has by itself
// (iss, iat, exp); nil leaves one out.
func (i *Issuer) Token(claims map[string]any) string {
	i.mu.Lock()
	key := i.keys[len(i.keys)-1]
	all := i.complete(claims)
	i.mu.Unlock()
	return Sign(key, all)
}

// Opaque makes a token that says nothing by itself.
func (i *Issuer) Opaque(claims map[string]any) string {
	token := rand.Text() + "_" + rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.opaque[token] = i.complete(claims)
	return token
}

// Revoke makes a token, opaque or signed, no longer active.
func (i *Issuer) Revoke(token string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.revoked[token] = true
}

func (i *Issuer) complete(claims map[string]any) map[string]any {
	now := i.now()
	all := map[string]any{"iss": i.url, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

// Sign makes a token of claims with any key, for those that must be refused.
func Sign(key jose.JSONWebKey, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err) // a key that does not fit its algorithm
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		panic(err) // claims that are no JSON
	}
	return token
}

// ServeHTTP implements http.Handler.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.requests[r.URL.Path]++
	fault := i.fault
	i.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch r.URL.Path {
	case PathDescription:
		reply(w, map[string]any{
			"issuer": i.url, "jwks_uri": i.url + PathKeys, "userinfo_endpoint": i.url + PathUserInfo,
			"introspection_endpoint": i.url + PathIntrospection,
		})
	case PathKeys:
		reply(w, map[string]any{"keys": i.public()})
	case PathUserInfo:
		i.userInfo(w, r)
	case PathIntrospection:
		i.introspect(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (i *Issuer) public() []any {
	var all []any
	for _, key := range i.foreign {
		all = append(all, key)
	}
	for _, key := range i.keys {
		all = append(all, key.Public())
	}
	return all
}

func (i *Issuer) userInfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims := i.read(token)
	user, _ := claims["sub"].(string)
	groups, known := i.groups[user]
	if claims == nil || i.revoked[token] || !known {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		http.Error(w, "invalid_token", http.StatusUnauthorized)
		return
	}
	reply(w, map[string]any{"sub": user, "groups": groups})
}

func (i *Issuer) introspect(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if want, ok := i.clients[id]; !ok || want != secret {
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
		return
	}
	token := r.PostFormValue("token")
	claims := i.read(token)
	if claims == nil || i.revoked[token] || i.expired(claims) {
		reply(w, map[string]any{"active": false})
		return
	}
	answer := maps.Clone(claims)
	answer["active"] = true
	reply(w, answer)
}

func (i *Issuer) expired(claims map[string]any) bool {
	switch exp := claims["exp"].(type) {
	case int64:
		return exp <= i.now().Unix()
	case float64:
		return int64(exp) <= i.now().Unix()
	}
	return false
}

// read gives the claims of a token it made, or nil.
func (i *Issuer) read(token string) map[string]any {
	if claims, ok := i.opaque[token]; ok {
		return claims
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil
	}
	for _, key := range slices.Backward(i.keys) {
		var claims map[string]any
		if parsed.Claims(key.Public(), &claims) == nil {
			return claims
		}
	}
	return nil
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
