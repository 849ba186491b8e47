package fedmsg_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/rabbitmq/amqp091-go"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

// place is a queue on a broker, the stand-in or a real one, and a way to say
// something to it.
type place struct {
	testing.TB
	url, queue, topic string
	ch                *amqp091.Channel
	aside             []fedmsg.Malformed
	asideErr          error
}

func newPlace(t testing.TB, url string) *place {
	t.Helper()
	conn, err := amqp091.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	name := uuid.NewString()
	p := &place{TB: t, url: url, queue: name, topic: "org.test." + name[:8], ch: ch}
	if _, err := ch.QueueDeclare(name, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.QueueBind(name, p.topic+".#", "amq.topic", false, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ch.QueueDelete(name, false, false, false) })
	return p
}

// say publishes n messages with the ids 1, 2, … and waits for all confirms.
func (p *place) say(n int) {
	p.Helper()
	var last *amqp091.DeferredConfirmation
	for i := 1; i <= n; i++ {
		last = p.publish(amqp091.Publishing{
			MessageId: fmt.Sprint(i), ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: 2,
			Headers: amqp091.Table{
				"fedora_messaging_schema": "base.message", "fedora_messaging_severity": int32(30),
				"sent-at": "2022-07-08T11:37:07+00:00",
			},
			Body: fmt.Appendf(nil, `{"n":%d}`, i),
		})
	}
	if !last.Wait() {
		p.Fatal("publishing was not confirmed")
	}
}

func (p *place) publish(message amqp091.Publishing) *amqp091.DeferredConfirmation {
	p.Helper()
	confirm, err := p.ch.PublishWithDeferredConfirm("amq.topic", p.topic+".said", true, false, message)
	if err != nil {
		p.Fatal(err)
	}
	return confirm
}

func (p *place) config() fedmsg.Config {
	return fedmsg.Config{
		URL: p.url, Queue: p.queue, Passive: true,
		SetAside: func(_ context.Context, m fedmsg.Malformed) error {
			if p.asideErr == nil {
				p.aside = append(p.aside, m)
			}
			return p.asideErr
		},
	}
}

func (p *place) open(change ...func(*fedmsg.Config)) *fedmsg.Queue {
	p.Helper()
	cfg := p.config()
	for _, f := range change {
		f(&cfg)
	}
	q, err := fedmsg.Open(cfg)
	if err != nil {
		p.Fatal(err)
	}
	return q
}

// waiting is how many messages the queue still holds.
func (p *place) waiting() int {
	p.Helper()
	state, err := p.ch.QueueDeclarePassive(p.queue, true, false, false, false, nil)
	if err != nil {
		p.Fatal(err)
	}
	return state.Messages
}

func (p *place) equal(want, got any) {
	p.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("(-want +got):\n%s", diff)
	}
}

// ids is a handler that remembers what it was given, "*" on redelivered ones.
type ids []string

func (s *ids) handle(_ context.Context, m fedmsg.Message) error {
	name := m.ID
	if m.Redelivered {
		name += "*"
	}
	*s = append(*s, name)
	return nil
}

func listen(t testing.TB, bus *fedmsgtest.Bus) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- bus.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "amqp://guest:guest@" + listener.Addr().String() + "/"
}
