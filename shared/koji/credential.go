package koji

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// Credential is a way to log in. It holds its secret out of reach of printing.
// The zero value is nobody: calls that need a name are then refused.
type Credential struct {
	kind  string
	login func(context.Context, *Hub) (session, error)
}

func (c Credential) set() bool { return c.login != nil }

// String names the way, not the secret.
func (c Credential) String() string {
	if !c.set() {
		return "no credential"
	}
	return c.kind
}

// Password logs in with a name and a password: for a local Koji. Public ones
// do not take it.
func Password(user, password string) Credential {
	return Credential{kind: "password", login: func(ctx context.Context, h *Hub) (session, error) {
		var s session
		err := h.send(ctx, h.http, h.server.String(), session{}, "login", []any{user, password},
			func(r *xmlrpc.Reader) { s = readSession(r) })
		return s, err
	}}
}

// Certificate logs in with a client certificate. Roots are the authorities the
// hub's own certificate must come from; nil means the system's.
//
// The hub's web server asks for the certificate only once it has seen the path,
// by renegotiation, which TLS 1.3 and HTTP/2 do not have: so the login has a
// transport of its own. The session then works on the usual one.
func Certificate(cert tls.Certificate, roots *x509.CertPool) Credential {
	client := &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{ //nolint:gosec // TLS 1.3 cannot ask for a certificate later
				Certificates:  []tls.Certificate{cert},
				RootCAs:       roots,
				MinVersion:    tls.VersionTLS12,
				MaxVersion:    tls.VersionTLS12,
				Renegotiation: tls.RenegotiateOnceAsClient,
			},
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1
		},
	}
	return Credential{kind: "certificate", login: func(ctx context.Context, h *Hub) (session, error) {
		defer client.CloseIdleConnections()
		if h.server.Scheme != "https" {
			return session{}, fmt.Errorf("a certificate needs an https address")
		}
		return h.sslLogin(ctx, client)
	}}
}

// sslLogin is posted to an address of its own, on which the web server checks
// who asks, by certificate or by Kerberos.
func (h *Hub) sslLogin(ctx context.Context, client *http.Client) (session, error) {
	var s session
	err := h.send(ctx, client, h.server.String()+"/ssllogin", session{}, "sslLogin", nil,
		func(r *xmlrpc.Reader) { s = readSession(r) })
	return s, err
}
