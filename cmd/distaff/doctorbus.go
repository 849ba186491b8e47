package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/rabbitmq/amqp091-go"

	"github.com/distaff-project/distaff/shared/config"
)

const busMeans = "no message is heard. Nothing is lost while the queue holds them; without a queue, the gap is filled from datagrepper"

// queue logs in to the bus and looks at our queue, without making or reading it.
func (d *doctor) queue(ctx context.Context, c *config.Bus) finding {
	f := finding{What: "bus", Level: good}
	conn, err := dialBus(ctx, c)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		f.unreachable(fmt.Errorf("connect: %w", err), busMeans)
		var refused *amqp091.Error
		if errors.As(err, &refused) && refused.Code == amqp091.AccessRefused {
			f.Text, f.Do = "the login is refused", "is the certificate good and the user (password) right? Fedora's public bus needs the public certificate of fedora-messaging"
		}
		return f
	}
	defer func() { _ = conn.Close() }()
	channel, err := conn.Channel()
	if err != nil {
		f.unreachable(err, busMeans)
		return f
	}
	state, err := channel.QueueDeclarePassive(c.Queue, true, false, false, false, nil)
	var refused *amqp091.Error
	switch {
	case errors.As(err, &refused) && refused.Code == amqp091.NotFound:
		f.Level, f.Text, f.Means = bad, "there is no queue "+c.Queue, busMeans
		f.Do = "ask those who run the bus for it, or correct bus.queue; with bus.passive: false it is made at the next tick"
		if !c.Passive {
			f.Level, f.Do = soon, "it is made at the next tick; if it stays away: the log of fedmsg-drain"
		}
	case err != nil:
		f.unreachable(err, busMeans)
	case state.Messages > 5000:
		f.Level, f.Text = soon, fmt.Sprintf("%d messages wait in the queue", state.Messages)
		f.Means, f.Do = "more comes than is drained: answers to pull requests are late", "does fedmsg-drain run each minute? Its log says how many it takes. Look whether the queue is bound to more topics than are needed"
	default:
		f.Text = fmt.Sprintf("%d messages wait in the queue, %d consumers; its bindings cannot be asked for", state.Messages, state.Consumers)
	}
	return f
}

// dialBus connects as fedmsg-drain does.
func dialBus(ctx context.Context, c *config.Bus) (*amqp091.Connection, error) {
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	cfg := amqp091.Config{
		Locale: "en_US", Properties: amqp091.NewConnectionProperties(),
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		Dial: func(network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				if deadline, ok := ctx.Deadline(); ok {
					_ = conn.SetDeadline(deadline)
				}
			}
			return conn, err
		},
	}
	if ca := secrets.Of(c.CA); ca.Text() != "" {
		cfg.TLSClientConfig.RootCAs = x509.NewCertPool()
		cfg.TLSClientConfig.RootCAs.AppendCertsFromPEM(ca.Bytes())
	}
	if cert := secrets.Of(c.Certificate); cert.Text() != "" {
		pair, err := tls.X509KeyPair(cert.Bytes(), secrets.Of(c.Key).Bytes())
		if err != nil {
			return nil, errors.New("the client certificate and its key do not fit together")
		}
		cfg.TLSClientConfig.Certificates = []tls.Certificate{pair}
		cfg.SASL = []amqp091.Authentication{&amqp091.ExternalAuth{}}
	}
	address := c.Address(secrets.Of(c.Password))
	if _, err := amqp091.ParseURI(address); err != nil {
		return nil, errors.New("the address cannot be read") // the parser's own words quote the password
	}
	return amqp091.DialConfig(address, cfg)
}
