package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// pingType and the form of the source are those of Knative's PingSource.
const pingType = "dev.knative.sources.ping"

// Timers gives the PingSources the Broker runs.
func (b *Broker) Timers() []manifest.PingSource { return b.timers }

// Tick makes the timer of that name say its event now.
func (b *Broker) Tick(ctx context.Context, name string) error {
	for _, p := range b.timers {
		if p.Name == name {
			return b.tick(ctx, p)
		}
	}
	return fmt.Errorf("there is no PingSource %q", name)
}

func (b *Broker) tick(ctx context.Context, p manifest.PingSource) error {
	e, err := b.ping(p)
	if err != nil {
		return fmt.Errorf("say event of PingSource %s: %w", p.Name, err)
	}
	if p.Sink.Ref.Kind == "Broker" {
		return b.PublishTo(ctx, p.Sink.Ref.Name, e)
	}
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	return b.accept(&e, about(&e), []*route{b.routes[timerRoute(p)]}) //nolint:contextcheck // a delivery outlives the tick
}

// ping makes the event Knative's adapter makes (pkg/adapter/mtping).
func (b *Broker) ping(p manifest.PingSource) (event.Event, error) {
	namespace := p.Namespace
	if namespace == "" {
		namespace = "default"
	}
	e := event.New()
	e.SetID(uuid.NewString())
	e.SetType(pingType)
	e.SetSource("/apis/v1/namespaces/" + namespace + "/pingsources/" + p.Name)
	e.SetTime(b.options.Now())
	for name, value := range p.Extensions {
		e.SetExtension(name, value)
	}
	if p.Data == nil {
		return e, nil
	}
	err := e.SetData(p.ContentType, p.Data)
	return e, err
}

func (b *Broker) startTimers() {
	for _, p := range b.timers {
		b.timing.Go(func() { b.run(p) })
	}
}

// run says the event of one timer until Close. Times that pass while the
// broker does not run are not made up for, as on a cluster.
func (b *Broker) run(p manifest.PingSource) {
	last := b.options.Now()
	for {
		next := p.Next(last)
		if every := b.options.Every(p); every > 0 {
			next = last.Add(every)
		}
		if next.IsZero() {
			return
		}
		timer := time.NewTimer(next.Sub(b.options.Now()))
		select {
		case <-b.quit:
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := b.tick(b.running, p); err != nil {
			r := Record{Kind: Lost, Time: b.options.Now(), Type: pingType, Trigger: timerRoute(p), Detail: line(err.Error())}
			b.history.add(r)
			b.options.Observe(r)
		}
		last = next
		if now := b.options.Now(); now.After(last) {
			last = now
		}
	}
}
