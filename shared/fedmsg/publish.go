package fedmsg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/rabbitmq/amqp091-go"
)

// ErrRefused says that the broker does not let this user say this: Fedora's
// lets a user publish to the topics it was given. Trying again is no use.
var ErrRefused = errors.New("the bus refuses it")

// Publisher says things on the bus. It holds no connection between calls.
type Publisher struct {
	queue Queue // of which only the connection is used
}

// NewPublisher checks the part of a configuration that says how to connect, and
// what to publish to. The queue's part of it is not looked at.
func NewPublisher(cfg Config) (*Publisher, error) {
	cfg.Queue, cfg.Passive = "none", true
	cfg.SetAside = func(context.Context, Malformed) error { return nil }
	queue, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	return &Publisher{queue: *queue}, nil
}

// Publish says messages, in order, and returns nil once the broker has taken
// responsibility for every one. After an error some may have been said; said
// again with the same ids, receivers know them. The error is ErrRefused where
// this user may not say it.
func (p *Publisher) Publish(ctx context.Context, messages ...Message) error {
	s, err := p.queue.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.ch.Confirm(false); err != nil {
		return fmt.Errorf("ask the bus for confirms: %w", err)
	}
	for _, m := range messages {
		if err := p.say(ctx, s, m); err != nil {
			return fmt.Errorf("say %s on the bus: %w", m.Topic, s.why(err))
		}
	}
	return nil
}

func (p *Publisher) say(ctx context.Context, s *session, m Message) error {
	confirm, err := s.ch.PublishWithDeferredConfirmWithContext(ctx, p.queue.cfg.Exchange, m.Topic, false, false, amqp091.Publishing{
		MessageId: m.ID, ContentType: "application/json", ContentEncoding: "utf-8",
		DeliveryMode: amqp091.Persistent, Headers: m.headers(), Body: m.Body,
	})
	if err != nil {
		return err
	}
	taken, err := confirm.WaitContext(ctx)
	switch {
	case err != nil:
		return err
	case !taken:
		return errors.New("the broker did not take it")
	}
	return nil
}

// headers are those fedora-messaging writes.
func (m Message) headers() amqp091.Table {
	table := amqp091.Table{}
	maps.Copy(table, m.Headers)
	schema, severity := m.Schema, m.Severity
	if schema == "" {
		schema = "base.message"
	}
	if severity == 0 {
		severity = Info
	}
	table["fedora_messaging_schema"], table["fedora_messaging_severity"] = schema, int32(severity)
	table["sent-at"] = m.Sent.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05-07:00")
	return table
}

// why tells a refusal, for which the broker closes the channel, from a
// connection that broke.
func (s *session) why(err error) error {
	select {
	case closed := <-s.refused:
		if closed != nil && closed.Code == amqp091.AccessRefused {
			return fmt.Errorf("%w: %s", ErrRefused, closed.Reason)
		}
		if closed != nil {
			return fmt.Errorf("%w (%w)", err, closed)
		}
	default:
	}
	return err
}
