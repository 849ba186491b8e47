// Package outside makes requests to addresses that users chose: repositories of
// others, and composes made elsewhere.
//
// Whoever may ask for a compose must not come to ask, through us, what only we
// can reach: the metadata service of the cloud, the cluster's own services. So
// what is not listed is asked by https on its usual port alone, and only at
// addresses that all the world can reach. That is looked at when the connection
// is made, of each one: what a name stands for may change between two looks, and
// a server may send us elsewhere.
package outside

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Policy says whom we ask. The zero value lets public hosts be asked.
type Policy struct {
	// Hosts may be asked by http, too, on any port, and may be in our own network.
	// Each is a name, "*." and a name for all below it, or an IP address; with a
	// port behind, that port alone is meant.
	Hosts []string
	// Only tells that no others may be asked.
	Only bool
}

// RefusedError says that we do not ask a host. It stays so.
type RefusedError struct {
	// Host is what was asked for, with its port if one was given.
	Host string
	// Reason is why, as the end of a sentence that begins with the host.
	Reason string
}

// Error is a sentence without a full stop.
func (e *RefusedError) Error() string { return fmt.Sprintf("%.200s %s", e.Host, e.Reason) }

// Permanent tells package wire that there is no use in asking again.
func (e *RefusedError) Permanent() bool { return true }

// Check tells whether an address may be asked, as far as that can be told
// without looking its name up: the error is a RefusedError.
func (p Policy) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return &RefusedError{fmt.Sprintf("%.100q", address), "is no address"}
	}
	_, err = p.check(u)
	return err
}

// check also tells whether the host is listed.
func (p Policy) check(u *url.URL) (listed bool, err error) {
	refuse := func(reason string) (bool, error) { return false, &RefusedError{u.Host, reason} }
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false, &RefusedError{fmt.Sprintf("%.100q", u.Redacted()), "is no address that begins with https://"}
	}
	if u.User != nil {
		return refuse("is asked with a name or password in the address, and that would be seen by all: leave it out")
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if !isHost(host) {
		return refuse("is no name of a host")
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	host = strings.TrimSuffix(host, ".")
	for _, pattern := range p.Hosts {
		if matches(pattern, host, port) {
			return true, nil
		}
	}
	if p.Only {
		return refuse("is not among the hosts that this instance reads from")
	}
	if reason := unlisted(u.Scheme, host, port); reason != "" {
		return refuse(reason)
	}
	return false, nil
}

// unlisted tells why a host that is not listed is not asked, or nothing.
func unlisted(scheme, host, port string) string {
	address, err := netip.ParseAddr(host)
	switch {
	case scheme != "https":
		return "is asked by https only"
	case port != "443":
		return "is asked on port 443 only"
	case err == nil:
		return private(address)
	case !strings.Contains(host, "."), inner(host):
		return "is a name within a network, and only what all the world can reach is asked"
	case numeric(host):
		return "is no name of a host"
	}
	return ""
}

// inner are names that mean something else in each network (RFC 6761, RFC 6762,
// RFC 8375, ICANN's .internal, and Kubernetes' .svc).
func inner(host string) bool {
	for _, top := range []string{".localhost", ".local", ".internal", ".home.arpa", ".localdomain", ".svc"} {
		if strings.HasSuffix(host, top) {
			return true
		}
	}
	return false
}

// numeric tells of what some resolvers take for an address: 127.1, 0x7f.1.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
}

// isHost tells whether text is a name or an address as it stands in a URL.
func isHost(text string) bool {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Zone() == ""
	}
	return text != "" && len(text) <= 253 && text[0] != '.' && text[0] != '-' && !strings.Contains(text, "..") &&
		strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}

// CheckHost tells whether an entry of Hosts can be one.
func CheckHost(pattern string) error {
	host, port := split(pattern)
	if !isHost(strings.TrimPrefix(host, "*.")) || port != "" && !isPort(port) || strings.HasPrefix(host, "*.") && numeric(host) {
		return fmt.Errorf("%.100q is no host: write a name, *. and a name, or an IP address, with :port behind for one port alone", pattern)
	}
	return nil
}

func isPort(text string) bool {
	return len(text) <= 5 && text[0] != '0' && strings.Trim(text, "0123456789") == ""
}

// split gives host and port of an entry, in which an IPv6 address has brackets
// if there is a port.
func split(pattern string) (host, port string) {
	pattern = strings.ToLower(pattern)
	if host, port, err := net.SplitHostPort(pattern); err == nil {
		return host, port
	}
	return strings.Trim(pattern, "[]"), ""
}

func matches(pattern, host, port string) bool {
	name, only := split(pattern)
	if only != "" && only != port {
		return false
	}
	if address, err := netip.ParseAddr(name); err == nil {
		asked, err := netip.ParseAddr(host)
		return err == nil && asked.Unmap() == address.Unmap()
	}
	if below, ok := strings.CutPrefix(name, "*."); ok {
		return strings.HasSuffix(host, "."+strings.TrimSuffix(below, "."))
	}
	return host == strings.TrimSuffix(name, ".")
}

// Transport makes the round trips that the policy allows. Its settings are those
// of base, but for how connections to hosts that are not listed are made: through
// no proxy, because who looks their names up must see what they stand for.
func (p Policy) Transport(base *http.Transport) http.RoundTripper {
	strict := base.Clone()
	strict.Proxy, strict.DialTLSContext = nil, nil
	strict.DialContext = dialer().DialContext
	return &transport{policy: p, listed: base.Clone(), others: strict}
}

type transport struct {
	policy         Policy
	listed, others http.RoundTripper
}

// RoundTrip asks, if that is allowed. Where a server sends us elsewhere that is
// another round trip.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	listed, err := t.policy.check(req.URL)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	by := t.others
	if listed {
		by = t.listed
	}
	answer, err := by.RoundTrip(req)
	return answer, unknown(req.URL.Host, err)
}
