package fedmsg

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rabbitmq/amqp091-go"
)

// tls gives the client side of the connection: the broker checked against CA,
// ourselves shown by the certificate.
func (c Config) tls() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if (c.Cert == "") != (c.Key == "") {
		return nil, errors.New("client certificate: certificate and key belong together")
	}
	if c.Cert != "" {
		cert, err := pemOrFile(c.Cert)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		key, err := pemOrFile(c.Key)
		if err != nil {
			return nil, fmt.Errorf("client key: %w", err)
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if c.CA != "" {
		ca, err := pemOrFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("certificate authority: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("certificate authority: no certificate in it")
		}
	}
	return conf, nil
}

func (c Config) login(uri amqp091.URI) []amqp091.Authentication {
	if c.Cert != "" {
		return []amqp091.Authentication{&amqp091.ExternalAuth{}}
	}
	return []amqp091.Authentication{uri.PlainAuth()}
}

func pemOrFile(value string) ([]byte, error) {
	if strings.Contains(value, "-----BEGIN") {
		return []byte(value), nil
	}
	return os.ReadFile(value)
}
