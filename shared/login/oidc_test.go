package login_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/login/logintest"
)

const (
	prefix = "https://pagure.io/odcs/"
	api    = "https://odcs.example.org"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock {
	return &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// scene is an issuer and who asks it.
type scene struct {
	t      *testing.T
	clock  *clock
	issuer *logintest.Issuer
	url    string
	cache  login.Cache
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, clock: newClock()}
	s.issuer = logintest.NewIssuer(s.clock.Now)
	server := httptest.NewServer(s.issuer)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.issuer.SetURL(s.url)
	return s
}

func (s *scene) authenticator(change func(*login.OIDC)) *login.Authenticator {
	s.t.Helper()
	c := login.OIDC{Issuer: s.url, Audience: []string{api}}
	if change != nil {
		change(&c)
	}
	a, err := login.New(login.Config{OIDC: &c}, login.Tools{Now: s.clock.Now, Cache: s.cache})
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// token is one of alice's, changed.
func (s *scene) token(change map[string]any) string {
	return s.issuer.Token(with(alice(), change))
}

func alice() map[string]any {
	return map[string]any{"sub": "alice", "aud": api, "scope": "openid " + prefix + "new-compose"}
}

func with(claims, change map[string]any) map[string]any {
	for k, v := range change {
		claims[k] = v
	}
	return claims
}

func post(token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/1/composes/", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func refused(t *testing.T, err error) *login.Refusal {
	t.Helper()
	var refusal *login.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("no refusal: %v", err)
	}
	if refusal.Hint == "" {
		t.Errorf("%q does not say what to do", refusal.Message)
	}
	return refusal
}

func wantRefusal(t *testing.T, err error, code int, message string) *login.Refusal {
	t.Helper()
	refusal := refused(t, err)
	if refusal.Code != code || refusal.Message != message {
		t.Errorf("%d %q instead of %d %q (%v)", refusal.Code, refusal.Message, code, message, refusal.Err)
	}
	if refusal.Code == http.StatusUnauthorized && len(refusal.Challenge) == 0 {
		t.Error("a 401 without WWW-Authenticate")
	}
	return refusal
}

func TestATokenNamesItsUserScopesAndGroups(t *testing.T) {
	s := newScene(t)
	token := s.token(map[string]any{"groups": []string{"releng", "packager", "releng"}})
	got, err := s.authenticator(nil).Authenticate(post(token))
	if err != nil {
		t.Fatal(err)
	}
	want := login.Caller{
		Name: "alice", Groups: []string{"packager", "releng"},
		Scopes: []string{"openid", prefix + "new-compose"}, How: login.HowOIDC,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScopesAreAStringOrAList(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	for name, claims := range map[string]map[string]any{
		"string": {"scope": "openid " + prefix + "new-compose"},
		"list":   {"scope": []string{"openid", prefix + "new-compose"}},
		"scp":    {"scope": nil, "scp": []string{"openid", prefix + "new-compose"}},
	} {
		c, err := a.Authenticate(post(s.token(claims)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := a.RequireScope(c, "new-compose"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		refusal := wantRefusal(t, a.RequireScope(c, "delete-compose"), 403, "Request does not have required scope delete-compose")
		if !strings.Contains(refusal.Hint, prefix+"delete-compose") {
			t.Error(refusal.Hint)
		}
	}
}

func TestATokenIsRefused(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(func(c *login.OIDC) { c.RequiredScopes = []string{"openid"} })
	now := s.clock.Now()
	for name, x := range map[string]struct {
		claims  map[string]any
		message string
	}{
		"that expired":               {map[string]any{"exp": now.Add(-31 * time.Second).Unix()}, "The token has expired."},
		"that never expires":         {map[string]any{"exp": nil}, "The token never expires."},
		"that is not valid yet":      {map[string]any{"nbf": now.Add(31 * time.Second).Unix()}, "The token is not valid yet."},
		"made in the future":         {map[string]any{"iat": now.Add(time.Hour).Unix()}, "The token is not valid yet."},
		"made for others":            {map[string]any{"aud": "https://other.example.org"}, "The token was not made for this service."},
		"made for nobody":            {map[string]any{"aud": nil}, "The token was not made for this service."},
		"of another issuer":          {map[string]any{"iss": "https://evil.example.org"}, "The token is of another issuer."},
		"of nearly the issuer":       {map[string]any{"iss": s.url + "/"}, "The token is of another issuer."},
		"without scopes":             {map[string]any{"scope": nil}, "Missing OIDC_CLAIM_scope."},
		"without the required scope": {map[string]any{"scope": prefix + "new-compose"}, "Required OIDC scope openid not present."},
		"of nobody":                  {map[string]any{"sub": nil}, "REMOTE_USER is not present in request."},
		"of a name with a new line":  {map[string]any{"sub": "alice\nadmin"}, "REMOTE_USER is not present in request."},
		"whose name is a number":     {map[string]any{"sub": "alice", "scope": 7}, "Missing OIDC_CLAIM_scope."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.Authenticate(post(s.token(x.claims)))
			wantRefusal(t, err, 401, x.message)
		})
	}
}

func TestClocksMayDifferALittle(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	now := s.clock.Now()
	for _, claims := range []map[string]any{
		{"exp": now.Add(-29 * time.Second).Unix()},
		{"nbf": now.Add(29 * time.Second).Unix()},
	} {
		if _, err := a.Authenticate(post(s.token(claims))); err != nil {
			t.Errorf("%v: %v", claims, err)
		}
	}
}

func TestAForgedTokenIsRefused(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	good := s.token(nil)
	parts := strings.Split(good, ".")
	stranger, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	claims := with(alice(), map[string]any{"iss": s.url, "exp": s.clock.Now().Add(time.Hour).Unix()})
	encode := base64.RawURLEncoding.EncodeToString
	for name, token := range map[string]string{
		"none":               encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"signed by another":  logintest.Sign(jose.JSONWebKey{Key: stranger, KeyID: "key-1", Algorithm: "ES256"}, claims),
		"without a key id":   logintest.Sign(jose.JSONWebKey{Key: stranger, Algorithm: "ES256"}, claims),
		"HMAC":               logintest.Sign(jose.JSONWebKey{Key: []byte(strings.Repeat("k", 32)), KeyID: "key-1", Algorithm: "HS256"}, claims),
		"changed claims":     parts[0] + "." + encode([]byte(`{"sub":"root"}`)) + "." + parts[2],
		"cut signature":      parts[0] + "." + parts[1] + ".",
		"cut":                good[:len(good)-3],
		"empty":              "",
		"dots":               "..",
		"spaces within":      good + " x",
		"very long":          strings.Repeat("a", 40_000),
		"key in the header":  encode([]byte(`{"alg":"ES256","jwk":{"kty":"EC"}}`)) + "." + parts[1] + "." + parts[2],
		"unknown crit":       encode([]byte(`{"alg":"ES256","kid":"key-1","crit":["x"],"x":1}`)) + "." + parts[1] + "." + parts[2],
		"opaque, not set up": "FhvPUD4mX2LaVzHnbs2mJ9Qd",
	} {
		t.Run(name, func(t *testing.T) {
			r := post("x")
			r.Header.Set("Authorization", "Bearer "+token)
			_, err := a.Authenticate(r)
			refusal := refused(t, err)
			if refusal.Code != http.StatusUnauthorized {
				t.Error(refusal.Code, refusal)
			}
			if shown := fmt.Sprintf("%v %+v", err, refusal); len(token) > 10 && strings.Contains(shown, token[len(token)/2:]) {
				t.Error("the token is in the error:", shown)
			}
		})
	}
}

func TestOfSeveralCredentialsNoneIsTaken(t *testing.T) {
	s := newScene(t)
	r := post(s.token(nil))
	r.Header.Add("Authorization", "Bearer x")
	_, err := s.authenticator(nil).Authenticate(r)
	wantRefusal(t, err, 401, "Missing token passed to ODCS.")
}

func TestReadingIsOpenUnlessClosed(t *testing.T) {
	s := newScene(t)
	read := httptest.NewRequest(http.MethodGet, "/api/1/composes/1", nil)
	read.Header.Set("Authorization", "Bearer expired-long-ago")
	c, err := s.authenticator(nil).Authenticate(read)
	if err != nil || !c.Anonymous || c.How != login.HowReader {
		t.Errorf("%+v, %v", c, err)
	}
	closed, err := login.New(login.Config{ClosedReads: true, OIDC: &login.OIDC{Issuer: s.url, Audience: []string{api}}},
		login.Tools{Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = closed.Authenticate(httptest.NewRequest(http.MethodGet, "/api/1/composes/1", nil))
	refusal := wantRefusal(t, err, 401, "Missing token passed to ODCS.")
	if diff := cmp.Diff([]string{"Bearer"}, refusal.Challenge); diff != "" {
		t.Error(diff)
	}
}

func TestANewKeyIsFoundWithoutARestart(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	old := s.token(nil)
	for _, token := range []string{old, old} {
		if _, err := a.Authenticate(post(token)); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.issuer.Requests(logintest.PathKeys); n != 1 {
		t.Errorf("keys were asked for %d times", n)
	}
	s.clock.pass(2 * time.Minute)
	s.issuer.Rotate()
	for _, token := range []string{s.token(nil), old} {
		if _, err := a.Authenticate(post(token)); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.issuer.Requests(logintest.PathKeys); n != 2 {
		t.Errorf("keys were asked for %d times", n)
	}
}

func TestAWithdrawnKeyIsForgotten(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	old := s.token(map[string]any{"exp": s.clock.Now().Add(24 * time.Hour).Unix()})
	if _, err := a.Authenticate(post(old)); err != nil {
		t.Fatal(err)
	}
	s.issuer.Rotate()
	s.issuer.Withdraw()
	s.clock.pass(time.Hour)
	_, err := a.Authenticate(post(old))
	wantRefusal(t, err, 401, "The token is not signed by a key of its issuer.")
}

func TestMadeUpKeyIDsDoNotMakeRequests(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for i := range 100 {
		token := logintest.Sign(jose.JSONWebKey{Key: key, KeyID: fmt.Sprint("made-up-", i), Algorithm: "ES256"}, alice())
		_, err := a.Authenticate(post(token))
		refused(t, err)
	}
	if n := s.issuer.Requests(logintest.PathKeys); n != 1 {
		t.Errorf("keys were asked for %d times", n)
	}
}

func TestKeysOfOtherKindsAreSkipped(t *testing.T) {
	s := newScene(t)
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	weak := jose.JSONWebKey{Key: small, KeyID: "weak", Algorithm: "RS256"}
	public := weak.Public()
	raw, _ := public.MarshalJSON()
	for _, key := range []string{
		`{"kty":"XYZ","kid":"a"}`, `{"kty":"oct","k":"a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5","kid":"b"}`, `7`, `{}`, string(raw),
	} {
		s.issuer.Publish(key)
	}
	a := s.authenticator(nil)
	if _, err := a.Authenticate(post(s.token(nil))); err != nil {
		t.Error(err)
	}
	claims := with(alice(), map[string]any{"iss": s.url, "exp": s.clock.Now().Add(time.Hour).Unix()})
	_, err := a.Authenticate(post(logintest.Sign(weak, claims)))
	wantRefusal(t, err, 401, "The token is not signed by a key of its issuer.")
}

func TestKeysOfEachKindSign(t *testing.T) {
	s := newScene(t)
	big, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, small, _ := ed25519.GenerateKey(rand.Reader)
	claims := with(alice(), map[string]any{"iss": s.url, "exp": s.clock.Now().Add(time.Hour).Unix()})
	var tokens []string
	for _, key := range []jose.JSONWebKey{
		{Key: big, KeyID: "rsa", Algorithm: "RS256"}, {Key: big, KeyID: "pss", Algorithm: "PS256"}, {Key: small, KeyID: "ed", Algorithm: "EdDSA"},
	} {
		public := key.Public()
		raw, err := public.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		s.issuer.Publish(string(raw))
		tokens = append(tokens, logintest.Sign(key, claims))
		key.KeyID = "" // a token need not name its key
		tokens = append(tokens, logintest.Sign(key, claims))
	}
	a := s.authenticator(nil)
	for i, token := range tokens {
		if _, err := a.Authenticate(post(token)); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	// A key is good for its own algorithm only.
	_, err := a.Authenticate(post(logintest.Sign(jose.JSONWebKey{Key: big, KeyID: "rsa", Algorithm: "PS256"}, claims)))
	wantRefusal(t, err, 401, "The token is not signed by a key of its issuer.")
	// And where others are wanted, for none.
	only := s.authenticator(func(c *login.OIDC) { c.Algorithms = []string{"ES256"} })
	_, err = only.Authenticate(post(tokens[0]))
	wantRefusal(t, err, 401, "The token is malformed, or signed in a way that is not taken.")
}

func TestAnIssuerThatIsDownIsNotTheCallersFault(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	down := func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "down", http.StatusBadGateway)
		return true
	}
	s.issuer.Fault(down)
	_, err := a.Authenticate(post(s.token(nil)))
	refusal := wantRefusal(t, err, 503, "The issuer of your token cannot be asked who you are.")
	header := http.Header{}
	refusal.SetHeader(header)
	if header.Get("Retry-After") != "10" {
		t.Error(header)
	}
	asked := s.issuer.Requests(logintest.PathDescription)
	_, err = a.Authenticate(post(s.token(nil)))
	refused(t, err)
	if n := s.issuer.Requests(logintest.PathDescription); n != asked {
		t.Errorf("asked again at once: %d times and then %d", asked, n)
	}
	s.issuer.Fault(nil)
	s.clock.pass(11 * time.Second)
	if _, err := a.Authenticate(post(s.token(nil))); err != nil {
		t.Fatal(err)
	}
	// Known keys outlast an outage.
	s.issuer.Fault(down)
	s.clock.pass(3 * time.Hour)
	if _, err := a.Authenticate(post(s.token(nil))); err != nil {
		t.Error(err)
	}
	s.clock.pass(24 * time.Hour)
	_, err = a.Authenticate(post(s.token(nil)))
	if refusal := refused(t, err); refusal.Code != http.StatusServiceUnavailable {
		t.Error(refusal)
	}
}

func TestAnIssuerThatLiesIsNotBelieved(t *testing.T) {
	for name, body := range map[string]string{
		"another name":      `{"issuer":"https://other.example.org","jwks_uri":"URL/keys"}`,
		"keys without TLS":  `{"issuer":"URL","jwks_uri":"http://other.example.org/keys"}`,
		"keys from a file":  `{"issuer":"URL","jwks_uri":"file:///etc/keys"}`,
		"no JSON":           `<html>`,
		"a list":            `[]`,
		"an endless answer": strings.Repeat(" ", 2<<20),
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.issuer.Fault(func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != logintest.PathDescription {
					return false
				}
				_, _ = w.Write([]byte(strings.ReplaceAll(body, "URL", s.url)))
				return true
			})
			_, err := s.authenticator(nil).Authenticate(post(s.token(nil)))
			if refusal := refused(t, err); refusal.Code != http.StatusServiceUnavailable || refusal.Err == nil {
				t.Errorf("%+v", refusal)
			}
		})
	}
}

func TestARedirectIsNotFollowedWithAToken(t *testing.T) {
	s := newScene(t)
	s.issuer.Client("odcs", "secret")
	told := ""
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told = r.Header.Get("Authorization") + r.FormValue("token")
	}))
	defer thief.Close()
	s.issuer.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != logintest.PathIntrospection {
			return false
		}
		http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
		return true
	})
	a := s.authenticator(func(c *login.OIDC) { c.Introspection = introspection(false) })
	_, err := a.Authenticate(post(s.issuer.Opaque(alice())))
	if refusal := refused(t, err); refusal.Code != http.StatusServiceUnavailable || told != "" {
		t.Errorf("%v; the other server was told %q", refusal, told)
	}
}

func introspection(posted bool) *login.Introspection {
	return &login.Introspection{
		ClientID: "odcs", ClientSecret: func() []byte { return []byte("s3cr3t/+ %\n") }, PostSecret: posted,
	}
}

func TestAnOpaqueTokenIsIntrospected(t *testing.T) {
	for _, posted := range []bool{true, false} {
		s := newScene(t)
		s.issuer.Client("odcs", "s3cr3t/+ %")
		if !posted {
			s.issuer.Client("odcs", "s3cr3t%2F%2B+%25") // the stand-in does not decode what Basic carries
		}
		a := s.authenticator(func(c *login.OIDC) { c.Introspection = introspection(posted) })
		token := s.issuer.Opaque(with(alice(), map[string]any{
			"sub": "1234", "username": "alice", "aud": nil, "client_id": api, "groups": []string{"releng"},
		}))
		for range 3 {
			got, err := a.Authenticate(post(token))
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != "alice" || !cmp.Equal(got.Groups, []string{"releng"}) {
				t.Errorf("%+v", got)
			}
		}
		if n := s.issuer.Requests(logintest.PathIntrospection); n != 1 {
			t.Errorf("asked %d times", n)
		}
		s.issuer.Revoke(token)
		s.clock.pass(time.Minute)
		_, err := a.Authenticate(post(token))
		wantRefusal(t, err, 401, "The token has expired, was withdrawn, or is of another issuer.")
		_, err = a.Authenticate(post("made-up"))
		wantRefusal(t, err, 401, "The token has expired, was withdrawn, or is of another issuer.")
		_, err = a.Authenticate(post(s.issuer.Opaque(with(alice(), map[string]any{"aud": "https://other.example.org"}))))
		wantRefusal(t, err, 401, "The token was not made for this service.")
	}
}

func TestAnOpaqueTokenMayHaveDots(t *testing.T) {
	s := newScene(t)
	asked := ""
	s.issuer.Fault(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == logintest.PathIntrospection {
			asked = r.PostFormValue("token")
		}
		return false
	})
	s.issuer.Client("odcs", "s3cr3t/+ %")
	a := s.authenticator(func(c *login.OIDC) { c.Introspection = introspection(true) })
	_, err := a.Authenticate(post("a.b.c"))
	wantRefusal(t, err, 401, "The token has expired, was withdrawn, or is of another issuer.")
	if asked != "a.b.c" {
		t.Errorf("asked about %q", asked)
	}
}

func TestARememberedTokenIsRefusedOnceItExpired(t *testing.T) {
	s := newScene(t)
	s.issuer.Client("odcs", "s3cr3t/+ %")
	a := s.authenticator(func(c *login.OIDC) {
		c.Introspection = introspection(true)
		c.Introspection.Remember = time.Hour
	})
	token := s.issuer.Opaque(with(alice(), map[string]any{"exp": s.clock.Now().Add(10 * time.Second).Unix()}))
	if _, err := a.Authenticate(post(token)); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(11 * time.Second)
	_, err := a.Authenticate(post(token))
	refused(t, err)
}

func TestASignedTokenThatWasRevokedIsRefusedWhereAsked(t *testing.T) {
	s := newScene(t)
	s.issuer.Client("odcs", "s3cr3t/+ %")
	a := s.authenticator(func(c *login.OIDC) {
		c.Introspection = introspection(true)
		c.Introspection.Always = true
	})
	token := s.token(nil)
	s.issuer.Revoke(token)
	_, err := a.Authenticate(post(token))
	wantRefusal(t, err, 401, "The token has expired, was withdrawn, or is of another issuer.")
}

func TestAWrongAccountOfOursIsNotTheCallersFault(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(func(c *login.OIDC) { c.Introspection = introspection(true) })
	token := s.issuer.Opaque(alice())
	s.issuer.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != logintest.PathIntrospection {
			return false
		}
		http.Error(w, "cannot take "+r.PostFormValue("token")+r.PostFormValue("client_secret"), http.StatusUnauthorized)
		return true
	})
	_, err := a.Authenticate(post(token))
	refusal := refused(t, err)
	if refusal.Code != http.StatusServiceUnavailable {
		t.Error(refusal)
	}
	for _, secret := range []string{token, "s3cr3t"} {
		if strings.Contains(refusal.Err.Error(), secret) {
			t.Errorf("a secret is in the error: %v", refusal.Err)
		}
	}
}

func TestGroupsComeFromUserInfo(t *testing.T) {
	s := newScene(t)
	s.issuer.Groups("alice", "releng", "packager")
	a := s.authenticator(func(c *login.OIDC) { c.UserInfo = true })
	token := s.token(nil)
	for range 3 {
		got, err := a.Authenticate(post(token))
		if err != nil || !cmp.Equal(got.Groups, []string{"packager", "releng"}) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if n := s.issuer.Requests(logintest.PathUserInfo); n != 1 {
		t.Errorf("asked %d times", n)
	}
	t.Run("not where the token tells them", func(t *testing.T) {
		got, err := a.Authenticate(post(s.token(map[string]any{"groups": []string{}})))
		if err != nil || len(got.Groups) != 0 || s.issuer.Requests(logintest.PathUserInfo) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("none for a token that may not ask", func(t *testing.T) {
		got, err := a.Authenticate(post(s.token(map[string]any{"sub": "bob"})))
		if err != nil || got.Groups != nil || got.GroupsErr != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("unknown while the issuer is down", func(t *testing.T) {
		s.issuer.Fault(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != logintest.PathUserInfo {
				return false
			}
			http.Error(w, r.Header.Get("Authorization"), http.StatusServiceUnavailable)
			return true
		})
		defer s.issuer.Fault(nil)
		token := s.token(map[string]any{"jti": "2"})
		got, err := a.Authenticate(post(token))
		if err != nil || got.Name != "alice" || got.GroupsErr == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		if strings.Contains(got.GroupsErr.Error(), token[:40]) {
			t.Error("the token is in the error:", got.GroupsErr)
		}
	})
	t.Run("none of somebody else", func(t *testing.T) {
		s.issuer.Fault(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != logintest.PathUserInfo {
				return false
			}
			_, _ = w.Write([]byte(`{"sub":"root","groups":["admins"]}`))
			return true
		})
		defer s.issuer.Fault(nil)
		got, err := a.Authenticate(post(s.token(map[string]any{"jti": "3"})))
		if err != nil || got.Groups != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// bucket is a Cache in memory.
type bucket struct {
	mu     sync.Mutex
	held   map[string][]byte
	broken bool
}

func (b *bucket) Get(_ context.Context, name string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return nil, errors.New("bucket is away")
	}
	return b.held[name], nil
}

func (b *bucket) Put(_ context.Context, name string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return errors.New("bucket is away")
	}
	b.held[name] = body
	return nil
}

func TestAColdInstanceTakesKeysFromTheCache(t *testing.T) {
	s := newScene(t)
	cache := &bucket{held: map[string][]byte{}}
	s.cache = cache
	for range 3 {
		if _, err := s.authenticator(nil).Authenticate(post(s.token(nil))); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.issuer.Requests(logintest.PathKeys); n != 1 {
		t.Errorf("three instances asked %d times", n)
	}
	t.Run("and asks where a key is missing", func(t *testing.T) {
		s.issuer.Rotate()
		if _, err := s.authenticator(nil).Authenticate(post(s.token(nil))); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("and does without one that is damaged", func(t *testing.T) {
		for name := range cache.held {
			cache.held[name] = []byte("{")
		}
		if _, err := s.authenticator(nil).Authenticate(post(s.token(nil))); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("or away", func(t *testing.T) {
		cache.broken = true
		if _, err := s.authenticator(nil).Authenticate(post(s.token(nil))); err != nil {
			t.Fatal(err)
		}
	})
}

func TestManyCallersAtOnceAskTheIssuerOnce(t *testing.T) {
	s := newScene(t)
	a := s.authenticator(nil)
	token := s.token(nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := a.Authenticate(post(token)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.issuer.Requests(logintest.PathKeys); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
