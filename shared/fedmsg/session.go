package fedmsg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"time"

	"github.com/rabbitmq/amqp091-go"
)

// grace is how long a connection may live on after its time is up, to finish
// acks and say goodbye. A broker that hangs is cut off after it.
const grace = 3 * time.Second

// session is one connection with one channel.
type session struct {
	conn   *amqp091.Connection
	ch     *amqp091.Channel
	closed chan *amqp091.Error
	// refused hears why the broker closed the channel and not the connection.
	refused chan *amqp091.Error
	free    func() // releases what watches over the socket
}

// connect dials and opens a channel. The client library knows no context, so
// the socket is closed under it: at once while connecting, after some grace
// later, when ctx is done.
func (q *Queue) connect(ctx context.Context) (*session, error) {
	uri, err := amqp091.ParseURI(q.cfg.URL)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	secure, err := q.cfg.tls()
	if err != nil {
		return nil, err
	}
	var socket net.Conn
	impatient := func() bool { return true }
	conn, err := amqp091.DialConfig(q.cfg.URL, amqp091.Config{
		SASL:            q.cfg.login(uri),
		Heartbeat:       q.cfg.Heartbeat,
		TLSClientConfig: secure,
		Properties:      q.properties(),
		Locale:          "en_US",
		ChannelMax:      16,
		Dial: func(network, address string) (net.Conn, error) {
			var dialer net.Dialer
			opened, err := dialer.DialContext(ctx, network, address)
			if err == nil {
				socket = opened
				impatient = context.AfterFunc(ctx, func() { _ = opened.Close() })
			}
			return opened, err
		},
	})
	impatient()
	if errors.Is(err, amqp091.ErrClosed) && q.cfg.Cert != "" {
		// TLS 1.3 checks the client last: a refusal looks like this.
		err = fmt.Errorf("hung up on during the login, as for a client certificate that is not accepted: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to %s:%d: %w", uri.Host, uri.Port, cause(ctx, err))
	}
	s := &session{conn: conn, closed: conn.NotifyClose(make(chan *amqp091.Error, 1))}
	s.free = afterGrace(ctx, func() { _ = socket.Close() })
	if s.ch, err = conn.Channel(); err != nil {
		s.close()
		return nil, fmt.Errorf("open channel: %w", cause(ctx, err))
	}
	s.refused = s.ch.NotifyClose(make(chan *amqp091.Error, 1))
	return s, nil
}

// properties copies the client's properties: the library writes into the map.
func (q *Queue) properties() amqp091.Table {
	table := amqp091.NewConnectionProperties()
	table["app"] = "distaff"
	maps.Copy(table, q.cfg.Properties)
	return table
}

// declare makes the queue and its bindings, or looks whether it is there.
func (q *Queue) declare(s *session) (waiting int, err error) {
	var state amqp091.Queue
	if q.cfg.Passive {
		state, err = s.ch.QueueDeclarePassive(q.cfg.Queue, true, false, false, false, nil)
	} else {
		state, err = s.ch.QueueDeclare(q.cfg.Queue, true, false, false, false, q.cfg.Arguments)
	}
	if err != nil {
		return 0, fmt.Errorf("declare queue: %w", err)
	}
	for _, pattern := range q.cfg.Bindings {
		if err := s.ch.QueueBind(q.cfg.Queue, pattern, q.cfg.Exchange, false, nil); err != nil {
			return 0, fmt.Errorf("bind queue to %s by %q: %w", q.cfg.Exchange, pattern, err)
		}
	}
	return state.Messages, nil
}

// waiting counts the messages that nobody was handed.
func (q *Queue) waiting(s *session) (int, error) {
	state, err := s.ch.QueueDeclarePassive(q.cfg.Queue, true, false, false, false, nil)
	if err != nil {
		return -1, fmt.Errorf("look at queue: %w", err)
	}
	return state.Messages, nil
}

// close ends the session in order: the channel's close-ok says that the broker
// has worked on every ack before it.
func (s *session) close() {
	if s.ch != nil {
		_ = s.ch.Close()
	}
	_ = s.conn.Close()
	s.free()
}

// lost says why deliveries ended that nobody ended here.
func (s *session) lost() error {
	select {
	case err := <-s.closed:
		if err != nil {
			return fmt.Errorf("connection lost: %w", err)
		}
		return errors.New("connection lost")
	default:
		return errors.New("the broker ended the subscription (was the queue deleted?)")
	}
}

// afterGrace calls f some time after ctx is done, unless freed before.
func afterGrace(ctx context.Context, f func()) (free func()) {
	freed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-freed:
		case <-timer.C:
			f()
		}
	})
	return func() {
		stop()
		close(freed)
	}
}

// cause prefers why we hung up over the complaint that the socket is closed.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
