package broker_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// heard is a subscriber that remembers what it got and when, and answers
// what the test says.
type heard struct {
	mu     sync.Mutex
	start  time.Time
	events []event.Event
	after  []time.Duration // since start
	answer func(n int, e event.Event) (*event.Event, int, string, error)
}

func (h *heard) Deliver(_ context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
	h.mu.Lock()
	n := len(h.events)
	h.events = append(h.events, e)
	h.after = append(h.after, time.Since(h.start).Round(time.Millisecond))
	answer := h.answer
	h.mu.Unlock()
	if answer == nil {
		return nil, 202, 0, nil, nil
	}
	reply, status, body, err := answer(n, e)
	return reply, status, 0, []byte(body), err
}

func (h *heard) ids() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := []string{}
	for _, e := range h.events {
		ids = append(ids, e.ID())
	}
	return ids
}

func always(status int, body string) func(int, event.Event) (*event.Event, int, string, error) {
	return func(int, event.Event) (*event.Event, int, string, error) { return nil, status, body, nil }
}

const oneBroker = `apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: events}
spec: {delivery: {retry: 0}}
`

// trigger writes the manifest of a Trigger for events of the type, to the
// Service of the same name.
func trigger(name, eventType, delivery string) string {
	if delivery != "" {
		delivery = "  delivery: " + delivery + "\n"
	}
	return fmt.Sprintf(`---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: %[1]s}
spec:
  broker: events
  filters: [{exact: {type: %[2]s}}]
  subscriber: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: %[1]s}}
%[3]s`, name, eventType, delivery)
}

const toDead = "deadLetterSink: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: dead}}"

func manifests(t testing.TB, texts ...string) *manifest.Set {
	t.Helper()
	set, err := manifest.Parse("test.yaml", []byte(strings.Join(texts, "")))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// prepare makes a Broker in which each Service is the subscriber of that
// name. It is closed at the end of the test.
func prepare(t testing.TB, set *manifest.Set, options broker.Options, services map[string]broker.Subscriber) *broker.Broker {
	t.Helper()
	options.Resolve = func(d manifest.Destination) (broker.Subscriber, error) {
		s, ok := services[d.Ref.Name]
		if !ok {
			return nil, fmt.Errorf("no such service")
		}
		return s, nil
	}
	b, err := broker.New(set, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

func run(t testing.TB, set *manifest.Set, options broker.Options, services map[string]broker.Subscriber) *broker.Broker {
	t.Helper()
	b := prepare(t, set, options, services)
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	return b
}

func say(id, eventType string) event.Event {
	e := event.New()
	e.SetID(id)
	e.SetSource("/test")
	e.SetType(eventType)
	return e
}

func publish(t testing.TB, b *broker.Broker, e event.Event) {
	t.Helper()
	if err := b.Publish(context.Background(), e); err != nil {
		t.Fatal(err)
	}
}

func settle(t testing.TB, b *broker.Broker) {
	t.Helper()
	if err := b.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// story writes records as one line each: what happened, to whom, and how.
func story(records []broker.Record) []string {
	lines := []string{}
	for _, r := range records {
		text := r.ID + " " + string(r.Kind)
		if r.Trigger != "" {
			text += fmt.Sprintf(" %s by %s, attempt %d: %d", r.Trigger, r.Subscriber, r.Attempt, r.Status)
		}
		if r.Next > 0 {
			text += " again in " + r.Next.String()
		}
		if r.Detail != "" {
			text += " " + r.Detail
		}
		lines = append(lines, text)
	}
	return lines
}
