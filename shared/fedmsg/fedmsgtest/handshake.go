package fedmsgtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

var errHandshake = errors.New("handshake refused")

// handshake agrees on who speaks and how: start, tune, open. It returns the
// heartbeat.
func (c *conn) handshake(ctx context.Context, reader *bufio.Reader) (time.Duration, error) {
	_ = c.socket.SetDeadline(time.Now().Add(10 * time.Second))
	if secure, ok := c.socket.(*tls.Conn); ok {
		if err := secure.HandshakeContext(ctx); err != nil {
			return 0, err
		}
	}
	if err := readProtocolHeader(reader); err != nil {
		_, _ = c.socket.Write(protocolHeader)
		return 0, err
	}
	if err := c.authenticate(reader); err != nil {
		return 0, err
	}
	beat, err := c.tune(reader)
	if err != nil {
		return 0, err
	}
	if _, err := c.expect(reader, connectionOpen); err != nil { // any vhost is this bus
		return 0, err
	}
	if err := c.say(connectionOpenOK, appendShortText(nil, "")); err != nil {
		return 0, err
	}
	return beat, c.socket.SetDeadline(time.Time{})
}

func (c *conn) authenticate(reader *bufio.Reader) error {
	mechanisms := "PLAIN"
	if c.commonName() != "" {
		mechanisms = "PLAIN EXTERNAL"
	}
	start := []byte{0, 9}
	start = appendTable(start, table{
		"product": "distaff fedmsgtest", "version": "3.10.0-alike",
		"capabilities": table{
			"publisher_confirms": true, "basic.nack": true, "consumer_cancel_notify": true,
			"authentication_failure_close": true, "per_consumer_qos": true,
		},
	})
	start = appendLongText(start, mechanisms)
	start = appendLongText(start, "en_US")
	if err := c.say(connectionStart, start); err != nil {
		return err
	}
	d, err := c.expect(reader, connectionStartOK)
	if err != nil {
		return err
	}
	client := d.table(0)
	mechanism, response := d.shortText(), d.longText()
	if d.err != nil {
		return d.err
	}
	if c.allowed(mechanism, response) {
		return nil
	}
	// RabbitMQ gives the reason only to clients that say they understand it.
	capabilities, _ := client["capabilities"].(table)
	if capabilities["authentication_failure_close"] == true {
		text := "ACCESS_REFUSED - Login was refused using authentication mechanism " + mechanism
		_ = c.say(connectionClose, closeArguments(403, text, 0))
	}
	return errHandshake
}

// allowed checks a login. EXTERNAL believes the certificate TLS has verified.
func (c *conn) allowed(mechanism, response string) bool {
	switch mechanism {
	case "EXTERNAL":
		return c.commonName() != ""
	case "PLAIN":
		parts := strings.Split(response, "\x00")
		if len(parts) != 3 {
			return false
		}
		password, known := c.bus.password(parts[1])
		return known && password == parts[2]
	}
	return false
}

func (c *conn) commonName() string {
	secure, ok := c.socket.(*tls.Conn)
	if !ok || len(secure.ConnectionState().VerifiedChains) == 0 {
		return ""
	}
	return secure.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func (c *conn) tune(reader *bufio.Reader) (time.Duration, error) {
	const channels = 2047
	tune := binary.BigEndian.AppendUint16(nil, channels)
	tune = binary.BigEndian.AppendUint32(tune, frameMax)
	tune = binary.BigEndian.AppendUint16(tune, uint16(c.bus.heartbeat()/time.Second))
	if err := c.say(connectionTune, tune); err != nil {
		return 0, err
	}
	d, err := c.expect(reader, connectionTuneOK)
	if err != nil {
		return 0, err
	}
	d.short()
	d.long()
	beat := time.Duration(d.short()) * time.Second
	return beat, d.err
}

// say writes a method of channel 0 straight out: the writer does not run yet.
func (c *conn) say(method uint32, arguments []byte) error {
	_, err := c.socket.Write(appendFrame(nil, frame{kind: frameMethod, payload: methodPayload(method, arguments)}))
	return err
}

// expect reads the one method that may come now.
func (c *conn) expect(reader *bufio.Reader, method uint32) (*decoder, error) {
	for {
		f, err := readFrame(reader)
		if err != nil {
			return nil, err
		}
		if f.kind == frameHeartbeat {
			continue
		}
		if !isMethod(f, method) {
			return nil, errHandshake
		}
		return &decoder{rest: f.payload[4:]}, nil
	}
}
