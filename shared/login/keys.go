package login

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// algorithms gives the signatures taken (RFC 7518 §3.1, RFC 8037). Those with a
// shared key are none of them: with them, the issuer's public key would do to
// sign.
func algorithms(names []string) ([]jose.SignatureAlgorithm, error) {
	known := []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
	if len(names) == 0 {
		return []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}, nil
	}
	var taken []jose.SignatureAlgorithm
	for _, name := range names {
		if !slices.Contains(known, jose.SignatureAlgorithm(name)) {
			return nil, fmt.Errorf("oidc: algorithms: %q is none of %v", name, known)
		}
		taken = append(taken, jose.SignatureAlgorithm(name))
	}
	return taken, nil
}

// strong refuses RSA keys that can be computed (RFC 7518 §3.3).
func strong(key jose.JSONWebKey) bool {
	public, ok := key.Key.(*rsa.PublicKey)
	return !ok || public.N.BitLen() >= 2048
}

// fits reports whether a key is of the kind an algorithm needs.
func fits(key jose.JSONWebKey, algorithm string) bool {
	switch key.Key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	case *ecdsa.PublicKey:
		return strings.HasPrefix(algorithm, "ES")
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	}
	return false
}

// checkURL accepts absolute addresses with TLS, and those of this machine
// without: what is sent there are secrets.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q is no address such as https://host/path", excerpt(address))
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%q does not begin with https://", excerpt(address))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// excerpt is enough of a text from outside to recognise it.
func excerpt(text string) string {
	const most = 100
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}
