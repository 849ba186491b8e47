package koji

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/spnego"
)

// Keytab logs in as a Kerberos principal such as
// "distaff/ci.example.com@FEDORAPROJECT.ORG". Keys is the content of the
// keytab file, conf that of krb5.conf. The ticket is asked for the service
// HTTP/<host of the hub>.
func Keytab(name, realm string, keys []byte, conf string) (Credential, error) {
	kt := keytab.New()
	if err := kt.Unmarshal(keys); err != nil {
		return Credential{}, fmt.Errorf("koji: read keytab of %s@%s: it is damaged", name, realm)
	}
	krb, err := config.NewFromString(conf)
	if err != nil {
		return Credential{}, fmt.Errorf("koji: read krb5.conf: %w", err)
	}
	return Credential{kind: "Kerberos keytab", login: func(ctx context.Context, h *Hub) (session, error) {
		kerberos := client.NewWithKeytab(name, realm, kt, krb, client.DisablePAFXFAST(true))
		defer kerberos.Destroy()
		if err := kerberos.Login(); err != nil {
			return session{}, fmt.Errorf("get a ticket for %s@%s: %w", name, realm, err)
		}
		return h.sslLogin(ctx, &http.Client{
			Timeout: time.Minute,
			Transport: negotiate{
				kerberos: kerberos,
				service:  "HTTP/" + h.server.Hostname(),
				next:     h.transport(),
			},
		})
	}}, nil
}

// negotiate adds the ticket to a request (RFC 4559), before it is asked for:
// that is one round trip less.
type negotiate struct {
	kerberos *client.Client
	service  string
	next     http.RoundTripper
}

func (n negotiate) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if err := spnego.SetSPNEGOHeader(n.kerberos, req, n.service); err != nil {
		return nil, fmt.Errorf("get a ticket for %s: %w", n.service, err)
	}
	return n.next.RoundTrip(req)
}

func (h *Hub) transport() http.RoundTripper {
	if h.http.Transport != nil {
		return h.http.Transport
	}
	return http.DefaultTransport
}
