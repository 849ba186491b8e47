package config

import "time"

// Login is the ways in which callers of the API log in. Those that are nil are
// off.
type Login struct {
	// Anyone lets everybody in: for a local run.
	Anyone bool `yaml:"anyone"`
	// ClosedReads asks also those who only read to log in.
	ClosedReads bool              `yaml:"closed_reads"`
	OIDC        *LoginOIDC        `yaml:"oidc"`
	Certificate *LoginCertificate `yaml:"certificate"`
	Kerberos    *LoginKerberos    `yaml:"kerberos"`
	// LDAP and FAS tell the groups of users of Kerberos.
	LDAP *LoginLDAP `yaml:"ldap"`
	FAS  *LoginFAS  `yaml:"fas"`
}

// LoginOIDC is an issuer of bearer tokens.
type LoginOIDC struct {
	Issuer         string              `yaml:"issuer"`
	Audience       []string            `yaml:"audience"`
	AnyAudience    bool                `yaml:"any_audience"`
	Algorithms     []string            `yaml:"algorithms"`
	Skew           time.Duration       `yaml:"skew"`
	UserClaim      string              `yaml:"user_claim"`
	GroupsClaim    string              `yaml:"groups_claim"`
	UserInfo       bool                `yaml:"userinfo"`
	ScopePrefix    string              `yaml:"scope_prefix"`
	RequiredScopes []string            `yaml:"required_scopes"`
	KeysAge        time.Duration       `yaml:"keys_age"`
	Introspection  *LoginIntrospection `yaml:"introspection"`
}

// LoginIntrospection is our own account with the issuer.
type LoginIntrospection struct {
	URL        string        `yaml:"url"`
	ClientID   string        `yaml:"client_id"`
	Secret     Source        `yaml:"client_secret,secret"`
	PostSecret bool          `yaml:"post_secret"`
	Always     bool          `yaml:"always"`
	Remember   time.Duration `yaml:"remember"`
}

// LoginCertificate is how client certificates reach us.
type LoginCertificate struct {
	// Form is nginx, envoy, rfc9440 or tls.
	Form          string `yaml:"form"`
	SecretHeader  string `yaml:"secret_header"`
	IngressSecret Source `yaml:"ingress_secret,secret"`
	VerifyHeader  string `yaml:"verify_header"`
	SubjectHeader string `yaml:"subject_header"`
	CA            Source `yaml:"ca,file"`
	SlashSubject  bool   `yaml:"slash_subject"`
}

// LoginKerberos is the service clients get tickets for.
type LoginKerberos struct {
	Keytab      Source        `yaml:"keytab,file"`
	Service     string        `yaml:"service"`
	Realms      []string      `yaml:"realms"`
	StripRealms []string      `yaml:"strip_realms"`
	Skew        time.Duration `yaml:"skew"`
}

// LoginLDAP is a directory of groups.
type LoginLDAP struct {
	URL      string           `yaml:"url"`
	StartTLS bool             `yaml:"start_tls"`
	CA       Source           `yaml:"ca,file"`
	BindDN   string           `yaml:"bind_dn"`
	Password Source           `yaml:"password,secret"`
	Groups   []LoginLDAPGroup `yaml:"groups"`
	Remember time.Duration    `yaml:"remember"`
}

// LoginLDAPGroup is one place to look for groups.
type LoginLDAPGroup struct {
	Base    string `yaml:"base"`
	Filter  string `yaml:"filter"`
	Subtree bool   `yaml:"subtree"`
}

// LoginFAS is Fedora's account system by FASJSON.
type LoginFAS struct {
	URL       string        `yaml:"url"`
	Principal string        `yaml:"principal"` // NAME@REALM
	Keytab    Source        `yaml:"keytab,file"`
	Krb5Conf  Source        `yaml:"krb5_conf,file"`
	Token     Source        `yaml:"token,secret"`
	Remember  time.Duration `yaml:"remember"`
}
