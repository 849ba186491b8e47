package equivalence

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	eventingduck "knative.dev/eventing/pkg/apis/duck/v1"
	"knative.dev/eventing/pkg/eventingtls"
	"knative.dev/eventing/pkg/kncloudevents"
	"knative.dev/pkg/apis"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	"sigs.k8s.io/yaml"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func TestEveryStatusIsJudgedTheSame(t *testing.T) {
	for status := -1; status < 700; status++ {
		theirs, err := kncloudevents.SelectiveRetry(t.Context(), &http.Response{StatusCode: status}, nil)
		must(t, err)
		if status == 0 || status == -1 { // no answer; there Knative has no response
			theirs, err = kncloudevents.SelectiveRetry(t.Context(), nil, context.DeadlineExceeded)
			must(t, err)
		}
		if mine := broker.Retryable(max(status, 0)); mine != theirs {
			t.Errorf("%d: Knative tries again: %t; the local broker: %t", status, theirs, mine)
		}
	}
}

// deliveries are delivery specs as written, of both policies and of durations
// of every form.
func deliveries(g generator) []string {
	durations := []string{"PT0S", "PT0.05S", "PT0.5S", "PT1S", "PT1.5S", "PT90S", "PT2M", "PT1M30S", "PT1H", "P1D", "P1DT1S", "PT0.001S", "P1W", "P1M", "P1Y", "-PT1S", "PT1,5S", "PT", "P", "1s", "", "PT1S ", "pt1s", "P1.5D", "PT0.0000001S"}
	var all []string
	for range 4000 {
		spec := fmt.Sprintf("{retry: %d", g.IntN(12))
		for _, field := range []string{"backoffDelay", "timeout", "retryAfterMax"} {
			if g.IntN(2) == 0 {
				spec += fmt.Sprintf(", %s: %q", field, g.one(durations))
			}
		}
		if g.IntN(3) > 0 {
			spec += ", backoffPolicy: " + g.one([]string{"linear", "exponential", "linear", "exponential", "fibonacci"})
		}
		all = append(all, spec+"}")
	}
	return all
}

// TestEveryBackoffIsTheSame holds the whole series of waits of generated
// delivery specs against Knative's, and which of them are refused.
func TestEveryBackoffIsTheSame(t *testing.T) {
	compared, refusedByBoth := 0, 0
	for _, spec := range deliveries(generator{rand.New(rand.NewPCG(*seed, 1))}) {
		var theirs eventingduck.DeliverySpec
		must(t, yaml.UnmarshalStrict([]byte(spec), &theirs))
		invalid := theirs.Validate(enabled(t.Context()))
		set, refused := manifest.Parse("trigger.yaml", []byte(subscribed("work", "a", spec)))
		switch {
		case refused != nil && invalid != nil:
			refusedByBoth++
			continue
		case refused != nil:
			if why := durationDifference(spec); !strings.Contains(refused.Error(), "wants a duration") || why == "" {
				t.Fatalf("%s: only the local broker refuses it: %v", spec, refused)
			}
			continue
		case invalid != nil:
			t.Fatalf("%s: only Knative refuses it: %v", spec, invalid)
		}
		config, err := kncloudevents.RetryConfigFromDeliverySpec(theirs)
		must(t, err)
		mine := *set.Triggers[0].Delivery
		if mine.Retry != config.RetryMax || mine.Timeout != config.RequestTimeout {
			t.Fatalf("%s: Knative has %d retries within %s, the local broker %d within %s", spec, config.RetryMax, config.RequestTimeout, mine.Retry, mine.Timeout)
		}
		if (mine.RetryAfterMax == nil) != (config.RetryAfterMaxDuration == nil) || mine.RetryAfterMax != nil && *mine.RetryAfterMax != *config.RetryAfterMaxDuration {
			t.Fatalf("%s: retryAfterMax differs", spec)
		}
		for n := range config.RetryMax {
			want := config.Backoff(n, nil)
			if math.Exp2(float64(n))*float64(mine.Delay) >= math.MaxInt64 {
				break // there Knative's own arithmetic overflows
			}
			if got := broker.Backoff(mine, n, 500, 0); got != want {
				t.Fatalf("%s: after attempt %d Knative waits %s, the local broker %s", spec, n, want, got)
			}
			compared++
		}
	}
	t.Logf("%d waits are the same, %d specs are refused by both", compared, refusedByBoth)
	if compared < 5000 {
		t.Error("the generator makes too little that says something")
	}
}

// durationDifference says why the local broker refuses a duration which a
// cluster takes.
func durationDifference(spec string) string {
	switch {
	case strings.Contains(spec, `timeout: "-`), strings.Contains(spec, `backoffDelay: "-`):
		return "backwards: Knative waits for nothing, and gives up before it begins"
	case strings.Contains(spec, `timeout: "PT0.0000001S"`):
		return "below a nanosecond: Knative has no timeout then"
	}
	return ""
}

// TestALongErrorBringsKnativesDispatcherDown is why a function's error is
// short: from 769 bytes on the dispatcher panics when it writes the dead
// letter, outside of any recover, and with it the channel's whole process. The
// local broker cuts the text.
func TestALongErrorBringsKnativesDispatcherDown(t *testing.T) {
	dispatch := func(t *testing.T, size int) (panicked any) {
		defer func() { panicked = recover() }()
		p := &people{answers: map[string][]answer{"work": {{status: 422, body: strings.Repeat("x", size)}}, "dead": ok}}
		p.settle()
		dispatcher := kncloudevents.NewDispatcher(eventingtls.ClientConfig{}, nil,
			kncloudevents.WithMeterProvider(metricnoop.NewMeterProvider()), kncloudevents.WithTraceProvider(tracenoop.NewTracerProvider()))
		to := func(name string) duckv1.Addressable {
			return duckv1.Addressable{URL: &apis.URL{Scheme: "http", Host: name + ".default.svc.cluster.local"}}
		}
		dead := to("dead")
		_, err := dispatcher.SendEvent(t.Context(), said("1", "a"), to("work"), kncloudevents.WithDeadLetterSink(&dead))
		must(t, err)
		return nil
	}
	if got := dispatch(t, 768); got != nil {
		t.Errorf("768 bytes: %v", got)
	}
	if got := dispatch(t, 769); got == nil {
		t.Error("769 bytes: no panic any more; the limit in cmd/function can go")
	}
	// The local broker alone.
	p := &people{answers: map[string][]answer{"work": {{status: 422, body: strings.Repeat("x", 3000)}}, "dead": ok}}
	p.settle()
	s := scenario{}
	ingress, settled := s.startLocal(t, []string{aBroker, subscribed("work", "a", "{"+toDead+"}")})
	post(t, ingress, said("1", "a"))
	settled()
	if len(p.asked["dead"]) != 1 || len(p.asked["dead"][0].Header["Ce-Knativeerrordata"]) != 1024 {
		t.Error("the local broker's dead letters are", p.asked["dead"])
	}
}

// A reply to a reply and so on ends after as many hops, by the same dead letter.
func TestRepliesGoRoundAsOften(t *testing.T) {
	for ttl, rounds := range map[string]int{"": 255, "9": 8} {
		t.Run("TTL "+ttl, func(t *testing.T) {
			again := said("1", "a")
			first := said("1", "a")
			if ttl != "" {
				first.SetExtension("knativebrokerttl", ttl)
			}
			scenario{
				manifests: []string{aBroker, subscribed("work", "a", "{"+toDead+"}")},
				answers:   map[string][]answer{"work": {{reply: &again}}, "dead": ok}, post: []event.Event{first},
				counts: map[string]int{"work": rounds, "dead": 1},
				check: func(t *testing.T, asked map[string][]asked) {
					if got := asked["dead"][0].Header; got["Ce-Knativeerrorcode"] != "400" || got["Ce-Knativebrokerttl"] != "1" {
						t.Error("the dead letter has", got)
					}
				},
			}.play(t)
		})
	}
}

// A hand-over between brokers begins the count anew, so a circle of them would
// never end on a cluster; that is why the local broker refuses one at load.
func TestACircleOfBrokersNeverEndsOnACluster(t *testing.T) {
	const rounds = 600 // more than 255
	circle := []string{
		aBroker, strings.Replace(aBroker, "name: b", "name: ci", 1),
		strings.Replace(subscribed("to-ci", "a", ""), "apiVersion: v1, kind: Service, name: to-ci", "apiVersion: eventing.knative.dev/v1, kind: Broker, name: ci", 1),
		strings.Replace(strings.Replace(subscribed("to-b", "a", ""), "apiVersion: v1, kind: Service, name: to-b", "apiVersion: eventing.knative.dev/v1, kind: Broker, name: b", 1), "broker: b", "broker: ci", 1),
		subscribed("work", "a", ""),
	}
	set, err := manifest.Parse("circle.yaml", []byte(strings.Join(circle, "---\n")))
	must(t, err)
	if err := set.Check(); err == nil || !strings.Contains(err.Error(), "handed round for ever: to-ci → to-b → to-ci") {
		t.Error("the local broker says", err)
	}
	p := &people{answers: map[string][]answer{"work": ok}}
	p.settle()
	knativeBroker(t, circle)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	go func() { // it does not come back before it is cut off
		req, err := requestOf(ctx, brokerURL("b").String(), said("1", "a"))
		if err == nil {
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}
	}()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		p.mu.Lock()
		n := len(p.asked["work"])
		p.mu.Unlock()
		if n >= rounds {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the circle ended after %d rounds", n)
		}
	}
}
