package config

import (
	"net/url"
	"slices"
	"strings"
)

// checkLogin makes sure that there is a way to log in, and that each is whole.
func (r *reader) checkLogin(k *Composes) {
	const at = "composes.login"
	l := k.Login
	if l == nil {
		r.absent(at, "say how callers of the API log in; {anyone: true} lets everybody in and is for a local run")
		return
	}
	ways := l.OIDC != nil || l.Certificate != nil || l.Kerberos != nil
	switch {
	case l.Anyone && ways:
		r.fail(at+".anyone", "cannot stand beside other ways to log in; keep one of them")
	case !l.Anyone && !ways && !r.troubled(at):
		r.fail(at, "has no way to log in; add oidc, certificate or kerberos")
	}
	if l.OIDC != nil {
		r.checkOIDC(at+".oidc", l.OIDC)
	}
	if l.Certificate != nil {
		r.checkCertificate(at+".certificate", l.Certificate)
	}
	if kerberos := l.Kerberos; kerberos != nil {
		if kerberos.Keytab.IsZero() {
			r.absent(at+".kerberos.keytab_file", "name the file of the service's keys")
		}
		if len(kerberos.Realms) == 0 {
			r.absent(at+".kerberos.realms", "list the realms whose users may log in")
		}
		for i, realm := range kerberos.StripRealms {
			if !slices.Contains(kerberos.Realms, realm) {
				r.fail(index(at+".kerberos.strip_realms", i), "%q is not among realms", clip(realm))
			}
		}
	}
	r.checkDirectories(at, l)
	if !l.Anyone && len(k.Users)+len(k.Groups) == 0 && !r.troubled("composes") {
		r.fail("composes.users", "is missing, and groups too: nobody may ask for a compose; list who may")
	}
}

func (r *reader) checkOIDC(at string, o *LoginOIDC) {
	r.address(at+".issuer", o.Issuer, "name the issuer exactly as its tokens do", web)
	switch {
	case len(o.Audience) == 0 && !o.AnyAudience:
		r.absent(at+".audience", "list the names a token may be meant for, or set any_audience: true")
	case len(o.Audience) > 0 && o.AnyAudience:
		r.fail(at+".any_audience", "takes tokens for others, whatever audience says; keep one of them")
	}
	if i := o.Introspection; i != nil {
		if i.URL != "" {
			r.address(at+".introspection.url", i.URL, "", web)
		}
		if i.ClientID == "" {
			r.absent(at+".introspection.client_id", "name our own account with the issuer")
		}
		if i.Secret.IsZero() {
			r.absent(at+".introspection.client_secret_env", "say where its secret is, here or with client_secret_file")
		}
	}
}

func (r *reader) checkCertificate(at string, c *LoginCertificate) {
	forms := []string{"nginx", "envoy", "rfc9440", "tls"}
	switch {
	case c.Form == "":
		r.absent(at+".form", "write how certificates reach us, one of "+strings.Join(forms, ", "))
		return
	case !slices.Contains(forms, c.Form):
		r.fail(at+".form", "%q is no form; write one of %s", clip(c.Form), strings.Join(forms, ", "))
		return
	}
	if c.Form != "tls" {
		if c.SecretHeader == "" {
			r.absent(at+".secret_header", "name the header by which the ingress shows that a request came through it")
		}
		if c.IngressSecret.IsZero() {
			r.absent(at+".ingress_secret_env", "say where the secret in that header is, here or with ingress_secret_file")
		}
	}
	if c.CA.IsZero() && (c.Form == "rfc9440" || c.Form == "tls") {
		r.absent(at+".ca_file", "name the file of the authorities certificates must come from")
	}
}

func (r *reader) checkDirectories(at string, l *Login) {
	if d := l.LDAP; d != nil {
		u, err := url.Parse(d.URL)
		switch {
		case d.URL == "":
			r.absent(at+".ldap.url", "name the directory, such as ldaps://ldap.example.org")
		case err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "ldaps" && u.Scheme != "ldap":
			r.fail(at+".ldap.url", "is no address of a directory; it is ldaps://HOST")
		case u.Scheme == "ldap" && !d.StartTLS && !inside(u.Hostname()):
			r.fail(at+".ldap.url", "is not encrypted; use ldaps://, or set start_tls: true")
		}
		if len(d.Groups) == 0 {
			r.absent(at+".ldap.groups", "say where groups are looked for")
		}
		for i, g := range d.Groups {
			if g.Base == "" {
				r.absent(index(at+".ldap.groups", i)+".base", "name what is searched, such as ou=groups,dc=example,dc=org")
			}
		}
		r.together(at+".ldap", "bind_dn", d.BindDN != "", "password_env", !d.Password.IsZero())
	}
	if f := l.FAS; f != nil {
		r.address(at+".fas.url", f.URL, "name its address, such as https://fasjson.fedoraproject.org", web)
		switch {
		case f.Token.IsZero() && f.Keytab.IsZero():
			r.absent(at+".fas.keytab_file", "name the file of our keys there, or set token_env")
		case !f.Keytab.IsZero() && strings.Count(f.Principal, "@") != 1:
			r.fail(at+".fas.principal", "is no principal; it is NAME@REALM")
		}
	}
}
