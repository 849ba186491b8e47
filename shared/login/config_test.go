package login_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/login"
)

func secret(s string) login.Reveal { return func() []byte { return []byte(s) } }

func TestAMistakeInTheConfigurationIsNamed(t *testing.T) {
	oidc := func(change func(*login.OIDC)) login.Config {
		c := login.OIDC{Issuer: "https://id.example.org/", Audience: []string{"odcs"}}
		change(&c)
		return login.Config{OIDC: &c}
	}
	ldap := func(change func(*login.LDAP)) login.Config {
		c := login.LDAP{URL: "ldaps://ldap.example.org", Groups: []login.LDAPGroups{{Base: "dc=org"}}}
		change(&c)
		return login.Config{LDAP: &c}
	}
	cert := func(c login.Certificate) login.Config { return login.Config{Certificate: &c} }
	for want, c := range map[string]login.Config{
		"no way to log in is set":        {},
		"anyone: would let everybody in": {Anyone: true, OIDC: &login.OIDC{Issuer: "https://x", AnyAudience: true}},
		"oidc: issuer:":                  oidc(func(c *login.OIDC) { c.Issuer = "http://id.example.org" }),
		"oidc: audience: is empty":       oidc(func(c *login.OIDC) { c.Audience = nil }),
		`oidc: algorithms: "HS256"`:      oidc(func(c *login.OIDC) { c.Algorithms = []string{"HS256"} }),
		`oidc: algorithms: "none"`:       oidc(func(c *login.OIDC) { c.Algorithms = []string{"none"} }),
		"oidc: skew: 6m0s":               oidc(func(c *login.OIDC) { c.Skew = 6 * time.Minute }),
		"oidc: keys_age: -1s":            oidc(func(c *login.OIDC) { c.KeysAge = -time.Second }),
		"oidc: introspection: client_id": oidc(func(c *login.OIDC) { c.Introspection = &login.Introspection{} }),
		"oidc: introspection: url:":      oidc(func(c *login.OIDC) { c.Introspection = &login.Introspection{URL: "ftp://x"} }),
		"certificate: form:":             cert(login.Certificate{}),
		"certificate: secret_header and": cert(login.Certificate{Form: login.FormNginx}),
		"shorter than 16 bytes":          cert(login.Certificate{Form: login.FormNginx, SecretHeader: "X", IngressSecret: secret("short\n0123456789abcdef")}),
		"certificate: ca: is needed":     cert(login.Certificate{Form: login.FormTLS}),
		"certificate: ca: holds no":      cert(login.Certificate{Form: login.FormTLS, CA: []byte("x")}),
		"kerberos: realms:":              {Kerberos: &login.Kerberos{}},
		"strip_realms: B is not one":     {Kerberos: &login.Kerberos{Realms: []string{"A"}, StripRealms: []string{"B"}}},
		"kerberos: skew:":                {Kerberos: &login.Kerberos{Skew: time.Hour}},
		"ldap: url: groups asked":        ldap(func(c *login.LDAP) { c.URL = "ldap://ldap.example.org" }),
		"ldap: url:":                     ldap(func(c *login.LDAP) { c.URL = "http://ldap.example.org" }),
		"ldap: start_tls:":               ldap(func(c *login.LDAP) { c.StartTLS = true }),
		"ldap: ca:":                      ldap(func(c *login.LDAP) { c.CA = []byte("x") }),
		"ldap: bind_dn and password":     ldap(func(c *login.LDAP) { c.BindDN = "cn=x" }),
		"ldap: groups: is empty":         ldap(func(c *login.LDAP) { c.Groups = nil }),
		"ldap: groups[0]: base:":         ldap(func(c *login.LDAP) { c.Groups[0].Base = "x" }),
		"ldap: groups[0]: filter:":       ldap(func(c *login.LDAP) { c.Groups[0].Filter = "(memberUid=alice)" }),
		"log in with Kerberos, which is": ldap(func(*login.LDAP) {}),
		"fas: url:":                      {FAS: &login.FAS{}},
		"fas: keytab and token:":         {FAS: &login.FAS{URL: "https://fasjson.fedoraproject.org"}},
		"fas: keytab: is damaged":        {FAS: &login.FAS{Keytab: secret("secret")}},
	} {
		_, err := login.New(c, login.Tools{Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := login.New(login.Config{Anyone: true}, login.Tools{}); err == nil {
		t.Error("without a clock")
	}
}

func TestWithoutLoginsEverybodyIsUnknown(t *testing.T) {
	a, err := login.New(login.Config{Anyone: true}, login.Tools{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Authenticate(post("whatever"))
	if err != nil || c.Name != "unknown" || !c.Anonymous || a.RequireScope(c, "new-compose") != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// several is an Authenticator with tokens and certificates.
func several(t *testing.T, s *scene) *login.Authenticator {
	t.Helper()
	a, err := login.New(login.Config{
		OIDC:        &login.OIDC{Issuer: s.url, Audience: []string{api}},
		Certificate: &login.Certificate{Form: login.FormNginx, SecretHeader: "X-Ingress-Secret", IngressSecret: secret(ingressSecret)},
	}, login.Tools{Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOfSeveralWaysTheOneTriedCounts(t *testing.T) {
	s := newScene(t)
	a := several(t, s)
	r := passed("ssl-client-verify", "SUCCESS", "ssl-client-subject-dn", "CN=proxy")
	if c, err := a.Authenticate(r); err != nil || c.Name != "CN=proxy" {
		t.Errorf("%+v, %v", c, err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token(nil))
	if c, err := a.Authenticate(r); err != nil || c.Name != "alice" {
		t.Errorf("%+v, %v", c, err)
	}
	// A bad token does not make somebody else of its bearer.
	r.Header.Set("Authorization", "bearer nonsense")
	_, err := a.Authenticate(r)
	wantRefusal(t, err, 401, "The token is not a signed one.")
	_, err = a.Authenticate(passed())
	refusal := wantRefusal(t, err, 401, "Missing token passed to ODCS.")
	if want := "Send a bearer token of " + s.url + " in Authorization or a client certificate."; refusal.Hint != want {
		t.Error(refusal.Hint)
	}
}

func TestKerberosOrCertificateIsODCSs(t *testing.T) {
	k := newKerberos(t)
	a := k.authenticator(func(c *login.Config) {
		c.Certificate = &login.Certificate{Form: login.FormNginx, SecretHeader: "X-Ingress-Secret", IngressSecret: secret(ingressSecret)}
	})
	_, err := a.Authenticate(httptest.NewRequest(http.MethodPost, "/", nil))
	refusal := wantRefusal(t, err, 401, "Cannot verify client: None")
	if diff := cmp.Diff([]string{"Negotiate"}, refusal.Challenge); diff != "" {
		t.Error(diff)
	}
	if c, err := a.Authenticate(k.request(k.alice(), "HTTP/localhost")); err != nil || c.Name != "alice@"+realm {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = k.authenticator(nil).Authenticate(httptest.NewRequest(http.MethodPost, "/", nil))
	wantRefusal(t, err, 401, "REMOTE_USER is not present in request.")
}
