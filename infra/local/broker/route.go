package broker

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker/filter"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// parallelism limits a Trigger, here as with the RabbitMQ broker.
const parallelism = "rabbitmq.eventing.knative.dev/parallelism"

// route is the way of an event to one Trigger's subscriber, or of a timer to
// a sink that is no Broker.
type route struct {
	name     string
	filter   filter.Filter
	delivery manifest.Delivery
	flow     *flow
	dead     *flow // nil when there is no dead letter sink
	deaf     bool  // a timer's way: nobody hears a reply
}

// route lays the ways of all triggers and timers of the Broker.
func (b *Broker) route(set *manifest.Set) error {
	for _, t := range set.Triggers {
		if t.Broker != b.self.Name {
			continue
		}
		limit := 0
		if text, ok := t.Annotations[parallelism]; ok {
			var err error
			if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
				return fmt.Errorf("%s:%d: metadata.annotations.%s: wants a number from 1 on", t.File, t.Line, parallelism)
			}
		}
		r := b.lay(t.Name, t.Subscriber, b.self.DeliveryOf(t), limit)
		r.filter = t.Filter
		b.triggers, b.wanting = append(b.triggers, t), append(b.wanting, r)
	}
	for _, p := range set.PingSources {
		if p.Sink.Ref.Kind == "Broker" && p.Sink.Ref.Name != b.self.Name {
			continue
		}
		b.timers = append(b.timers, p)
		if p.Sink.Ref.Kind != "Broker" {
			// What Knative's adapter does: five more tries, 50 ms doubling.
			b.lay(timerRoute(p), p.Sink, manifest.Delivery{Retry: 5, Policy: "exponential", Delay: 50 * time.Millisecond}, 0).deaf = true
		}
	}
	return nil
}

// timerRoute cannot be a Trigger's name: those hold no slash.
func timerRoute(p manifest.PingSource) string { return "pingsource/" + p.Name }

func (b *Broker) lay(name string, to manifest.Destination, delivery manifest.Delivery, limit int) *route {
	r := &route{name: name, delivery: delivery, flow: b.lane(to).flow(limit)}
	if delivery.DeadLetters != nil {
		r.dead = b.lane(*delivery.DeadLetters).flow(0)
	}
	b.routes[name] = r
	return r
}

func (b *Broker) lane(to manifest.Destination) *lane {
	l := b.lanes[to]
	if l == nil {
		l = &lane{to: to, limit: b.options.Limit(to)}
		if l.limit <= 0 {
			l.limit = DefaultLimit
		}
		b.lanes[to] = l
	}
	return l
}

func (b *Broker) resolve(to manifest.Destination) (Subscriber, error) {
	if to.Ref.Kind == "Broker" && to.Ref.Name == b.self.Name {
		return again{b}, nil
	}
	if b.options.Resolve == nil {
		return nil, fmt.Errorf("nobody to ask")
	}
	return b.options.Resolve(to)
}

// again is the Broker as a subscriber of its own: a dead letter sink, mostly.
type again struct{ b *Broker }

func (a again) Deliver(ctx context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
	status, words := answerFor(a.b.Publish(ctx, e))
	return nil, status, 0, []byte(words), nil
}
