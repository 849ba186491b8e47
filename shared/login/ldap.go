package login

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	// ldapPatience is how long a directory may take in all: a request waits.
	ldapPatience = 5 * time.Second
	// ldapMost bounds the groups found in one place.
	ldapMost = 2000
)

// ldapGroups asks an LDAP server (RFC 4511).
type ldapGroups struct {
	config LDAP
	host   string
	tls    *tls.Config // nil: none, which is for this machine only
}

func newLDAP(c LDAP) (*ldapGroups, error) {
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("ldap: "+format, args...))
	}
	d := &ldapGroups{config: c}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Path != "" && u.Path != "/" {
		problem("url: %q is no address such as ldaps://host", excerpt(c.URL))
		return nil, errors.Join(problems...)
	}
	d.host = u.Hostname()
	switch {
	case u.Scheme == "ldaps" && c.StartTLS:
		problem("start_tls: ldaps:// has TLS from the start; set one or the other")
	case u.Scheme == "ldap" && !c.StartTLS && !loopback(d.host):
		problem("url: groups asked for without TLS can be changed on the way; use ldaps:// or start_tls")
	}
	if u.Scheme == "ldaps" || c.StartTLS {
		d.tls = &tls.Config{ServerName: d.host, MinVersion: tls.VersionTLS12}
		if len(c.CA) > 0 {
			d.tls.RootCAs = x509.NewCertPool()
			if !d.tls.RootCAs.AppendCertsFromPEM(c.CA) {
				problem("ca: holds no certificate in PEM")
			}
		}
	}
	if (c.BindDN == "") != (c.Password == nil) {
		problem("bind_dn and password: set both or none")
	}
	if len(c.Groups) == 0 {
		problem("groups: is empty; name where groups are looked for")
	}
	for i, g := range c.Groups {
		if _, err := ldap.ParseDN(g.Base); err != nil || g.Base == "" {
			problem("groups[%d]: base: %q is no name such as ou=groups,dc=example,dc=com", i, excerpt(g.Base))
		}
		if _, err := ldap.CompileFilter(g.filter("x")); err != nil || !strings.Contains(g.filter("\x00"), "\x00") {
			problem("groups[%d]: filter: %q is no filter with {user} in it, such as (memberUid={user})", i, excerpt(g.Filter))
		}
	}
	return d, errors.Join(problems...)
}

// filter puts an escaped user into the filter.
func (g LDAPGroups) filter(escaped string) string {
	filter := g.Filter
	if filter == "" {
		filter = "(memberUid={user})"
	}
	return strings.ReplaceAll(filter, "{user}", escaped)
}

// Groups gives the cn of each group found for the user.
func (d *ldapGroups) Groups(ctx context.Context, user string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, ldapPatience)
	defer cancel()
	groups, err := d.search(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("get groups of %s from LDAP at %s: %w", user, d.host, err)
	}
	return groups, nil
}

func (d *ldapGroups) search(ctx context.Context, user string) ([]string, error) {
	conn, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	// go-ldap knows no context: closing is what ends its waiting.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if d.config.StartTLS {
		if err := conn.StartTLS(d.tls); err != nil {
			return nil, fmt.Errorf("start TLS: %w", err)
		}
	}
	if d.config.BindDN != "" {
		if err := conn.Bind(d.config.BindDN, strings.TrimSpace(string(d.config.Password()))); err != nil {
			return nil, fmt.Errorf("log in as %s: %w", d.config.BindDN, err)
		}
	}
	var groups []string
	for _, g := range d.config.Groups {
		found, err := g.search(conn, user)
		if err != nil {
			return nil, fmt.Errorf("search %s: %w", g.Base, err)
		}
		groups = append(groups, found...)
	}
	return groups, nil
}

func (d *ldapGroups) dial(ctx context.Context) (*ldap.Conn, error) {
	deadline, _ := ctx.Deadline()
	options := []ldap.DialOpt{ldap.DialWithDialer(&net.Dialer{Deadline: deadline})}
	if d.tls != nil {
		options = append(options, ldap.DialWithTLSConfig(d.tls))
	}
	conn, err := ldap.DialURL(d.config.URL, options...)
	if err != nil {
		return nil, err
	}
	conn.SetTimeout(ldapPatience)
	return conn, nil
}

func (g LDAPGroups) search(conn *ldap.Conn, user string) ([]string, error) {
	scope := ldap.ScopeSingleLevel
	if g.Subtree {
		scope = ldap.ScopeWholeSubtree
	}
	// One more than may be is asked for, so as to tell too many from just as many.
	answer, err := conn.Search(ldap.NewSearchRequest(g.Base, scope, ldap.NeverDerefAliases, ldapMost+1,
		int(ldapPatience.Seconds()), false, g.filter(ldap.EscapeFilter(user)), []string{"cn"}, nil))
	if err != nil {
		return nil, err
	}
	if len(answer.Entries) > ldapMost {
		return nil, fmt.Errorf("more than %d groups", ldapMost)
	}
	var groups []string
	for _, entry := range answer.Entries {
		for _, name := range entry.GetAttributeValues("cn") {
			if goodName(name) {
				groups = append(groups, name)
			}
		}
	}
	return groups, nil
}
