package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// What an address begins with. Without its last letter it is not encrypted.
const (
	web = "https"
	bus = "amqps"
)

// address reports an address that is missing or that nobody can use. The
// address itself is not shown: a password may be in it.
func (r *reader) address(at, text, advice, scheme string) {
	if text == "" {
		r.absent(at, advice)
		return
	}
	plain := strings.TrimSuffix(scheme, "s")
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != scheme && u.Scheme != plain {
		r.fail(at, "is no address; it begins with %s:// and a host name", scheme)
		return
	}
	password, _ := u.User.Password()
	switch {
	case scheme == web && u.User != nil:
		r.fail(at, "has a user in it; remove all up to the @")
	case password != "":
		r.fail(at, "has a password in it, which does not belong into this file; say where it is, with password_env or password_file")
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		r.fail(at, "has ? or # in it; an address here ends with its path")
	case u.Scheme == plain && !inside(u.Hostname()):
		r.fail(at, "is not encrypted; use %s:// (%s:// is for this machine and names within a cluster: localhost, 127.0.0.1, NAME.svc)", scheme, plain)
	}
}

// inside tells whether a host is this machine or within the cluster.
func inside(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}
