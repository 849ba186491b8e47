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
	in       *ingress // the Trigger's Broker; nil for a timer
	filter   filter.Filter
	delivery manifest.Delivery
	format   string // the Trigger's own; a Broker's counts for nothing (pkg/broker/filter)
	flow     *flow
	dead     *flow // nil when there is no dead letter sink
}

// broker is the name of the Broker an event of this route came to.
func (r *route) broker() string {
	if r.in == nil {
		return ""
	}
	return r.in.self.Name
}

// route lays the ways of all triggers and timers.
func (b *Broker) route() error {
	for _, self := range b.set.Brokers {
		if b.ingresses[self.Name] != nil {
			return alone(self.Object)
		}
		b.ingresses[self.Name] = &ingress{self: self}
	}
	if b.options.Name == "" && len(b.set.Brokers) == 1 {
		b.options.Name = b.set.Brokers[0].Name
	}
	if b.ingresses[b.options.Name] == nil {
		return fmt.Errorf("choose one of %d brokers: there is none named %q", len(b.set.Brokers), b.options.Name)
	}
	for _, t := range b.set.Triggers {
		if b.routes[t.Name] != nil {
			return alone(t.Object)
		}
		limit := 0
		if text, ok := t.Annotations[parallelism]; ok {
			var err error
			if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
				return fmt.Errorf("%s:%d: metadata.annotations.%s: wants a number from 1 on", t.File, t.Line, parallelism)
			}
		}
		in := b.ingresses[t.Broker]
		r := b.lay(t.Name, t.Subscriber, in.self.DeliveryOf(t), limit)
		r.in, r.filter = in, t.Filter
		if t.Delivery != nil {
			r.format = t.Delivery.Format
		}
		in.wanting = append(in.wanting, r)
	}
	for _, p := range b.set.PingSources {
		b.timers = append(b.timers, p)
		if p.Sink.Ref.Kind != "Broker" {
			// What Knative's adapter does: five more tries, 50 ms doubling.
			b.lay(timerRoute(p), p.Sink, manifest.Delivery{Retry: 5, Policy: "exponential", Delay: 50 * time.Millisecond}, 0)
		}
	}
	return nil
}

// alone refuses a second object of a name. The journal knows them by it.
func alone(o manifest.Object) error {
	return &manifest.Error{
		File: o.File, Line: o.Line, Field: "metadata.name",
		Problem: fmt.Sprintf("there is another %s %s in another namespace; the local broker tells them apart by name alone", o.Kind, o.Name),
	}
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
	if in := b.ingresses[to.Ref.Name]; to.Ref.Kind == "Broker" && in != nil {
		return ahead{b, in}, nil
	}
	if b.options.Resolve == nil {
		return nil, fmt.Errorf("nobody to ask")
	}
	return b.options.Resolve(to)
}

// ahead is a Broker as a subscriber: of a Trigger that hands on, or as a dead
// letter sink. The event counts as delivered once the journal holds it again.
type ahead struct {
	b  *Broker
	in *ingress
}

func (a ahead) Deliver(ctx context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
	by, _ := ctx.Value(trigger{}).(string)
	status, words := answerFor(a.b.publish(ctx, a.in, e, by))
	return nil, status, 0, []byte(words), nil
}

// trigger is the key of the Trigger's name in a delivery's context.
type trigger struct{}
