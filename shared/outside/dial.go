package outside

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// dialer makes connections to what all the world can reach.
func dialer() *net.Dialer { return &net.Dialer{Timeout: 10 * time.Second, Control: control} }

// control is asked for each connection when the address is known, and before
// anything is sent (net.Dialer.Control).
func control(network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return &RefusedError{address, "is no address that is asked"}
	}
	if reason := private(at.Addr()); reason != "" {
		return &RefusedError{at.Addr().String(), reason}
	}
	return nil
}

// private tells why an address is not asked, or nothing.
func private(address netip.Addr) string {
	address = address.WithZone("").Unmap()
	if inner, ok := translated(address); ok {
		address = inner
	}
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return notPublic
	}
	for _, block := range special() {
		if block.Contains(address) {
			return notPublic
		}
	}
	return ""
}

const notPublic = "is an address within a network, and only what all the world can reach is asked"

// translated gives the IPv4 address that a translator of the network puts in
// place of an IPv6 one (RFC 6052).
func translated(address netip.Addr) (netip.Addr, bool) {
	if !netip.MustParsePrefix("64:ff9b::/96").Contains(address) {
		return netip.Addr{}, false
	}
	raw := address.As16()
	return netip.AddrFrom4([4]byte(raw[12:])), true
}

// special are the blocks that are not for all the world, beside those that
// netip knows (IANA's registries of special-purpose addresses, RFC 6890), and the
// one public address behind which a cloud keeps secrets of its machines: Azure's.
func special() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "168.63.129.16/32",
		"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// unknown makes a refusal of a name that nobody has: who wrote it is to be told,
// and not after hours of asking again. Where the one who knows names did not
// answer it is no refusal.
func unknown(host string, err error) error {
	var lookup *net.DNSError
	if errors.As(err, &lookup) && lookup.IsNotFound && !lookup.IsTemporary && !lookup.IsTimeout {
		return &RefusedError{host, "is no host that is known here: check the name"}
	}
	return err
}
