package broker_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

const timers = `---
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: hourly, namespace: ci}
spec:
  schedule: "30 * * * *"
  contentType: application/json
  data: '{"environment": "stg"}'
  ceOverrides: {extensions: {environment: stg}}
  sink: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: events, namespace: default}}
---
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: minutely}
spec:
  schedule: "* * * * *"
  sink: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: tick}}
`

func TestTimersTickByTheirSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight UTC
		work, tick := &heard{start: time.Now()}, &heard{start: time.Now()}
		b := run(t, manifests(t, oneBroker, trigger("work", "dev.knative.sources.ping", ""), timers), broker.Options{}, map[string]broker.Subscriber{"work": work, "tick": tick})
		time.Sleep(3*time.Hour + time.Second)
		settle(t, b)
		if diff := cmp.Diff([]time.Duration{30 * time.Minute, 90 * time.Minute, 150 * time.Minute}, work.after); diff != "" {
			t.Error("hourly", diff)
		}
		if len(tick.after) != 180 {
			t.Errorf("%d ticks straight to the service in three hours", len(tick.after))
		}
		e := work.events[0]
		if e.Source() != "/apis/v1/namespaces/ci/pingsources/hourly" || string(e.Data()) != `{"environment": "stg"}` || e.DataContentType() != "application/json" || e.Extensions()["environment"] != "stg" || e.ID() == work.events[1].ID() {
			t.Errorf("the event is %v", e)
		}
		if direct := tick.events[0]; len(direct.Extensions()) != 0 || direct.Source() != "/apis/v1/namespaces/default/pingsources/minutely" {
			t.Errorf("the event straight to the service is %v", direct)
		}
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		if len(tick.after) != 180 {
			t.Error("a closed broker ticks on")
		}
	})
}

func TestATimerCanBeHurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tick := &heard{start: time.Now()}
		every := func(p manifest.PingSource) time.Duration {
			if p.Name == "minutely" {
				return time.Second
			}
			return 0
		}
		b := run(t, manifests(t, oneBroker, timers), broker.Options{Every: every}, map[string]broker.Subscriber{"tick": tick})
		time.Sleep(3500 * time.Millisecond)
		settle(t, b)
		if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, tick.after); diff != "" {
			t.Error(diff)
		}
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestATimerCanBeMadeToTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tick := &heard{answer: func(_ int, e event.Event) (*event.Event, int, string, error) { return &e, 200, "", nil }}
		b := run(t, manifests(t, oneBroker, timers), broker.Options{NoTimers: true}, map[string]broker.Subscriber{"tick": tick})
		if err := b.Tick(context.Background(), "minutely"); err != nil {
			t.Fatal(err)
		}
		settle(t, b)
		time.Sleep(time.Hour)
		if len(tick.events) != 1 {
			t.Errorf("%d ticks", len(tick.events))
		}
		if records := b.History(); len(records) != 2 {
			t.Errorf("the reply to a timer is published: %q", story(records))
		}
		if err := b.Tick(context.Background(), "never"); err == nil {
			t.Error("a timer that is not there ticks")
		}
	})
}
