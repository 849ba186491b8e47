package fedmsgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/rabbitmq/amqp091-go"
)

// The contract is what this stand-in and RabbitMQ both promise. It runs here
// on the stand-in and, with the build tag amqp, on a real broker.

func TestTheStandInKeepsTheContract(t *testing.T) {
	contract(t, listen(t, NewBus()))
}

func TestTheStandInKeptInAFolderKeepsTheContract(t *testing.T) {
	bus, err := OpenBus(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	contract(t, listen(t, bus))
}

// listen serves the bus for the length of the test and gives its address.
func listen(t testing.TB, bus *Bus) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, bus, listener)
	return "amqp://guest:guest@" + listener.Addr().String() + "/"
}

func serveOn(t testing.TB, bus *Bus, listener net.Listener) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- bus.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// client is a connection with a channel in confirm mode.
type client struct {
	testing.TB
	conn  *amqp091.Connection
	ch    *amqp091.Channel
	topic string // unique to the test, so that brokers can be shared
}

func dial(t testing.TB, url string) *client {
	t.Helper()
	conn, err := amqp091.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{TB: t, conn: conn, topic: "t" + uuid.NewString()[:8]}
	c.reopen()
	return c
}

func (c *client) reopen() {
	c.Helper()
	ch, err := c.conn.Channel()
	c.must(err)
	c.must(ch.Confirm(false))
	c.ch = ch
}

func (c *client) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *client) queue(patterns ...string) string {
	c.Helper()
	name := "distaff-test-" + uuid.NewString()
	_, err := c.ch.QueueDeclare(name, true, false, false, false, nil)
	c.must(err)
	c.Cleanup(func() {
		if ch, err := c.conn.Channel(); err == nil {
			_, _ = ch.QueueDelete(name, false, false, false)
		}
	})
	for _, pattern := range patterns {
		c.must(c.ch.QueueBind(name, c.topic+"."+pattern, Topic, false, nil))
	}
	return name
}

func (c *client) publish(key, body string) {
	c.Helper()
	c.publishing(c.topic+"."+key, amqp091.Publishing{Body: []byte(body), MessageId: body})
}

func (c *client) publishing(key string, p amqp091.Publishing) {
	c.Helper()
	confirm, err := c.ch.PublishWithDeferredConfirm(Topic, key, false, false, p)
	c.must(err)
	if !confirm.Wait() {
		c.Fatal("publishing was not confirmed")
	}
}

func (c *client) consume(queue string, prefetch int) <-chan amqp091.Delivery {
	c.Helper()
	c.must(c.ch.Qos(prefetch, 0, false))
	deliveries, err := c.ch.Consume(queue, "", false, false, false, false, nil)
	c.must(err)
	return deliveries
}

func (c *client) next(deliveries <-chan amqp091.Delivery) amqp091.Delivery {
	c.Helper()
	select {
	case d, open := <-deliveries:
		if !open {
			c.Fatal("deliveries ended")
		}
		return d
	case <-time.After(10 * time.Second):
		c.Fatal("no delivery")
	}
	panic("unreachable")
}

// got reads all that is in the queue, with * on what was redelivered.
func (c *client) got(queue string) []string {
	c.Helper()
	var out []string
	for {
		d, more, err := c.ch.Get(queue, true)
		c.must(err)
		if !more {
			return out
		}
		text := string(d.Body)
		if d.Redelivered {
			text += "*"
		}
		out = append(out, text)
	}
}

func (c *client) equal(want, got any) {
	c.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("(-want +got):\n%s", diff)
	}
}

func (c *client) refused(code int, err error) {
	c.Helper()
	var refused *amqp091.Error
	if !errors.As(err, &refused) || refused.Code != code {
		c.Errorf("got %v, want an error with code %d", err, code)
	}
}

func contract(t *testing.T, url string) {
	facts := map[string]func(*client){
		"a queue gets what its patterns take, in order": func(c *client) {
			stars, hash, both := c.queue("*.b"), c.queue("#"), c.queue("a.#", "#.b")
			c.publish("a.b", "1")
			c.publish("x.y.b", "2")
			c.publish("a", "3")
			c.equal([]string{"1"}, c.got(stars))
			c.equal([]string{"1", "2", "3"}, c.got(hash))
			c.equal([]string{"1", "2", "3"}, c.got(both))
		},
		"everything about a message arrives": func(c *client) {
			q := c.queue("#")
			sent := amqp091.Publishing{
				ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: 2, Priority: 3,
				MessageId: "m", CorrelationId: "c", Type: "t", AppId: "a", Timestamp: time.Unix(1700000000, 0),
				Headers: amqp091.Table{
					"sent-at": "2022-07-08T11:37:07+00:00", "n": int32(20), "yes": true, "none": nil,
					"list": []any{"x", int64(1) << 40}, "deep": amqp091.Table{"f": 1.5},
				},
				Body: []byte(`{"a":"ü"}`),
			}
			c.publishing(c.topic+".x", sent)
			d, _, err := c.ch.Get(q, true)
			c.must(err)
			c.equal(sent, amqp091.Publishing{
				ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, DeliveryMode: d.DeliveryMode, Priority: d.Priority,
				MessageId: d.MessageId, CorrelationId: d.CorrelationId, Type: d.Type, AppId: d.AppId, Timestamp: d.Timestamp,
				Headers: d.Headers, Body: d.Body,
			})
			c.equal([]string{Topic, c.topic + ".x"}, []string{d.Exchange, d.RoutingKey})
		},
		"bodies of every size arrive": func(c *client) {
			q := c.queue("#")
			for _, size := range []int{0, 1, 131064, 131065, 300_000} {
				c.publishing(c.topic+".x", amqp091.Publishing{Body: make([]byte, size)})
				d, more, err := c.ch.Get(q, true)
				c.must(err)
				c.equal([]any{true, size}, []any{more, len(d.Body)})
			}
		},
		"no more than the prefetch is handed out before an ack": func(c *client) {
			q := c.queue("#")
			for _, body := range []string{"1", "2", "3"} {
				c.publish("x", body)
			}
			deliveries := c.consume(q, 2)
			first := c.next(deliveries)
			c.next(deliveries)
			state, err := c.ch.QueueDeclarePassive(q, true, false, false, false, nil)
			c.must(err)
			c.equal([]int{1, 1}, []int{state.Messages, state.Consumers})
			c.must(first.Ack(false))
			c.equal("3", string(c.next(deliveries).Body))
		},
		"what was nacked comes again at its place, marked": func(c *client) {
			q := c.queue("#")
			c.publish("x", "1")
			c.publish("x", "2")
			d, _, err := c.ch.Get(q, false)
			c.must(err)
			c.publish("x", "3")
			c.must(d.Nack(false, true))
			c.equal([]string{"1*", "2", "3"}, c.got(q))
		},
		"what was rejected for good is gone": func(c *client) {
			q := c.queue("#")
			c.publish("x", "1")
			c.publish("x", "2")
			d, _, err := c.ch.Get(q, false)
			c.must(err)
			c.must(d.Reject(false))
			c.equal([]string{"2"}, c.got(q))
		},
		"an ack of several takes all before it": func(c *client) {
			q := c.queue("#")
			for _, body := range []string{"1", "2", "3", "4"} {
				c.publish("x", body)
			}
			deliveries := c.consume(q, 0)
			c.next(deliveries)
			c.next(deliveries)
			d := c.next(deliveries)
			c.next(deliveries)
			c.must(d.Ack(true))
			c.must(c.ch.Close())
			c.reopen()
			c.equal([]string{"4*"}, c.got(q))
		},
		"a nack of tag 0 puts everything back": func(c *client) {
			q := c.queue("#")
			c.publish("x", "1")
			c.publish("x", "2")
			for range 2 {
				_, _, err := c.ch.Get(q, false)
				c.must(err)
			}
			c.must(c.ch.Nack(0, true, true))
			c.equal([]string{"1*", "2*"}, c.got(q))
		},
		"a closed connection gives back what was not acked": func(c *client) {
			q := c.queue("#")
			c.publish("x", "1")
			c.publish("x", "2")
			other := dial(c.TB, url)
			deliveries := other.consume(q, 10)
			c.must(other.next(deliveries).Ack(false))
			other.next(deliveries)
			c.must(other.conn.Close())
			c.equal([]string{"2*"}, c.got(q))
		},
		"an ack given twice closes the channel": func(c *client) {
			q := c.queue("#")
			c.publish("x", "1")
			d, _, err := c.ch.Get(q, false)
			c.must(err)
			closed := c.ch.NotifyClose(make(chan *amqp091.Error, 1))
			c.must(d.Ack(false))
			c.must(d.Ack(false))
			c.refused(amqp091.PreconditionFailed, <-closed)
		},
		"a passive declare finds no queue that is not there": func(c *client) {
			_, err := c.ch.QueueDeclarePassive("nobody", true, false, false, false, nil)
			c.refused(amqp091.NotFound, err)
			c.reopen() // only the channel is gone
		},
		"a queue is not declared in another way": func(c *client) {
			q := c.queue("#")
			_, err := c.ch.QueueDeclare(q, false, false, false, false, nil)
			c.refused(amqp091.PreconditionFailed, err)
		},
		"a queue that is there may be declared again": func(c *client) {
			q := c.queue("#")
			c.publish("x", "1")
			state, err := c.ch.QueueDeclare(q, true, false, false, false, nil)
			c.must(err)
			c.equal(1, state.Messages)
		},
		"nothing is bound to an exchange that is not there": func(c *client) {
			q := c.queue()
			c.refused(amqp091.NotFound, c.ch.QueueBind(q, "#", "nowhere", false, nil))
		},
		"an exclusive queue is for its connection only": func(c *client) {
			q, err := c.ch.QueueDeclare("", false, false, true, false, nil)
			c.must(err)
			_, err = dial(c.TB, url).ch.Consume(q.Name, "", false, false, false, false, nil)
			c.refused(amqp091.ResourceLocked, err)
		},
		"an auto-delete queue goes with its last consumer": func(c *client) {
			name := "distaff-test-" + uuid.NewString()
			_, err := c.ch.QueueDeclare(name, false, true, false, false, nil)
			c.must(err)
			_, err = c.ch.Consume(name, "me", false, false, false, false, nil)
			c.must(err)
			c.must(c.ch.Cancel("me", false))
			_, err = c.ch.QueueDeclarePassive(name, false, true, false, false, nil)
			c.refused(amqp091.NotFound, err)
		},
		"a consumer hears that its queue was deleted": func(c *client) {
			q := c.queue("#")
			cancelled := c.ch.NotifyCancel(make(chan string, 1))
			c.consume(q, 1)
			_, err := c.ch.QueueDelete(q, false, false, false)
			c.must(err)
			<-cancelled
		},
		"a message for nobody comes back when it must not": func(c *client) {
			returned := c.ch.NotifyReturn(make(chan amqp091.Return, 1))
			confirm, err := c.ch.PublishWithDeferredConfirm(Topic, c.topic+".x", true, false, amqp091.Publishing{Body: []byte("1")})
			c.must(err)
			if !confirm.Wait() {
				c.Error("a returned message is confirmed as well")
			}
			back := <-returned
			c.equal([]any{uint16(312), "NO_ROUTE", "1"}, []any{back.ReplyCode, back.ReplyText, string(back.Body)})
		},
		"two consumers share a queue": func(c *client) {
			q := c.queue("#")
			one, two := c.consume(q, 1), c.consume(q, 1)
			c.publish("x", "1")
			c.publish("x", "2")
			got := map[string]bool{string(c.next(one).Body): true, string(c.next(two).Body): true}
			c.equal(map[string]bool{"1": true, "2": true}, got)
		},
		"a purged queue is empty": func(c *client) {
			q := c.queue("#")
			c.publish("x", "1")
			count, err := c.ch.QueuePurge(q, false)
			c.must(err)
			c.equal(1, count)
			c.equal([]string(nil), c.got(q))
		},
		"an unbound queue gets nothing more": func(c *client) {
			q := c.queue("#")
			c.must(c.ch.QueueUnbind(q, c.topic+".#", Topic, nil))
			c.publish("x", "1")
			c.equal([]string(nil), c.got(q))
		},
		"publishing to an exchange that is not there closes the channel": func(c *client) {
			closed := c.ch.NotifyClose(make(chan *amqp091.Error, 1))
			c.must(c.ch.PublishWithContext(context.Background(), "nowhere", "x", false, false, amqp091.Publishing{}))
			c.refused(amqp091.NotFound, <-closed)
		},
	}
	for fact, check := range facts {
		t.Run(fact, func(t *testing.T) { check(dial(t, url)) })
	}
	t.Run("a wrong password is refused", func(t *testing.T) {
		uri, err := amqp091.ParseURI(url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = amqp091.Dial(fmt.Sprintf("amqp://guest:wrong@%s:%d/", uri.Host, uri.Port))
		(&client{TB: t}).refused(amqp091.AccessRefused, err)
	})
}
