package login

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

const (
	// passedMost bounds a header with certificates, in bytes.
	passedMost = 64 << 10
	// chainMost bounds the certificates between one and its authority.
	chainMost = 8
)

// single gives the one value of a header. Two of them mean that the ingress has
// let through one that the client sent.
func single(h http.Header, name string) (string, bool, error) {
	values := h.Values(name)
	switch {
	case len(values) == 0 || values[0] == "" && len(values) == 1:
		return "", false, nil
	case len(values) > 1:
		return "", true, failed("more than one "+name+" header", nil)
	case len(values[0]) > passedMost:
		return "", true, failed(name+" is too long", nil)
	}
	return values[0], true, nil
}

// fromNginx reads $ssl_client_verify and $ssl_client_s_dn
// (https://nginx.org/en/docs/http/ngx_http_ssl_module.html).
func (m *certificates) fromNginx(h http.Header) (string, bool, error) {
	verified, found, err := single(h, m.config.VerifyHeader)
	if err != nil || !found || verified == "NONE" {
		return "", found && err != nil, err
	}
	if verified != "SUCCESS" {
		if !goodName(verified) {
			verified = "FAILED"
		}
		return "", true, unauthorized("Cannot verify client: "+verified, "Use a valid certificate of an authority that is accepted here.")
	}
	subject, _, err := single(h, m.config.SubjectHeader)
	return subject, true, err
}

// fromEnvoy reads x-forwarded-client-cert. It must be of one proxy: with more,
// Envoy has kept what came from outside.
func (m *certificates) fromEnvoy(h http.Header) (string, bool, error) {
	value, found, err := single(h, "X-Forwarded-Client-Cert")
	if err != nil || !found {
		return "", found, err
	}
	elements, err := parseXFCC(value)
	switch {
	case err != nil:
		return "", true, failed("x-forwarded-client-cert is malformed", err)
	case len(elements) != 1:
		return "", true, failed("x-forwarded-client-cert is of more than one proxy; set forward_client_cert_details to SANITIZE_SET", nil)
	case m.roots == nil:
		return elements[0]["subject"], true, nil
	}
	cert, chain, err := escapedPEM(elements[0])
	if err != nil {
		return "", true, failed("x-forwarded-client-cert has no certificate that can be read", err)
	}
	subject, err := m.verified(cert, chain)
	return subject, true, err
}

// escapedPEM reads Cert and Chain of Envoy: PEM, escaped as in a URL.
func escapedPEM(element map[string]string) (*x509.Certificate, []*x509.Certificate, error) {
	var all []*x509.Certificate
	for _, key := range []string{"cert", "chain"} {
		raw, err := url.PathUnescape(element[key])
		if err != nil {
			return nil, nil, errors.New(key + " is not escaped as in a URL")
		}
		rest := []byte(raw)
		for len(all) <= chainMost {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, err
			}
			all = append(all, cert)
		}
		if len(all) == 0 {
			return nil, nil, errors.New("there is none")
		}
	}
	return all[0], all[1:], nil
}

// fromRFC9440 reads Client-Cert and Client-Cert-Chain.
func (m *certificates) fromRFC9440(h http.Header) (string, bool, error) {
	value, found, err := single(h, "Client-Cert")
	if err != nil || !found {
		return "", found, err
	}
	cert, err := parseClientCert(value)
	if err != nil {
		return "", true, failed("Client-Cert is malformed", err)
	}
	// A list may come as several headers (RFC 8941 §3.1).
	chain, err := parseClientCertChain(strings.Join(h.Values("Client-Cert-Chain"), ","))
	if err != nil {
		return "", true, failed("Client-Cert-Chain is malformed", err)
	}
	subject, err := m.verified(cert, chain)
	return subject, true, err
}

// parseClientCert reads one certificate, a byte sequence of RFC 8941 §3.3.5.
func parseClientCert(value string) (*x509.Certificate, error) {
	value = strings.Trim(value, " ")
	inner, ok := strings.CutPrefix(value, ":")
	if ok {
		inner, ok = strings.CutSuffix(inner, ":")
	}
	if !ok || len(value) > passedMost {
		return nil, errors.New("no byte sequence between colons")
	}
	der, err := base64.StdEncoding.DecodeString(inner)
	if err != nil {
		return nil, errors.New("not base64")
	}
	return x509.ParseCertificate(der)
}

func parseClientCertChain(value string) ([]*x509.Certificate, error) {
	if strings.Trim(value, " ") == "" {
		return nil, nil
	}
	if len(value) > passedMost {
		return nil, errors.New("too long")
	}
	items := strings.Split(value, ",")
	if len(items) > chainMost {
		return nil, errors.New("too many certificates")
	}
	chain := make([]*x509.Certificate, 0, len(items))
	for _, item := range items {
		cert, err := parseClientCert(strings.Trim(item, " \t"))
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	return chain, nil
}
