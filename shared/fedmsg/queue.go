package fedmsg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rabbitmq/amqp091-go"
)

// Handler takes one message. Nil means it is safely stored or published: only
// then is it acked. An error puts it back at its place in the queue and ends
// the run, unless it wraps ErrPoison (or ErrMalformed, from a decoder).
type Handler func(ctx context.Context, m Message) error

// Config names a queue and says how to reach it.
type Config struct {
	// URL is amqps://user:password@host:port/vhost. In the vhost, "/" is %2F:
	// amqps://fedora:@rabbitmq.fedoraproject.org/%2Fpublic_pubsub
	URL string
	// Queue is its name: on Fedora's public vhost a UUID, on the private one
	// what the infrastructure team created.
	Queue string
	// Cert, Key and CA are each a file or PEM text. With a certificate the
	// login is SASL EXTERNAL, without one PLAIN with the user in the URL.
	// Files are read anew for each connection, so renewed ones are taken up.
	// An empty CA means the system's.
	Cert, Key, CA string
	// Passive never creates the queue: it must be there.
	Passive bool
	// Bindings are topic patterns to bind the queue with ("#" any words, "*"
	// one). None leaves the queue's bindings as they are.
	Bindings []string
	// Exchange is what is bound to; empty means amq.topic.
	Exchange string
	// Prefetch bounds how many messages wait here un-acked; zero means 32.
	Prefetch int
	// Workers is how many messages are handled at a time; zero means 1, which
	// keeps the order of the queue.
	Workers int
	// Properties describe the client to the operators of the broker; Fedora
	// asks for app, app_url and app_contacts_email.
	Properties map[string]any
	// Arguments are used when the queue is created: x-queue-type, …
	Arguments map[string]any
	// Quiet is how long nothing may come before Drain asks the broker whether
	// the queue is empty; zero means 100 ms.
	Quiet time.Duration
	// Heartbeat is offered to the broker; zero means 60 s.
	Heartbeat time.Duration
	// SetAside stores a malformed or poisonous message where a person finds
	// it. Only after nil it is acked. With several Workers it is called by
	// several at once. Required.
	SetAside func(context.Context, Malformed) error
	// Connected runs on each connection Follow makes, before the first
	// message: the place to fill the gap from the Archive. May be nil.
	Connected func(context.Context) error
	// Lost hears why Follow lost its connection and when it tries again. May
	// be nil.
	Lost func(ctx context.Context, err error, again time.Duration)
}

// Queue is a durable queue on the bus. It holds no connection between calls.
type Queue struct {
	cfg Config
}

// Open checks the configuration, certificates included. It does not connect.
func Open(cfg Config) (*Queue, error) {
	if _, err := amqp091.ParseURI(cfg.URL); err != nil {
		return nil, errors.New("fedmsg: the address is not of the form amqps://user:password@host:port/vhost") // the parser's own words quote the password
	}
	if cfg.Queue == "" || len(cfg.Queue) > mostTopic {
		return nil, fmt.Errorf("fedmsg: a queue has a name of 1 to %d bytes", mostTopic)
	}
	if cfg.SetAside == nil {
		return nil, errors.New("fedmsg: nowhere to set malformed messages aside")
	}
	if cfg.Exchange == "" {
		cfg.Exchange = "amq.topic"
	}
	if cfg.Prefetch <= 0 {
		cfg.Prefetch = 32
	}
	cfg.Workers = max(cfg.Workers, 1)
	cfg.Prefetch = max(cfg.Prefetch, cfg.Workers)
	if cfg.Quiet <= 0 {
		cfg.Quiet = 100 * time.Millisecond
	}
	if cfg.Heartbeat <= 0 {
		cfg.Heartbeat = time.Minute
	}
	if _, err := cfg.tls(); err != nil {
		return nil, fmt.Errorf("fedmsg: %w", err)
	}
	return &Queue{cfg: cfg}, nil
}

// Drained is what came of one run.
type Drained struct {
	// Handled counts messages the handler took and that were acked.
	Handled int
	// SetAside counts malformed and poisonous messages, acked as well.
	SetAside int
	// Redelivered counts those among both that had been handed out before.
	Redelivered int
	// Empty says that the queue had nothing more.
	Empty bool
	// Left is how many messages wait in the queue after this run, those given
	// back included; -1 if that is not known.
	Left int
	// Newest is the latest time of sending among the handled.
	Newest time.Time
}

// Drain takes messages until the queue is empty, most are taken, or nine
// tenths of the budget are gone, handing each to handle and acking it only
// after handle returned nil. It connects and disconnects by itself. After an
// error, Drained still says what was done before. The context of handle ends
// with the budget; a broker that hangs is left 3 s after that.
//
// A process killed at any moment loses nothing: what was not acked comes again
// with Redelivered set, so a handler sees some messages twice.
func (q *Queue) Drain(ctx context.Context, most int, budget time.Duration, handle Handler) (Drained, error) {
	if most < 1 || budget <= 0 {
		return Drained{Left: -1}, fmt.Errorf("fedmsg: drain at most %d messages in %s: nothing to do", most, budget)
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	return q.drain(ctx, most, budget-budget/10, handle)
}
