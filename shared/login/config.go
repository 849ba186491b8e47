package login

import (
	"context"
	"time"
)

// Config is which ways to log in there are. Those that are nil are off.
type Config struct {
	// Anyone lets everybody in as "unknown" and is for a local run; it cannot
	// stand beside the others.
	Anyone bool
	// ClosedReads asks also those who only read to log in.
	ClosedReads bool
	OIDC        *OIDC
	Certificate *Certificate
	Kerberos    *Kerberos
	// LDAP and FAS tell the groups of users who log in with Kerberos; both set,
	// they add up. Tokens bring their groups along, and certificates have none.
	LDAP *LDAP
	FAS  *FAS
}

// Reveal gives a secret. It is a function, so that nothing prints the secret by
// accident; nil is none.
type Reveal func() []byte

// OIDC is an issuer of bearer tokens (RFC 6750, OpenID Connect Discovery 1.0).
type OIDC struct {
	// Issuer is its address, exactly as its tokens say it:
	// "https://id.fedoraproject.org/openidc/".
	Issuer string
	// Audience are the names that a token may be meant for, one of which it
	// must bear. Empty is only possible with AnyAudience.
	Audience []string
	// AnyAudience takes tokens that were made for others. Whoever runs another
	// service of that issuer can then act as its users here; scopes are all
	// that stands between.
	AnyAudience bool
	// Algorithms are the signatures taken. Empty means RS256, PS256, ES256 and
	// EdDSA. Those with a shared key (HS256) and "none" are never taken.
	Algorithms []string
	// Skew is by how much the issuer's clock may differ from ours: at most 5
	// minutes. 0 means 30 s.
	Skew time.Duration
	// UserClaim is the claim with the user's name. Empty means "sub" in signed
	// tokens and "username" (RFC 7662), else "sub", in introspected ones.
	UserClaim string
	// GroupsClaim is the claim with the user's groups. Empty means "groups".
	GroupsClaim string
	// UserInfo asks the issuer for the groups of a token that does not tell
	// them. As in ODCS, a token that may not ask has no groups.
	UserInfo bool
	// ScopePrefix stands before new-compose, renew-compose and delete-compose.
	// Empty means "https://pagure.io/odcs/".
	ScopePrefix string
	// RequiredScopes must be in every token: ODCS's auth_openidc_required_scopes.
	RequiredScopes []string
	// KeysAge is how long the issuer's keys are used before they are asked for
	// again. 0 means 1 h. A key the issuer withdrew is good for as long.
	KeysAge time.Duration
	// Introspection asks the issuer what a token means (RFC 7662). Needed for
	// tokens that are no signed JSON, such as Fedora's; nil refuses those.
	Introspection *Introspection
}

// Introspection is our own account with the issuer.
type Introspection struct {
	// URL is where to ask. Empty takes it from the issuer's description.
	URL          string
	ClientID     string
	ClientSecret Reveal
	// PostSecret sends id and secret in the form (client_secret_post), as
	// Fedora's Ipsilon wants it, and not as Basic authorization.
	PostSecret bool
	// Always asks about signed tokens as well: one that was revoked is then
	// refused within Remember, for one call more.
	Always bool
	// Remember is how long an answer holds. 0 means 1 min.
	Remember time.Duration
}

// Certificate is how client certificates reach us.
type Certificate struct {
	// Form is one of the Form constants.
	Form string
	// SecretHeader names the header by which the ingress shows that a request
	// came through it, and IngressSecret what it holds: one secret a line, any
	// of which is taken, so that it can be changed without a gap. At least 16
	// bytes each. Needed by all forms but "tls".
	SecretHeader  string
	IngressSecret Reveal
	// VerifyHeader and SubjectHeader are those of the form "nginx". Empty means
	// ssl-client-verify and ssl-client-subject-dn, as ingress-nginx sends them.
	VerifyHeader  string
	SubjectHeader string
	// CA are the certificates, in PEM, of the authorities that certificates
	// must come from. Needed by "rfc9440" and "tls". With "envoy" they make us
	// check the certificate again, which Envoy then has to pass (cert: true).
	CA []byte
	// SlashSubject writes subjects as /O=…/CN=…, as Apache does with
	// SSLOptions +LegacyDNStringFormat, and not as CN=…,O=… (RFC 2253).
	SlashSubject bool
}

// The forms in which a client certificate reaches us.
const (
	// FormNginx: two headers, the outcome of the check and the subject.
	FormNginx = "nginx"
	// FormEnvoy: x-forwarded-client-cert.
	FormEnvoy = "envoy"
	// FormRFC9440: Client-Cert and Client-Cert-Chain.
	FormRFC9440 = "rfc9440"
	// FormTLS: the connection itself, which ends here.
	FormTLS = "tls"
)

// Kerberos is the service that clients get tickets for (RFC 4559).
type Kerberos struct {
	// Keytab is the content of the keytab file.
	Keytab Reveal
	// Service is the principal tickets must be for, without realm:
	// "HTTP/odcs.fedoraproject.org". Empty means any HTTP/… in the keytab.
	Service string
	// Realms are those whose users may log in. The first is our own: LDAP and FAS
	// tell groups of its users, and of those whose realm is stripped.
	Realms []string
	// StripRealms are those left out of the user's name, as ODCS does with
	// every realm: "alice" and not "alice@FEDORAPROJECT.ORG". Two realms that
	// are stripped share their names.
	StripRealms []string
	// Skew is by how much a client's clock may differ from ours: at most 5
	// minutes. 0 means 5 min, Kerberos' usual.
	Skew time.Duration
}

// LDAP is a directory of groups.
type LDAP struct {
	// URL is ldaps://host[:port], or ldap:// with StartTLS. Without TLS only
	// this machine is asked.
	URL      string
	StartTLS bool
	// CA are the authorities of the server's certificate, in PEM. Empty means
	// the system's.
	CA []byte
	// BindDN and Password log in; empty asks as nobody.
	BindDN   string
	Password Reveal
	// Groups are where groups are looked for, each in turn.
	Groups []LDAPGroups
	// Remember is how long groups hold. 0 means 5 min.
	Remember time.Duration
}

// LDAPGroups is one place to look for groups.
type LDAPGroups struct {
	// Base is what is searched: "ou=groups,dc=example,dc=com", one level deep.
	Base string
	// Filter is an LDAP filter (RFC 4515) in which {user} stands for the user.
	// Empty means "(memberUid={user})".
	Filter string
	// Subtree searches everything below Base.
	Subtree bool
}

// FAS is Fedora's account system by FASJSON.
type FAS struct {
	// URL is its address without version: "https://fasjson.fedoraproject.org".
	URL string
	// Principal, Realm, Keytab and KRB5Conf are our own login; KRB5Conf is the
	// content of krb5.conf.
	Principal string
	Realm     string
	Keytab    Reveal
	KRB5Conf  string
	// Token is sent as a bearer token instead, where a proxy takes one.
	Token Reveal
	// Remember is how long groups hold. 0 means 5 min.
	Remember time.Duration
}

// Cache keeps bytes between instances. Get gives nothing and no error for what
// is not there. What it holds is believed: nobody else may write there.
type Cache interface {
	Get(ctx context.Context, name string) ([]byte, error)
	Put(ctx context.Context, name string, body []byte) error
}

// Seen remembers what was shown once. First reports whether key was never
// given before; it may forget key after until. Of two at the same time, one at
// most is the first.
type Seen interface {
	First(ctx context.Context, key string, until time.Time) (bool, error)
}
