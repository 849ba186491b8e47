package fedmsg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rabbitmq/amqp091-go"
)

func (q *Queue) drain(ctx context.Context, most int, taking time.Duration, handle Handler) (done Drained, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("drain queue %s: %w", q.cfg.Queue, err)
		}
	}()
	done.Left = -1
	stop := time.NewTimer(taking)
	defer stop.Stop()
	s, err := q.connect(ctx)
	if err != nil {
		return done, err
	}
	defer s.close()
	waiting, err := q.declare(s)
	if err != nil {
		return done, cause(ctx, err)
	}
	if waiting == 0 {
		done.Empty, done.Left = true, 0
		return done, nil
	}
	r := &run{queue: q, session: s, handle: handle, most: most, untilEmpty: true, stop: stop.C, left: -1}
	err = r.consume(ctx)
	return r.done(), err
}

// run is one subscription: deliveries in, at most Workers of them handled at a
// time, each acked after its own handling.
type run struct {
	queue      *Queue
	session    *session
	handle     Handler
	most       int  // 0 is no bound
	untilEmpty bool // or for ever
	stop       <-chan time.Time
	crew       crew
	ending     bool // unsubscribed: what still comes was under way
	empty      bool
	received   int
	left       int
}

// consumerTag names the one subscription a session has.
const consumerTag = "distaff"

func (r *run) done() Drained {
	done := r.crew.tally()
	done.Empty, done.Left = r.empty, r.left
	return done
}

// consume subscribes and works until there is a reason to end. What was
// delivered but not acked by then goes back to its place in the queue.
func (r *run) consume(ctx context.Context) error {
	cfg := r.queue.cfg
	window := cfg.Prefetch
	if r.most > 0 {
		window = min(window, r.most)
	}
	if err := r.session.ch.Qos(window, 0, false); err != nil {
		return fmt.Errorf("set prefetch: %w", cause(ctx, err))
	}
	deliveries, err := r.session.ch.Consume(cfg.Queue, consumerTag, false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("subscribe: %w", cause(ctx, err))
	}
	r.crew.start(cfg.Workers)
	err = r.pump(ctx, deliveries)
	// Failures inside the crew come first: they are why the pump ended.
	if failure := r.crew.finish(); failure != nil {
		err = failure
	}
	r.giveBack(deliveries)
	return err
}

// giveBack returns all that is not acked, and notes how much is left. The
// subscription ends first, or the broker would hand us the same again. Errors
// do not matter: a broker that cannot hear this takes everything back by
// itself.
func (r *run) giveBack(deliveries <-chan amqp091.Delivery) {
	r.left = -1
	if !r.ending && r.session.ch.Cancel(consumerTag, false) != nil {
		return
	}
	for range deliveries { // those under way; they end, now or soon
		r.received++
	}
	// Counted before giving back: how soon after it the broker's count is right
	// again, no one knows.
	waiting, err := r.queue.waiting(r.session)
	if err != nil || r.session.ch.Nack(0, true, true) != nil {
		return
	}
	done := r.crew.tally()
	r.left = waiting + r.received - done.Handled - done.SetAside
}

// pump hands deliveries to the crew until it should take no more.
func (r *run) pump(ctx context.Context, deliveries <-chan amqp091.Delivery) error {
	quiet := time.NewTimer(r.queue.cfg.Quiet)
	defer quiet.Stop()
	for taken := 0; r.most == 0 || taken < r.most; taken++ {
		d, more, err := r.next(ctx, quiet, deliveries)
		if !more || err != nil {
			return err
		}
		if !r.crew.take(ctx, r.stop) {
			return nil
		}
		r.crew.work(func() (Drained, error) { return r.one(ctx, d) })
	}
	return nil
}

// next waits for a delivery. Silence on an empty queue unsubscribes; then the
// deliveries end by themselves after the last one under way.
func (r *run) next(ctx context.Context, quiet *time.Timer, deliveries <-chan amqp091.Delivery) (amqp091.Delivery, bool, error) {
	for {
		quiet.Reset(r.queue.cfg.Quiet)
		select {
		case d, open := <-deliveries:
			switch {
			case open:
				r.received++
				return d, true, nil
			case r.ending:
				r.empty = true
				return d, false, nil
			}
			return d, false, r.session.lost()
		case <-ctx.Done():
			return amqp091.Delivery{}, false, nil
		case <-r.stop:
			return amqp091.Delivery{}, false, nil
		case <-r.crew.failed:
			return amqp091.Delivery{}, false, nil
		case <-quiet.C:
			if !r.untilEmpty || r.ending {
				continue
			}
			waiting, err := r.queue.waiting(r.session)
			if err != nil {
				return amqp091.Delivery{}, false, cause(ctx, err)
			}
			if waiting > 0 {
				continue
			}
			if err := r.session.ch.Cancel(consumerTag, false); err != nil {
				return amqp091.Delivery{}, false, fmt.Errorf("unsubscribe: %w", cause(ctx, err))
			}
			r.ending = true
		}
	}
}

// one brings a single delivery to its end: handled or set aside, and then
// acked; or put back.
func (r *run) one(ctx context.Context, d amqp091.Delivery) (did Drained, err error) {
	m, err := FromDelivery(d)
	if err == nil {
		err = r.handle(ctx, m)
		did.Handled, did.Newest = 1, m.Sent
	}
	if errors.Is(err, ErrMalformed) || errors.Is(err, ErrPoison) {
		err = r.queue.cfg.SetAside(ctx, Malformed{
			ID: d.MessageId, Topic: d.RoutingKey, Headers: plainTable(d.Headers),
			Body: d.Body, Redelivered: d.Redelivered, Reason: err,
		})
		did = Drained{SetAside: 1}
	}
	if err != nil {
		return Drained{}, fmt.Errorf("handle message %.200q on %.255q: %w", d.MessageId, d.RoutingKey, err)
	}
	if err := d.Ack(false); err != nil {
		return Drained{}, fmt.Errorf("ack message %.200q (it will come again): %w", d.MessageId, err)
	}
	if d.Redelivered {
		did.Redelivered = 1
	}
	return did, nil
}
