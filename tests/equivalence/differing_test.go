package equivalence

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is different at a delivery, on purpose. TestDeliveriesDifferHere shows
// each on both sides, so that this list cannot become wrong unnoticed; see also
// TestACircleOfBrokersNeverEndsOnACluster and
// TestALongErrorBringsKnativesDispatcherDown.
var deliveryDifferences = map[string]string{
	"answer":  "the local broker answers 202 once its journal holds the event, as brokers that keep events do; the in-memory channel answers when all deliveries are done, and 500 if one failed",
	"size":    "the local broker takes events up to 16 MiB; the multi-tenant broker has no limit and holds them in memory",
	"headers": "headers of a request that are no attributes end at the local broker; Knative passes X-Request-Id, Retry-After, Knative-… and X-B3-… on, and adds Kn-Namespace",
	"panic":   "an expression that gives neither true nor false panics in Knative's filter, which is retried and then a dead letter; the local broker does not deliver",
}

func TestDeliveriesDifferHere(t *testing.T) {
	headers := map[string]string{"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "a", "Content-Type": "text/plain", "X-Request-Id": "r"}
	tests := map[string]struct {
		subscribed string
		answer     answer
		body       string
		status     [2]int            // of Knative, of the local broker
		counts     [2]map[string]int // as well
	}{
		"answer": {
			subscribed("work", "a", ""),
			answer{status: 422},
			"x",
			[2]int{500, 202},
			[2]map[string]int{{"work": 1, "dead": 0}, {"work": 1, "dead": 0}},
		},
		"size": {
			subscribed("work", "a", ""),
			answer{status: 200},
			strings.Repeat("x", 17<<20),
			[2]int{202, 400},
			[2]map[string]int{{"work": 1, "dead": 0}, {"work": 0, "dead": 0}},
		},
		"headers": {
			subscribed("work", "a", ""),
			answer{status: 200},
			"x",
			[2]int{202, 202},
			[2]map[string]int{{"work": 1, "dead": 0}, {"work": 1, "dead": 0}},
		},
		"panic": {
			strings.Replace(subscribed("work", "a", "{"+toDead+"}"), "exact: {type: a}", "cesql: type", 1),
			answer{status: 200},
			"x",
			[2]int{202, 202},
			[2]map[string]int{{"work": 0, "dead": 1}, {"work": 0, "dead": 0}},
		},
	}
	for name := range deliveryDifferences {
		tt, shown := tests[name]
		if !shown {
			t.Errorf("%s is not shown", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			for i, start := range []func(*testing.T, []string) (string, func()){scenario{}.startKnative, scenario{}.startLocal} {
				if name == "panic" && i == 1 {
					break // refused at load, see TestWhatOnlyTheLocalBrokerRefusesSurprisesOnACluster
				}
				var passed string
				p := &people{answers: map[string][]answer{"work": {tt.answer}, "dead": ok}, see: func(r *http.Request) { passed = r.Header.Get("X-Request-Id") }}
				p.settle()
				ingress, settled := start(t, []string{aBroker, tt.subscribed})
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ingress, strings.NewReader(tt.body))
				must(t, err)
				for key, value := range headers {
					req.Header.Set(key, value)
				}
				status := send(t, req)
				settled()
				p.late.Wait()
				if status != tt.status[i] {
					t.Errorf("side %d answers %d, want %d", i, status, tt.status[i])
				}
				if diff := cmp.Diff(tt.counts[i], p.counts()); diff != "" {
					t.Errorf("side %d: %s", i, diff)
				}
				if want := []string{"r", ""}[i]; name == "headers" && passed != want {
					t.Errorf("side %d passes %q on", i, passed)
				}
			}
		})
	}
}
