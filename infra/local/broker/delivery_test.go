package broker_test

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
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

func TestBackoffIsKnatives(t *testing.T) {
	minute, none := time.Minute, time.Duration(0)
	linear := manifest.Delivery{Policy: "linear", Delay: 300 * time.Millisecond}
	exponential := manifest.Delivery{Policy: "exponential", Delay: 200 * time.Millisecond}
	with := func(d manifest.Delivery, most *time.Duration) manifest.Delivery {
		d.RetryAfterMax = most
		return d
	}
	tests := []struct {
		name      string
		delivery  manifest.Delivery
		n, status int
		after     time.Duration
		want      time.Duration
	}{
		{"linear: the first retry is at once", linear, 0, 500, 0, 0},
		{"linear: then one delay", linear, 1, 500, 0, 300 * time.Millisecond},
		{"linear: then two", linear, 2, 500, 0, 600 * time.Millisecond},
		{"exponential: one delay", exponential, 0, 500, 0, 200 * time.Millisecond},
		{"exponential: two", exponential, 1, 500, 0, 400 * time.Millisecond},
		{"exponential: the tenth", exponential, 9, 500, 0, 102400 * time.Millisecond},
		{"exponential: never backwards", exponential, 80, 500, 0, math.MaxInt64},
		{"no policy, no wait", manifest.Delivery{Delay: time.Second}, 3, 500, 0, 0},
		{"no delay, no wait", manifest.Delivery{Policy: "exponential"}, 3, 500, 0, 0},
		{"Retry-After counts for nothing without retryAfterMax", exponential, 0, 503, time.Hour, 200 * time.Millisecond},
		{"Retry-After of 503", with(exponential, &minute), 0, 503, 2 * time.Second, 2 * time.Second},
		{"Retry-After of 429", with(exponential, &minute), 0, 429, 2 * time.Second, 2 * time.Second},
		{"Retry-After is cut", with(exponential, &minute), 0, 503, time.Hour, time.Minute},
		{"Retry-After below the back-off", with(exponential, &minute), 9, 503, time.Second, 102400 * time.Millisecond},
		{"Retry-After of 500", with(exponential, &minute), 0, 500, 2 * time.Second, 200 * time.Millisecond},
		{"retryAfterMax of nothing switches it off", with(exponential, &none), 0, 503, 2 * time.Second, 200 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := broker.Backoff(tt.delivery, tt.n, tt.status, tt.after); got != tt.want {
				t.Errorf("Backoff = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOnlyWhatMayPassIsRetried(t *testing.T) {
	for status, want := range map[int]bool{
		0: true, 404: true, 408: true, 409: true, 429: true, 500: true, 502: true, 503: true, 504: true,
		300: false, 302: false, 400: false, 401: false, 403: false, 410: false, 415: false, 422: false, 499: false,
	} {
		if got := broker.Retryable(status); got != want {
			t.Errorf("Retryable(%d) = %t", status, got)
		}
	}
}

func TestAttemptsFollowTheScheduleAndThenTheDeadLetterSinkGetsIt(t *testing.T) {
	tests := []struct {
		name, delivery string
		want           []time.Duration
	}{
		{"linear", "{retry: 2, backoffPolicy: linear, backoffDelay: PT0.3S, " + toDead + "}", []time.Duration{0, 0, 300 * time.Millisecond}},
		{"exponential", "{retry: 3, backoffPolicy: exponential, backoffDelay: PT0.2S, " + toDead + "}", []time.Duration{0, 200 * time.Millisecond, 600 * time.Millisecond, 1400 * time.Millisecond}},
		{"no retry", "{" + toDead + "}", []time.Duration{0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				work := &heard{start: time.Now(), answer: always(500, "boom")}
				dead := &heard{start: time.Now()}
				b := run(t, manifests(t, oneBroker, trigger("work", "a", tt.delivery)), broker.Options{}, map[string]broker.Subscriber{"work": work, "dead": dead})
				publish(t, b, say("1", "a"))
				settle(t, b)
				if diff := cmp.Diff(tt.want, work.after); diff != "" {
					t.Error("attempts", diff)
				}
				if diff := cmp.Diff([]string{"1"}, dead.ids()); diff != "" {
					t.Error("dead letters", diff)
				}
			})
		})
	}
}

func TestTheDeadLetterTellsWhatWentWrong(t *testing.T) {
	data := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	const address = "http://work.default.svc.cluster.local"
	tests := []struct {
		name   string
		answer func(int, event.Event) (*event.Event, int, string, error)
		want   map[string]any // nil: none of the attributes
	}{
		{"permanent refusal", always(422, "no such package"), map[string]any{"knativeerrordest": address, "knativeerrorcode": "422", "knativeerrordata": data("no such package")}},
		{"failure without a body", always(500, ""), map[string]any{"knativeerrordest": address, "knativeerrorcode": "500", "knativeerrordata": ""}},
		{"redirect", always(302, ""), map[string]any{"knativeerrordest": address, "knativeerrorcode": "302", "knativeerrordata": ""}},
		{"long body", always(500, strings.Repeat("x", 3000)), map[string]any{"knativeerrordest": address, "knativeerrorcode": "500", "knativeerrordata": data(strings.Repeat("x", 3000))[:1024]}},
		{
			"no connection",
			func(int, event.Event) (*event.Event, int, string, error) {
				return nil, 0, "", errors.New("connection refused")
			},
			map[string]any{"knativeerrordest": address, "knativeerrorcode": "500", "knativeerrordata": data("dispatch error: connection refused")},
		},
		{"an answer that is no CloudEvent", always(200, "ok"), nil},
		{
			"timeout", func(int, event.Event) (*event.Event, int, string, error) {
				time.Sleep(3 * time.Second)
				return nil, 200, "", nil
			}, nil,
		},
		{
			"panic", func(int, event.Event) (*event.Event, int, string, error) { panic("oh") },
			map[string]any{"knativeerrordest": address, "knativeerrorcode": "500", "knativeerrordata": data("panic: oh")},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				work, dead := &heard{answer: tt.answer}, &heard{}
				b := run(t, manifests(t, oneBroker, trigger("work", "a", "{timeout: PT1S, "+toDead+"}")), broker.Options{}, map[string]broker.Subscriber{"work": work, "dead": dead})
				publish(t, b, say("1", "a"))
				settle(t, b)
				if len(dead.events) != 1 {
					t.Fatalf("%d dead letters", len(dead.events))
				}
				extensions := dead.events[0].Extensions()
				if extensions["knativebrokerttl"] != "255" {
					t.Errorf("the dead letter's TTL is %v", extensions["knativebrokerttl"])
				}
				delete(extensions, "knativebrokerttl")
				delete(extensions, "knativearrivaltime")
				if tt.want == nil {
					tt.want = map[string]any{}
				}
				if diff := cmp.Diff(tt.want, extensions); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestSubscribersSeeTheArrivalTimeButNotTheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := &heard{}
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "")), broker.Options{}, map[string]broker.Subscriber{"work": work})
		publish(t, b, say("1", "a"))
		settle(t, b)
		extensions := work.events[0].Extensions()
		if extensions["knativearrivaltime"] == nil || extensions["knativebrokerttl"] != nil {
			t.Errorf("the subscriber sees %v", extensions)
		}
	})
}

func TestADeliveryTimeoutBelowTheHandlersTimeRunsItTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, finished atomic.Int32
		work := broker.Func(func(context.Context, event.Event) (*event.Event, int, time.Duration, []byte, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(3 * time.Second)
			now.Add(-1)
			finished.Add(1)
			return nil, 200, 0, nil, nil
		})
		dead := &heard{start: time.Now()}
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "{retry: 2, timeout: PT1S, "+toDead+"}")), broker.Options{
			Limit: func(manifest.Destination) int { return 1 },
		}, map[string]broker.Subscriber{"work": work, "dead": dead})
		publish(t, b, say("1", "a"))
		settle(t, b)
		if most.Load() != 3 || finished.Load() != 3 {
			t.Errorf("%d ran at once, %d finished; want 3 and 3", most.Load(), finished.Load())
		}
		if diff := cmp.Diff([]time.Duration{3 * time.Second}, dead.after); diff != "" {
			t.Error("although all finished, the event is a dead letter", diff)
		}
	})
}

func TestABusySubscriberSaysWhenToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var times []time.Duration
		work := broker.Func(func(context.Context, event.Event) (*event.Event, int, time.Duration, []byte, error) {
			times = append(times, time.Since(start))
			if len(times) == 1 {
				return nil, 503, 2 * time.Second, nil, nil
			}
			return nil, 204, 0, nil, nil
		})
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "{retry: 1, backoffPolicy: exponential, backoffDelay: PT0.1S, retryAfterMax: PT10S}")), broker.Options{}, map[string]broker.Subscriber{"work": work})
		publish(t, b, say("1", "a"))
		settle(t, b)
		if diff := cmp.Diff([]time.Duration{0, 2 * time.Second}, times); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADeadLetterSinkIsRetriedByTheSameRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work, dead := &heard{answer: always(400, "")}, &heard{answer: always(500, "full")}
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "{retry: 2, "+toDead+"}")), broker.Options{}, map[string]broker.Subscriber{"work": work, "dead": dead})
		publish(t, b, say("1", "a"))
		settle(t, b)
		want := []string{
			"1 accepted",
			"1 failed work by Service work, attempt 1: 400",
			"1 retried work by Service dead, attempt 1: 500 full",
			"1 retried work by Service dead, attempt 2: 500 full",
			"1 lost work by Service dead, attempt 3: 500 full",
		}
		if diff := cmp.Diff(want, story(b.History())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestABrokerMayBeItsOwnDeadLetterSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		self := "{deadLetterSink: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: events}}}"
		work := &heard{answer: always(400, "")}
		b := run(t, manifests(t, oneBroker, trigger("work", "a", self)), broker.Options{}, map[string]broker.Subscriber{"work": work})
		publish(t, b, say("1", "a"))
		settle(t, b)
		// Each round costs a hop, so it ends: 255 deliveries, then the broker
		// refuses its own dead letter.
		if len(work.events) != 255 {
			t.Errorf("%d deliveries", len(work.events))
		}
		// The round before notes its end at the same time, so order says nothing.
		var lost []int
		for _, record := range b.History() {
			if record.Kind == broker.Lost {
				lost = append(lost, record.Status)
			}
		}
		if diff := cmp.Diff([]int{400}, lost); diff != "" {
			t.Errorf("lost (-want +got):\n%s", diff)
		}
	})
}

func TestRepliesArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		build := &heard{answer: func(int, event.Event) (*event.Event, int, string, error) {
			reply := say("2", "built")
			return &reply, 200, "", nil
		}}
		report := &heard{}
		b := run(t, manifests(t, oneBroker, trigger("build", "asked", ""), trigger("report", "built", "")), broker.Options{}, map[string]broker.Subscriber{"build": build, "report": report})
		publish(t, b, say("1", "asked"))
		settle(t, b)
		if diff := cmp.Diff([]string{"2"}, report.ids()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRepliesThatGoRoundEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		echo, dead := &heard{}, &heard{}
		echo.answer = func(_ int, e event.Event) (*event.Event, int, string, error) { return &e, 200, "", nil }
		b := run(t, manifests(t, oneBroker, trigger("echo", "a", "{"+toDead+"}")), broker.Options{}, map[string]broker.Subscriber{"echo": echo, "dead": dead})
		publish(t, b, say("1", "a"))
		settle(t, b)
		if len(echo.events) != 255 || len(dead.events) != 1 {
			t.Fatalf("%d deliveries and %d dead letters", len(echo.events), len(dead.events))
		}
		if got := dead.events[0].Extensions(); got["knativeerrorcode"] != "400" || got["knativebrokerttl"] != "1" {
			t.Errorf("the dead letter has %v", got)
		}
	})
}

func TestAReplyThatIsNoEventSendsTheOriginalToTheDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work, dead := &heard{}, &heard{}
		work.answer = func(int, event.Event) (*event.Event, int, string, error) {
			empty := event.New()
			return &empty, 200, "", nil
		}
		b := run(t, manifests(t, oneBroker, trigger("work", "a", "{retry: 3, "+toDead+"}")), broker.Options{}, map[string]broker.Subscriber{"work": work, "dead": dead})
		publish(t, b, say("1", "a"))
		settle(t, b)
		if len(work.events) != 1 || len(dead.events) != 1 {
			t.Errorf("%d deliveries and %d dead letters", len(work.events), len(dead.events))
		}
	})
}
