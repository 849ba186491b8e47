package login_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/login"
)

const ingressSecret = "one-secret-of-the-ingress"

// authority signs certificates for one test.
type authority struct {
	t    *testing.T
	now  time.Time
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, now time.Time) *authority {
	t.Helper()
	a := &authority{t: t, now: now}
	a.key, a.cert = a.make(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

func (a *authority) make(template *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotBefore.IsZero() {
		template.NotBefore, template.NotAfter = a.now.Add(-time.Hour), a.now.Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, cert
}

func (a *authority) client(name pkix.Name) *x509.Certificate {
	_, cert := a.make(&x509.Certificate{Subject: name, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return cert
}

func toPEM(certs ...*x509.Certificate) []byte {
	var all []byte
	for _, c := range certs {
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return all
}

func rfc9440(c *x509.Certificate) string {
	return ":" + base64.StdEncoding.EncodeToString(c.Raw) + ":"
}

func byCertificate(t *testing.T, c login.Certificate, now func() time.Time) *login.Authenticator {
	t.Helper()
	if c.Form != login.FormTLS {
		c.SecretHeader = "X-Ingress-Secret"
		c.IngressSecret = func() []byte { return []byte("an-older-secret-of-it\n" + ingressSecret + "\n") }
	}
	a, err := login.New(login.Config{Certificate: &c}, login.Tools{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func passed(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/1/composes/", nil)
	r.Header.Set("X-Ingress-Secret", ingressSecret)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestNginxPassesTheSubject(t *testing.T) {
	a := byCertificate(t, login.Certificate{Form: login.FormNginx}, newClock().Now)
	c, err := a.Authenticate(passed("ssl-client-verify", "SUCCESS", "ssl-client-subject-dn", "CN=alice,O=Fedora"))
	if err != nil || c.Name != "CN=alice,O=Fedora" || c.How != login.HowCertificate {
		t.Errorf("%+v, %v", c, err)
	}
	for name, x := range map[string]struct {
		request *http.Request
		message string
	}{
		"without a certificate": {passed(), "Cannot verify client: None"},
		"with none to verify":   {passed("ssl-client-verify", "NONE"), "Cannot verify client: None"},
		"that has expired": {
			passed("ssl-client-verify", "FAILED:certificate has expired", "ssl-client-subject-dn", "CN=alice"),
			"Cannot verify client: FAILED:certificate has expired",
		},
		"without a subject": {
			passed("ssl-client-verify", "SUCCESS"), "Unable to get user information (DN) from client certificate",
		},
		"twice": {
			passed("ssl-client-verify", "SUCCESS", "ssl-client-subject-dn", "CN=alice", "ssl-client-subject-dn", "CN=admin"),
			"Cannot verify client: FAILED:more than one ssl-client-subject-dn header",
		},
		"only the subject": {passed("ssl-client-subject-dn", "CN=alice"), "Cannot verify client: None"},
	} {
		_, err := a.Authenticate(x.request)
		if refusal := refused(t, err); refusal.Code != 401 || refusal.Message != x.message {
			t.Errorf("%s: %d %q", name, refusal.Code, refusal.Message)
		}
	}
}

func TestHeadersFromOutsideAreNotBelieved(t *testing.T) {
	a := byCertificate(t, login.Certificate{Form: login.FormNginx}, newClock().Now)
	for _, secrets := range [][]string{
		{},
		{""},
		{"wrong"},
		{ingressSecret + " "},
		{ingressSecret[1:]},
		{ingressSecret, ingressSecret},
		{"an-older-secret-of-it\n" + ingressSecret},
	} {
		r := passed("ssl-client-verify", "SUCCESS", "ssl-client-subject-dn", "CN=admin")
		r.Header["X-Ingress-Secret"] = secrets
		_, err := a.Authenticate(r)
		if refusal := refused(t, err); refusal.Message != "Cannot verify client: None" {
			t.Errorf("%q: %v", secrets, refusal)
		}
	}
	r := passed("ssl-client-verify", "SUCCESS", "ssl-client-subject-dn", "CN=alice")
	r.Header.Set("X-Ingress-Secret", "an-older-secret-of-it")
	if _, err := a.Authenticate(r); err != nil {
		t.Error("while secrets are changed, both are good:", err)
	}
}

func TestEnvoyPassesTheSubject(t *testing.T) {
	a := byCertificate(t, login.Certificate{Form: login.FormEnvoy}, newClock().Now)
	for header, want := range map[string]string{
		`Hash=0a1b;Subject="CN=alice,O=Fedora";URI=spiffe://a/b?c=d`:  "CN=alice,O=Fedora",
		`By=spiffe://x;Hash=0a;Subject="CN=a\"b\,c,O=F\\";URI=;DNS=a`: `CN=a\"b\,c,O=F\\`,
		`hash=0a;subject="/C=US/CN=alice"`:                            "/C=US/CN=alice",
	} {
		c, err := a.Authenticate(passed("X-Forwarded-Client-Cert", header))
		if err != nil || c.Name != want {
			t.Errorf("%s: %+v, %v", header, c, err)
		}
	}
	for _, header := range []string{
		`Hash=0a;Subject="CN=alice",Hash=0b;Subject="CN=admin"`, `Subject="CN=alice";Subject="CN=admin"`,
		`Subject="CN=alice`, `Subject="CN=alice"x;Hash=0`, `Subject`, `Subject=CN"alice`, `;`, `,`, `Hash=0a;`, `X=1`,
		`Subject=""`, `Hash=0a`, `Subject="` + strings.Repeat("a", 70_000) + `"`, `Subject="CN=x\`,
	} {
		_, err := a.Authenticate(passed("X-Forwarded-Client-Cert", header))
		if refusal := refused(t, err); refusal.Code != http.StatusUnauthorized {
			t.Errorf("%s: %v", header, refusal)
		}
	}
}

func TestEnvoysCertificateIsCheckedAgainWithAnAuthority(t *testing.T) {
	clock := newClock()
	ca := newAuthority(t, clock.Now())
	a := byCertificate(t, login.Certificate{Form: login.FormEnvoy, CA: toPEM(ca.cert)}, clock.Now)
	header := func(c *x509.Certificate) string {
		return `Hash=0a;Subject="CN=whatever";Cert="` + url.PathEscape(string(toPEM(c))) + `"`
	}
	c, err := a.Authenticate(passed("X-Forwarded-Client-Cert", header(ca.client(pkix.Name{CommonName: "alice"}))))
	if err != nil || c.Name != "CN=alice" {
		t.Errorf("%+v, %v", c, err)
	}
	other := newAuthority(t, clock.Now())
	for _, h := range []string{header(other.client(pkix.Name{CommonName: "alice"})), `Subject="CN=alice"`, `Cert="%zz"`, `Cert="abc"`} {
		_, err := a.Authenticate(passed("X-Forwarded-Client-Cert", h))
		refused(t, err)
	}
}

func TestACertificateInAHeaderIsVerified(t *testing.T) {
	clock := newClock()
	ca := newAuthority(t, clock.Now())
	a := byCertificate(t, login.Certificate{Form: login.FormRFC9440, CA: toPEM(ca.cert)}, clock.Now)
	alice := pkix.Name{CommonName: "alice", Organization: []string{"Fedora"}}
	c, err := a.Authenticate(passed("Client-Cert", rfc9440(ca.client(alice))))
	if err != nil || c.Name != "CN=alice,O=Fedora" {
		t.Errorf("%+v, %v", c, err)
	}
	// One between, in the chain.
	key, between := ca.make(&x509.Certificate{
		Subject: pkix.Name{CommonName: "between"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	below := &authority{t: t, now: ca.now, cert: between, key: key}
	leaf := below.client(alice)
	if _, err = a.Authenticate(passed("Client-Cert", rfc9440(leaf), "Client-Cert-Chain", rfc9440(between)+", "+rfc9440(ca.cert))); err != nil {
		t.Error(err)
	}
	_, expired := ca.make(&x509.Certificate{Subject: alice, NotBefore: clock.Now().Add(-2 * time.Hour), NotAfter: clock.Now().Add(-time.Hour)})
	_, server := ca.make(&x509.Certificate{Subject: alice, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	nobody := ca.client(pkix.Name{})
	for name, x := range map[string]struct{ header, message string }{
		"expired":         {rfc9440(expired), "Cannot verify client: FAILED:certificate has expired or is not yet valid"},
		"of a server":     {rfc9440(server), "Cannot verify client: FAILED:certificate is not made for clients"},
		"of an unknown":   {rfc9440(newAuthority(t, clock.Now()).client(alice)), "Cannot verify client: FAILED:certificate is of an unknown authority"},
		"without chain":   {rfc9440(leaf), "Cannot verify client: FAILED:certificate is of an unknown authority"},
		"of nobody":       {rfc9440(nobody), "Unable to get user information (DN) from client certificate"},
		"not base64":      {":!!:", "Cannot verify client: FAILED:Client-Cert is malformed"},
		"without colons":  {"abc", "Cannot verify client: FAILED:Client-Cert is malformed"},
		"one colon":       {":", "Cannot verify client: FAILED:Client-Cert is malformed"},
		"no certificate":  {":YWJj:", "Cannot verify client: FAILED:Client-Cert is malformed"},
		"with parameters": {rfc9440(leaf) + ";a=b", "Cannot verify client: FAILED:Client-Cert is malformed"},
		"none":            {"", "Cannot verify client: None"},
	} {
		_, err := a.Authenticate(passed("Client-Cert", x.header))
		if refusal := refused(t, err); refusal.Message != x.message {
			t.Errorf("%s: %q", name, refusal.Message)
		}
	}
}

func TestATLSConnectionNamesItsClient(t *testing.T) {
	ca := newAuthority(t, time.Now())
	a := byCertificate(t, login.Certificate{Form: login.FormTLS, CA: toPEM(ca.cert)}, time.Now)
	said := make(chan string, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c, err := a.Authenticate(r)
		if err != nil {
			said <- refused(t, err).Message
			return
		}
		said <- c.Name
	}))
	// The server takes any certificate: the check is ours.
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	call := func(by *authority) string {
		key, cert := by.make(&x509.Certificate{
			Subject: pkix.Name{CommonName: "alice"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}, nil
		}
		resp, err := (&http.Client{Transport: transport}).Post(server.URL, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return <-said
	}
	if got := call(ca); got != "CN=alice" {
		t.Error(got)
	}
	if got := call(newAuthority(t, time.Now())); got != "Cannot verify client: FAILED:certificate is of an unknown authority" {
		t.Error(got)
	}
	resp, err := server.Client().Post(server.URL, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := <-said; got != "Cannot verify client: None" {
		t.Error(got)
	}
}

// subjects are names that are hard to write.
func subjects(t *testing.T) []pkix.RDNSequence {
	t.Helper()
	value := func(tag int, s string) asn1.RawValue { return asn1.RawValue{Tag: tag, Bytes: []byte(s)} }
	pair := func(id string, v any) pkix.AttributeTypeAndValue {
		var oid asn1.ObjectIdentifier
		for part := range strings.SplitSeq(id, ".") {
			n, _ := new(big.Int).SetString(part, 10)
			oid = append(oid, int(n.Int64()))
		}
		return pkix.AttributeTypeAndValue{Type: oid, Value: v}
	}
	type set = pkix.RelativeDistinguishedNameSET
	return []pkix.RDNSequence{
		{set{pair("2.5.4.6", "US")}, set{pair("2.5.4.10", "Red Hat, Inc.")}, set{pair("2.5.4.3", "a\"b+c<d>e;f\\g=h")}},
		{set{pair("2.5.4.3", "#x")}, set{pair("2.5.4.3", " ")}, set{pair("2.5.4.3", "x ")}, set{pair("2.5.4.3", " y")}, set{pair("2.5.4.3", "/z#")}},
		{set{pair("0.9.2342.19200300.100.1.25", value(asn1.TagIA5String, "org"))}, set{pair("0.9.2342.19200300.100.1.1", "alice")}},
		{set{pair("2.5.4.3", "b"), pair("1.2.840.113549.1.9.1", value(asn1.TagIA5String, "a@b.org"))}},
		{set{pair("1.2.3.4.5", "odd")}, set{pair("2.5.4.97", "NTRDE-1")}, set{pair("2.5.4.17", "1")}, set{pair("2.5.4.9", "street")}},
		{set{pair("2.5.4.3", "Jiří Žluťoučký")}, set{pair("2.5.4.11", value(asn1.TagT61String, "caf\xe9"))}},
		{set{pair("2.5.4.3", value(asn1.TagBMPString, "\x00a\x01\x7e"))}, set{pair("2.5.4.10", "tab\tnul\x7f")}},
		{
			set{pair("2.5.4.4", "s")},
			set{pair("2.5.4.5", "1")},
			set{pair("2.5.4.7", "l")},
			set{pair("2.5.4.8", "st")},
			set{pair("2.5.4.12", "t")},
			set{pair("2.5.4.42", "g")},
			set{pair("2.5.4.43", "i")},
			set{pair("2.5.4.65", "p")},
			set{pair("2.5.4.13", "d")},
			set{pair("2.5.4.15", "b")},
			set{pair("2.5.4.44", "III")},
			set{pair("2.5.4.46", "q")},
		},
	}
}

func TestSubjectsAreWrittenAsOpenSSLDoes(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	clock := newClock()
	ca := newAuthority(t, clock.Now())
	for name, x := range map[string]struct {
		slash  bool
		option string
	}{
		// What Apache sets: XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB.
		"RFC 2253": {false, "esc_2253,esc_ctrl,utf8,dump_nostr,dump_unknown,dump_der,sep_comma_plus,dn_rev,sname"},
		"slashes":  {true, "compat"},
	} {
		a := byCertificate(t, login.Certificate{Form: login.FormRFC9440, CA: toPEM(ca.cert), SlashSubject: x.slash}, clock.Now)
		for _, subject := range subjects(t) {
			raw, err := asn1.Marshal(subject)
			if err != nil {
				t.Fatal(err)
			}
			_, cert := ca.make(&x509.Certificate{RawSubject: raw})
			command := exec.CommandContext(t.Context(), openssl, "x509", "-noout", "-subject", "-nameopt", x.option)
			command.Stdin = bytes.NewReader(toPEM(cert))
			out, err := command.Output()
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSuffix(strings.TrimPrefix(string(out), "subject="), "\n")
			c, err := a.Authenticate(passed("Client-Cert", rfc9440(cert)))
			if err != nil || c.Name != want {
				t.Errorf("%s: %q instead of %q (%v)", name, c.Name, want, err)
			}
		}
	}
}
