// Package fedmsgtest is Fedora's message bus on one machine: an AMQP 0-9-1
// broker in the manner of RabbitMQ, and the archive datagrepper over everything
// said on it. Tests use it, and so does the local run.
//
// It speaks what message consumers and publishers need: PLAIN and EXTERNAL
// login, heartbeats, topic exchanges, queues (passive, exclusive, auto-delete),
// prefetch, consume and get, ack, nack and reject, confirms and returns. What
// is not acked when a channel or connection ends goes back to its place with
// the redelivered flag. Every vhost is the same bus. Queue arguments, message
// priorities, expiry, transactions and other kinds of exchange are not there.
//
// A Bus made by NewBus forgets everything with the process; one made by OpenBus
// keeps queues and archive in a file.
package fedmsgtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Topic is the exchange that Fedora Messaging publishes to.
const Topic = "amq.topic"

// Bus is the broker and the archive. Set the fields before the first use.
type Bus struct {
	// Now is the time that sent-at is filled in with. Nil means time.Now.
	Now func() time.Time
	// Users are the passwords of PLAIN logins. Nil means guest with guest.
	Users map[string]string
	// Heartbeat is what the broker proposes; zero means 60 s.
	Heartbeat time.Duration

	mu        sync.Mutex
	exchanges map[string]string // name → kind
	queues    map[string]*queue
	bindings  []binding
	conns     map[*conn]struct{}
	named     int // server-made names so far
	archive   archive
	faults    faults
	journal   *journal
	changed   chan struct{} // closed at the next change
}

type binding struct {
	exchange, key, queue string
}

// NewBus gives an empty bus kept in memory.
func NewBus() *Bus {
	return &Bus{
		exchanges: map[string]string{Topic: "topic"},
		queues:    map[string]*queue{},
		conns:     map[*conn]struct{}{},
		changed:   make(chan struct{}),
	}
}

// Serve takes connections until ctx is done, then cuts them and returns nil.
// With a TLS listener that verifies client certificates, EXTERNAL is offered.
func (b *Bus) Serve(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		socket, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = socket.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept AMQP connection: %w", err)
		}
		c := newConn(b, socket)
		b.locked(func() { b.conns[c] = struct{}{} })
		serving.Go(func() { c.serve(ctx) })
	}
}

// Publish says something on the bus as the services of Fedora do, and gives
// its new id. The headers sent-at, schema and severity are filled in where they
// are missing.
func (b *Bus) Publish(topic string, headers map[string]any, body []byte) string {
	id := uuid.NewString()
	b.PublishAs(id, topic, headers, body)
	return id
}

// PublishAs is Publish with an id of one's own.
func (b *Bus) PublishAs(id, topic string, headers map[string]any, body []byte) {
	all := table{
		"fedora_messaging_schema":   "base.message",
		"fedora_messaging_severity": int32(20),
		"sent-at":                   b.now().UTC().Format("2006-01-02T15:04:05+00:00"),
	}
	maps.Copy(all, headers)
	b.PublishRaw(topic, Raw{ContentType: "application/json", ContentEncoding: "utf-8", ID: id, Headers: all, Body: body})
}

// Raw is a message in full control of its sender, malformed ones included.
type Raw struct {
	ContentType, ContentEncoding string
	ID                           string
	Headers                      map[string]any
	Timestamp                    time.Time
	Body                         []byte
}

// PublishRaw says exactly this, with nothing filled in.
func (b *Bus) PublishRaw(topic string, raw Raw) {
	m := &message{
		exchange: Topic, key: topic, body: slices.Clone(raw.Body),
		properties: properties{
			contentType: raw.ContentType, contentEncoding: raw.ContentEncoding,
			headers: raw.Headers, deliveryMode: 2, messageID: raw.ID, timestamp: raw.Timestamp,
		}.encode(),
	}
	b.locked(func() { _, _ = b.route(m) }) // our own properties can be read
}

// Bind makes a durable queue if there is none and binds it to topic patterns,
// as the infrastructure team does before a consumer first comes.
func (b *Bus) Bind(name string, patterns ...string) {
	b.locked(func() {
		if b.queues[name] == nil {
			b.add(&queue{name: name, durable: true})
		}
		for _, pattern := range patterns {
			b.bind(binding{Topic, pattern, name})
		}
	})
}

// State is what a queue holds.
type State struct {
	Ready     int // waiting
	Unacked   int // handed out
	Consumers int
}

// Queue tells the state of a queue, and whether it exists.
func (b *Bus) Queue(name string) (state State, exists bool) {
	b.locked(func() { state, exists = b.state(name) })
	return state, exists
}

// Wait returns once the queue is as asked, or with ctx's error.
func (b *Bus) Wait(ctx context.Context, name string, until func(State) bool) error {
	for {
		var state State
		var changed chan struct{}
		b.locked(func() {
			state, _ = b.state(name)
			changed = b.changed
		})
		if until(state) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for queue %s, now %+v: %w", name, state, ctx.Err())
		case <-changed:
		}
	}
}

func (b *Bus) state(name string) (State, bool) {
	q := b.queues[name]
	if q == nil {
		return State{}, false
	}
	return State{Ready: len(q.ready), Unacked: q.unacked, Consumers: len(q.consumers)}, true
}

func (b *Bus) locked(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// stir wakes those who wait for a state.
func (b *Bus) stir() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *Bus) forget(c *conn) {
	b.locked(func() {
		c.dying = true
		c.release()
		delete(b.conns, c)
		for _, q := range b.queues {
			if q.owner == c {
				b.remove(q)
			}
		}
		b.stir()
	})
}

func (b *Bus) now() time.Time {
	if b.Now != nil {
		return b.Now()
	}
	return time.Now()
}

func (b *Bus) heartbeat() time.Duration { return cmp.Or(b.Heartbeat, time.Minute) }

func (b *Bus) password(user string) (string, bool) {
	if b.Users == nil {
		return "guest", user == "guest"
	}
	password, known := b.Users[user]
	return password, known
}

var errUnread = errors.New("properties cannot be read")

func (m *message) read() (properties, error) {
	p, err := decodeProperties(m.properties)
	if err != nil {
		return p, fmt.Errorf("%w: %w", errUnread, err)
	}
	return p, nil
}

func (m *message) archivable() bool { return json.Valid(m.body) }
