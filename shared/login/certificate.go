package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// certificates recognises callers by client certificates. The user is the whole
// subject, as in ODCS; there are no groups.
//
// Whether a certificate was revoked is not looked at: that is for the ingress,
// which has the connection, or for short lives of certificates.
type certificates struct {
	config  Certificate
	now     func() time.Time
	secrets [][sha256.Size]byte
	roots   *x509.CertPool
}

// secretLeast is the least length of the ingress' secret, in bytes.
const secretLeast = 16

func newCertificates(c Certificate, tools Tools) (*certificates, error) {
	if c.VerifyHeader == "" {
		c.VerifyHeader = "ssl-client-verify"
	}
	if c.SubjectHeader == "" {
		c.SubjectHeader = "ssl-client-subject-dn"
	}
	m := &certificates{config: c, now: tools.Now}
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("certificate: "+format, args...))
	}
	switch c.Form {
	case FormNginx, FormEnvoy, FormRFC9440, FormTLS:
	default:
		problem("form: %q is none of %s, %s, %s, %s", c.Form, FormNginx, FormEnvoy, FormRFC9440, FormTLS)
	}
	if c.Form != FormTLS {
		m.secrets = lines(c.IngressSecret)
		if c.SecretHeader == "" || len(m.secrets) == 0 {
			problem("secret_header and ingress_secret are needed: else anybody could send the headers of the ingress")
		}
		for line := range strings.Lines(string(reveal(c.IngressSecret))) {
			if line = strings.TrimSpace(line); line != "" && len(line) < secretLeast {
				problem("ingress_secret: a secret is shorter than %d bytes", secretLeast)
			}
		}
	}
	if len(c.CA) > 0 {
		m.roots = x509.NewCertPool()
		if !m.roots.AppendCertsFromPEM(c.CA) {
			problem("ca: holds no certificate in PEM")
		}
	}
	switch {
	case m.roots == nil && (c.Form == FormRFC9440 || c.Form == FormTLS):
		problem("ca: is needed to check certificates with")
	case m.roots != nil && c.Form == FormNginx:
		problem("ca: has no use with the form nginx, which passes no certificate")
	}
	return m, errors.Join(problems...)
}

func (*certificates) missing() string { return "Cannot verify client: None" }

func (*certificates) way() string { return "a client certificate" }

func (*certificates) challenge() string { return "" }

func (m *certificates) caller(r *http.Request) (Caller, bool, error) {
	if m.config.Form != FormTLS && !m.throughIngress(r) {
		return Caller{}, false, nil
	}
	subject, found, err := m.subject(r)
	switch {
	case err != nil:
		return Caller{}, true, err
	case !found:
		return Caller{}, false, nil
	case !goodName(subject):
		return Caller{}, true, unauthorized("Unable to get user information (DN) from client certificate",
			"Use a certificate whose subject says who you are.")
	}
	return Caller{Name: subject, How: HowCertificate}, true, nil
}

func (m *certificates) subject(r *http.Request) (subject string, found bool, err error) {
	switch m.config.Form {
	case FormNginx:
		return m.fromNginx(r.Header)
	case FormEnvoy:
		return m.fromEnvoy(r.Header)
	case FormRFC9440:
		return m.fromRFC9440(r.Header)
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return "", false, nil
	}
	subject, err = m.verified(r.TLS.PeerCertificates[0], r.TLS.PeerCertificates[1:])
	return subject, true, err
}

// throughIngress reports whether the request bears a secret of the ingress.
// All are compared, and digests of them, so that the time taken tells nothing.
func (m *certificates) throughIngress(r *http.Request) bool {
	values := r.Header.Values(m.config.SecretHeader)
	if len(values) != 1 {
		return false
	}
	shown, same := sha256.Sum256([]byte(values[0])), 0
	for _, secret := range m.secrets {
		same |= subtle.ConstantTimeCompare(shown[:], secret[:])
	}
	return same == 1
}

// verified checks a certificate against our authorities and gives its subject.
func (m *certificates) verified(cert *x509.Certificate, chain []*x509.Certificate) (string, error) {
	between := x509.NewCertPool()
	for _, c := range chain {
		between.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: m.roots, Intermediates: between, CurrentTime: m.now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return "", failed(reason(err), err)
	}
	subject, err := m.name(cert.RawSubject)
	if err != nil {
		return "", failed("its subject cannot be read", err)
	}
	return subject, nil
}

func (m *certificates) name(raw []byte) (string, error) {
	if m.config.SlashSubject {
		return slashName(raw)
	}
	return rfc2253Name(raw)
}

// failed refuses a certificate in the words of Apache and nginx, which ODCS
// repeats.
func failed(why string, err error) *Refusal {
	refusal := unauthorized("Cannot verify client: FAILED:"+why, "Use a valid certificate of an authority that is accepted here.")
	refusal.Err = err
	return refusal
}

// reason is what of an error concerns the caller.
func reason(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate has expired or is not yet valid"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "certificate is not made for clients"
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "certificate is of an unknown authority"
	}
	return "certificate is not valid"
}

// reveal gives the bytes of a secret that may be unset.
func reveal(secret Reveal) []byte {
	if secret == nil {
		return nil
	}
	return secret()
}

func lines(secret Reveal) [][sha256.Size]byte {
	var sums [][sha256.Size]byte
	for line := range strings.Lines(string(reveal(secret))) {
		if line = strings.TrimSpace(line); line != "" {
			sums = append(sums, sha256.Sum256([]byte(line)))
		}
	}
	return sums
}
