package broker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// crowd counts how many deliveries run at once; each takes a second.
type crowd struct{ now, most, all atomic.Int32 }

func (c *crowd) Deliver(context.Context, event.Event) (*event.Event, int, time.Duration, []byte, error) {
	c.most.Store(max(c.most.Load(), c.now.Add(1)))
	time.Sleep(time.Second)
	c.now.Add(-1)
	c.all.Add(1)
	return nil, 202, 0, nil, nil
}

func TestASubscriberGetsNoMoreAtOnceThanItsLimit(t *testing.T) {
	parallel := strings.Replace(trigger("second", "b", ""), "{name: second}", "{name: second, annotations: {rabbitmq.eventing.knative.dev/parallelism: \"2\"}}", 1)
	tests := []struct {
		name      string
		limit     int
		eventType string
		want      int32
	}{
		{"default", 0, "a", broker.DefaultLimit},
		{"limit", 3, "a", 3},
		{"parallelism of the trigger", 0, "b", 2},
		{"limit below the parallelism", 1, "b", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var work crowd
				b := run(t, manifests(t, oneBroker, trigger("first", "a", ""), parallel), broker.Options{
					Limit: func(manifest.Destination) int { return tt.limit },
				}, map[string]broker.Subscriber{"first": &work, "second": &work})
				for i := range 40 {
					publish(t, b, say(fmt.Sprint(i), tt.eventType))
				}
				settle(t, b)
				if work.most.Load() != tt.want || work.all.Load() != 40 {
					t.Errorf("%d at once, %d in all; want %d and 40", work.most.Load(), work.all.Load(), tt.want)
				}
			})
		})
	}
}

func TestOneSubscribersTriggersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := &heard{}
		other := strings.Replace(trigger("other", "b", ""), "kind: Service, name: other", "kind: Service, name: work", 1)
		b := prepare(t, manifests(t, oneBroker, trigger("work", "a", ""), other), broker.Options{
			Limit: func(manifest.Destination) int { return 1 },
		}, map[string]broker.Subscriber{"work": work})
		for _, id := range []string{"a1", "a2", "a3", "b1"} {
			publish(t, b, say(id, id[:1]))
		}
		if err := b.Start(); err != nil {
			t.Fatal(err)
		}
		settle(t, b)
		if diff := cmp.Diff([]string{"a1", "b1", "a2", "a3"}, work.ids()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARetryThatWaitsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := &heard{start: time.Now()}
		work.answer = func(n int, _ event.Event) (*event.Event, int, string, error) {
			if n == 0 {
				return nil, 500, "", nil
			}
			return nil, 202, "", nil
		}
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "{retry: 1, backoffPolicy: exponential, backoffDelay: PT10S}")), broker.Options{
			Limit: func(manifest.Destination) int { return 1 },
		}, map[string]broker.Subscriber{"work": work})
		publish(t, b, say("1", "a"))
		publish(t, b, say("2", "a"))
		settle(t, b)
		if diff := cmp.Diff([]string{"1", "2", "1"}, work.ids()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]time.Duration{0, 0, 10 * time.Second}, work.after); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatHappenedCanBeAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := &heard{answer: func(n int, _ event.Event) (*event.Event, int, string, error) {
			return nil, []int{503, 202}[n], "", nil
		}}
		var seen []broker.Record
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "{retry: 1, backoffPolicy: exponential, backoffDelay: PT1S}")), broker.Options{
			Observe: func(r broker.Record) { seen = append(seen, r) },
		}, map[string]broker.Subscriber{"work": work})
		first := say("1", "a")
		first.SetSubject("rpms/bash#7")
		publish(t, b, first)
		settle(t, b)
		publish(t, b, say("2", "nobody.wants"))
		settle(t, b)
		want := []string{
			"1 accepted",
			"1 retried work by Service work, attempt 1: 503 again in 1s",
			"1 delivered work by Service work, attempt 2: 202",
			"2 no match",
		}
		if diff := cmp.Diff(want, story(seen)); diff != "" {
			t.Error("observed", diff)
		}
		if diff := cmp.Diff(seen, b.History()); diff != "" {
			t.Error("history", diff)
		}
		if diff := cmp.Diff(want[:3], story(b.History("rpms/bash#7"))); diff != "" {
			t.Error("history of a subject", diff)
		}
		if diff := cmp.Diff(want[3:], story(b.History("2", "3"))); diff != "" {
			t.Error("history of an id", diff)
		}
	})
}

func TestHistoryIsBounded(t *testing.T) {
	b := run(t, manifests(t, oneBroker), broker.Options{History: 3}, nil)
	for i := range 10 {
		publish(t, b, say(fmt.Sprint(i), "a"))
	}
	if diff := cmp.Diff([]string{"7 no match", "8 no match", "9 no match"}, story(b.History())); diff != "" {
		t.Error(diff)
	}
}

func TestExplainAgreesWithDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := manifests(t, oneBroker, trigger("one", "distaff.build.done", ""), trigger("two", "distaff.tests.done", ""), `---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: three}
spec:
  broker: events
  filters: [{exact: {outcome: failed}}]
  subscriber: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: three}}
`)
		subscribers := map[string]broker.Subscriber{"one": &heard{}, "two": &heard{}, "three": &heard{}}
		b := run(t, set, broker.Options{}, subscribers)
		e := say("1", "distaff.build.done")
		publish(t, b, e)
		settle(t, b)
		whys := []string{}
		for _, m := range b.Explain(e) {
			whys = append(whys, m.Trigger+": "+m.Why)
			if got := len(subscribers[m.Subscriber.Ref.Name].(*heard).ids()) == 1; got != m.Matched {
				t.Errorf("%s: delivered %t, explained %t", m.Trigger, got, m.Matched)
			}
		}
		want := []string{
			"one: type is distaff.build.done",
			"two: type is distaff.build.done, the trigger wants distaff.tests.done",
			"three: attribute outcome is missing",
		}
		if diff := cmp.Diff(want, whys); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnEventThatIsNoneIsRefused(t *testing.T) {
	b := run(t, manifests(t, oneBroker), broker.Options{}, nil)
	worn := say("1", "a")
	worn.SetExtension("knativebrokerttl", 1)
	for name, e := range map[string]event.Event{"no id": say("", "a"), "no type": say("1", ""), "gone round too often": worn} {
		if err := b.Publish(context.Background(), e); !errors.Is(err, broker.ErrRefused) {
			t.Errorf("%s: Publish = %v", name, err)
		}
	}
	odd := say("1", "a")
	odd.SetExtension("knativebrokerttl", "many")
	if err := b.Publish(context.Background(), odd); err != nil {
		t.Errorf("a TTL that is no number is not replaced: %v", err)
	}
}

func TestAnUnknownSubscriberIsSaidAtTheStart(t *testing.T) {
	b := prepare(t, manifests(t, oneBroker, trigger("work", "a", "{"+toDead+"}")), broker.Options{}, map[string]broker.Subscriber{"work": &heard{}})
	if err := b.Start(); err == nil || !strings.Contains(err.Error(), "find subscriber Service dead: no such service") {
		t.Errorf("Start = %v", err)
	}
}

func TestCloseLetsDeliveriesEndAndTakesWhatTheySay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b *broker.Broker
		var said error
		work := broker.Func(func(ctx context.Context, _ event.Event) (*event.Event, int, time.Duration, []byte, error) {
			time.Sleep(time.Minute)
			said = b.Publish(ctx, say("2", "b"))
			return nil, 202, 0, nil, nil
		})
		b = run(t, manifests(t, oneBroker, trigger("work", "a", "")), broker.Options{}, map[string]broker.Subscriber{"work": work})
		publish(t, b, say("1", "a"))
		synctest.Wait()
		if err := b.Close(context.Background()); err != nil || said != nil {
			t.Errorf("Close = %v, the delivery's Publish = %v", err, said)
		}
		if diff := cmp.Diff([]string{"1 accepted", "2 no match", "1 delivered work by Service work, attempt 1: 202"}, story(b.History())); diff != "" {
			t.Error(diff)
		}
		if err := b.Publish(context.Background(), say("3", "a")); !errors.Is(err, broker.ErrClosed) {
			t.Errorf("Publish after Close = %v", err)
		}
	})
}

func TestCloseCutsDeliveriesOffWhenItsTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := broker.Func(func(ctx context.Context, _ event.Event) (*event.Event, int, time.Duration, []byte, error) {
			<-ctx.Done()
			return nil, 0, 0, nil, ctx.Err()
		})
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "{retry: 5}")), broker.Options{}, map[string]broker.Subscriber{"work": work})
		publish(t, b, say("1", "a"))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close = %v", err)
		}
	})
}
