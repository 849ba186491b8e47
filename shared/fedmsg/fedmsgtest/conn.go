package fedmsgtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// conn is the server's end of one connection. Its fields are guarded by the
// bus's lock, but for the outbox, which has its own.
type conn struct {
	bus      *Bus
	socket   net.Conn
	channels map[uint16]*channel
	closing  bool // connection.close was sent: only its answer counts
	dying    bool // cut: nothing is delivered any more

	outMu  sync.Mutex
	outbox []byte
	wake   chan struct{} // one place: there is something in the outbox
	last   bool          // hang up once the outbox is written
}

func newConn(b *Bus, socket net.Conn) *conn {
	return &conn{bus: b, socket: socket, channels: map[uint16]*channel{}, wake: make(chan struct{}, 1)}
}

// serve speaks AMQP until the connection ends, and then puts back whatever was
// not acked.
func (c *conn) serve(ctx context.Context) {
	hangUp := context.AfterFunc(ctx, func() { _ = c.socket.Close() })
	defer hangUp()
	defer c.bus.forget(c)
	defer func() { _ = c.socket.Close() }()
	reader := bufio.NewReaderSize(c.socket, 64<<10)
	beat, err := c.handshake(ctx, reader)
	if err != nil {
		return
	}
	ended := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() { c.write(beat, ended) })
	c.read(reader, beat)
	close(ended)
	writing.Wait()
}

// read takes frames until the peer is gone, or silent for two heartbeats.
func (c *conn) read(reader *bufio.Reader, beat time.Duration) {
	for {
		if beat > 0 {
			_ = c.socket.SetReadDeadline(time.Now().Add(2 * beat))
		}
		f, err := readFrame(reader)
		if errors.Is(err, errFrame) {
			c.bus.locked(func() { c.fail(501, "FRAME_ERROR - "+err.Error(), 0) })
			continue
		}
		if err != nil {
			return
		}
		var end bool
		c.bus.locked(func() { end = c.hear(f) })
		if end {
			return
		}
	}
}

// hear works on one frame; true ends the connection.
func (c *conn) hear(f frame) bool {
	if f.kind == frameHeartbeat {
		return false
	}
	if f.channel == 0 || c.closing {
		return c.control(f)
	}
	ch := c.channels[f.channel]
	if ch == nil {
		if !isMethod(f, channelOpen) {
			c.fail(504, "CHANNEL_ERROR - expected 'channel.open'", methodOf(f))
			return false
		}
		c.channels[f.channel] = newChannel(c, f.channel)
		c.reply(f.channel, channelOpenOK, appendLongText(nil, ""))
		return false
	}
	if err := ch.hear(f); err != nil {
		var broken *channelError
		if errors.As(err, &broken) {
			ch.fail(broken)
			return false
		}
		var fatal *connError
		if errors.As(err, &fatal) {
			c.fail(fatal.code, fatal.text, methodOf(f))
			return false
		}
		c.fail(502, "SYNTAX_ERROR - "+err.Error(), methodOf(f))
	}
	return false
}

// control is channel 0, and all that counts while closing.
func (c *conn) control(f frame) bool {
	switch {
	case f.kind != frameMethod:
	case isMethod(f, connectionClose):
		c.closing = true
		c.release() // before the answer, so that the next to look sees it
		c.reply(0, connectionCloseOK, nil)
		c.hangUpAfterOutbox()
	case isMethod(f, connectionCloseOK):
		return true
	}
	return false
}

// release takes the connection's channels apart: un-acked messages go back.
func (c *conn) release() {
	for id, ch := range c.channels {
		ch.release()
		delete(c.channels, id)
	}
}

// fail closes the connection with a reason, as a broker does.
func (c *conn) fail(code uint16, text string, method uint32) {
	if c.closing {
		return
	}
	c.closing = true
	c.release()
	c.reply(0, connectionClose, closeArguments(code, text, method))
	c.hangUpAfterOutbox()
}

func (c *conn) reply(channel uint16, method uint32, arguments []byte) {
	c.send(appendFrame(nil, frame{frameMethod, channel, methodPayload(method, arguments)}))
}

// send puts frames in the outbox. It never blocks: the bus's lock is held.
func (c *conn) send(frames []byte) {
	c.outMu.Lock()
	c.outbox = append(c.outbox, frames...)
	c.outMu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *conn) hangUpAfterOutbox() {
	c.outMu.Lock()
	c.last = true
	c.outMu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write empties the outbox, with a heartbeat into every silence.
func (c *conn) write(beat time.Duration, ended <-chan struct{}) {
	var ticks <-chan time.Time
	if beat > 0 {
		ticker := time.NewTicker(beat / 2)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		var out []byte
		var last bool
		select {
		case <-ended:
			return
		case <-ticks:
			out = appendFrame(nil, frame{kind: frameHeartbeat})
		case <-c.wake:
			c.outMu.Lock()
			out, c.outbox, last = c.outbox, nil, c.last
			c.outMu.Unlock()
		}
		if _, err := c.socket.Write(out); err != nil {
			_ = c.socket.Close()
			return
		}
		if half, ok := c.socket.(*net.TCPConn); ok && last {
			_ = half.CloseWrite()
		}
	}
}

// cut ends the connection without a word, as a cable does.
func (c *conn) cut() {
	c.dying = true
	if tcp, ok := c.socket.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.socket.Close()
}

// protocolHeader is what a client says first.
var protocolHeader = []byte("AMQP\x00\x00\x09\x01") //nolint:gochecknoglobals // Go has no constant bytes

func readProtocolHeader(r io.Reader) error {
	var said [8]byte
	if _, err := io.ReadFull(r, said[:]); err != nil {
		return err
	}
	if !bytes.Equal(said[:], protocolHeader) {
		return errFrame
	}
	return nil
}
