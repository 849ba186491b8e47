package koji_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// authority signs certificates for one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) sign(name string) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
	}, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func TestACertificateLogsInWhomItNames(t *testing.T) {
	server, err := kojitest.New(kojitest.Config{
		Dir: t.TempDir(), Users: map[string]string{"ci": "x"}, Runner: kojitest.Script{Bare: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	ca := newAuthority(t)
	web := httptest.NewUnstartedServer(server)
	web.TLS = &tls.Config{
		Certificates: []tls.Certificate{ca.sign("127.0.0.1")},
		ClientCAs:    ca.roots(), ClientAuth: tls.VerifyClientCertIfGiven,
	}
	web.StartTLS()
	t.Cleanup(web.Close)
	usual := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.roots()}}}
	hub := func(credential koji.Credential) *koji.Hub {
		h, err := koji.New(koji.Config{Server: web.URL + "/kojihub", Credential: credential, HTTP: usual})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	user, err := hub(koji.Certificate(ca.sign("ci"), ca.roots())).Whoami(t.Context())
	if err != nil || user.Name != "ci" {
		t.Errorf("%+v, %v", user, err)
	}
	_, err = hub(koji.Certificate(ca.sign("stranger"), ca.roots())).Whoami(t.Context())
	wantFault(t, err, koji.FaultAuth, "Unknown user: stranger")
	if _, err = hub(koji.Certificate(newAuthority(t).sign("ci"), ca.roots())).Whoami(t.Context()); err == nil {
		t.Error("a certificate of an unknown authority logs in")
	}
}

func TestACertificateIsNotSentInTheClear(t *testing.T) {
	_, err := as(t, "http://127.0.0.1:1", koji.Certificate(newAuthority(t).sign("ci"), nil)).Whoami(t.Context())
	mentions(t, err, "needs an https address")
}

func TestADamagedKeytabIsToldWithoutItsContent(t *testing.T) {
	for _, keys := range []string{"", "\x05", "\x05\x02", "\x05\x02\x00\x00\x00\x20secret", "secret"} {
		if _, err := koji.Keytab("ci", "EXAMPLE.ORG", []byte(keys), "[libdefaults]\n"); err != nil {
			mentions(t, err, "keytab of ci@EXAMPLE.ORG")
		} else if keys != "\x05\x02" { // an empty one is well formed
			t.Errorf("%q was taken", keys)
		}
	}
}
