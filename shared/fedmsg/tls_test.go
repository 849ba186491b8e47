package fedmsg_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

// authority makes certificates for a test.
type authority struct {
	testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t testing.TB) *authority {
	a := &authority{TB: t}
	der, key := a.make(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.cert, _ = x509.ParseCertificate(der)
	a.key, a.pem = key, block("CERTIFICATE", der)
	return a
}

func (a *authority) make(template *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.Fatal(err)
	}
	return der, key
}

// issue gives certificate and key as PEM.
func (a *authority) issue(name string) (cert, key string) {
	a.Helper()
	der, private := a.make(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	})
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", raw)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestACertificateIsTheLogin(t *testing.T) {
	ours := newAuthority(t)
	serverCert, serverKey := ours.issue("broker")
	pair, err := tls.X509KeyPair([]byte(serverCert), []byte(serverKey))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(ours.cert)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.VerifyClientCertIfGiven,
	})
	if err != nil {
		t.Fatal(err)
	}
	bus := fedmsgtest.NewBus()
	bus.Users = map[string]string{} // nobody comes in by password
	bus.Bind("q", "#")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- bus.Serve(ctx, listener) }()
	defer func() {
		cancel()
		<-ended
	}()
	bus.Publish("org.test.said", nil, []byte(`{}`))

	cert, key := ours.issue("fedora")
	folder := t.TempDir()
	for name, text := range map[string]string{"cert": cert, "key": key, "ca": ours.pem} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	strange := newAuthority(t)
	strangeCert, strangeKey := strange.issue("fedora")
	for name, c := range map[string]struct {
		cert, key, ca string
		complaint     string
	}{
		"PEM text":                            {cert, key, ours.pem, ""},
		"files":                               {folder + "/cert", folder + "/key", folder + "/ca", ""},
		"no certificate, no entry":            {"", "", ours.pem, "ACCESS_REFUSED|username or password"},
		"a certificate of somebody else":      {strangeCert, strangeKey, ours.pem, "certificate"},
		"a broker of another authority":       {cert, key, strange.pem, "certificate"},
		"a broker only the system could know": {cert, key, "", "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := fedmsg.Open(fedmsg.Config{
				URL: "amqps://fedora:secret@" + listener.Addr().String() + "/%2Fpublic_pubsub", Queue: "q",
				Cert: c.cert, Key: c.key, CA: c.ca, Passive: true,
				SetAside: func(context.Context, fedmsg.Malformed) error { return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = q.Drain(t.Context(), 10, plenty, func(context.Context, fedmsg.Message) error { return nil })
			if c.complaint == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Fatalf("got %v", err)
			}
			for complaint := range strings.SplitSeq(c.complaint, "|") {
				if strings.Contains(err.Error(), complaint) {
					return
				}
			}
			t.Errorf("got %v, want something about %s", err, c.complaint)
		})
	}
}

func TestOpenRefusesWhatCannotWork(t *testing.T) {
	aside := func(context.Context, fedmsg.Malformed) error { return nil }
	good := fedmsg.Config{URL: "amqp://localhost", Queue: "q", SetAside: aside}
	if _, err := fedmsg.Open(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*fedmsg.Config){
		"another scheme":                  func(c *fedmsg.Config) { c.URL = "https://user:hunter2@host/" },
		"a password that breaks the URL":  func(c *fedmsg.Config) { c.URL = "amqps://user:hunter2/x@host/" },
		"no queue":                        func(c *fedmsg.Config) { c.Queue = "" },
		"nowhere to set aside":            func(c *fedmsg.Config) { c.SetAside = nil },
		"a certificate without key":       func(c *fedmsg.Config) { c.Cert = "/nowhere" },
		"a certificate that is not there": func(c *fedmsg.Config) { c.Cert, c.Key = "/nowhere", "/nowhere" },
		"an authority that is none":       func(c *fedmsg.Config) { c.CA = "-----BEGIN NONSENSE-----" },
	} {
		cfg := good
		change(&cfg)
		_, err := fedmsg.Open(cfg)
		if err == nil {
			t.Errorf("%s was accepted", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
}
