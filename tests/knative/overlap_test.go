package knative

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Beside each Trigger of the functions that do something outside, there is a
// second one whose subscriber hands the event on to the same function, and waits
// longer with the answer than the delivery does: so that every event is handled
// several times, also at once.
func TestDoubledAndOverlappingDeliveriesHaveEachEffectOnce(t *testing.T) {
	s := onStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var handed atomic.Int64
	doers := map[string]bool{"build-start": true, "tests-request": true, "status-report": true, "on-koji-task-done": true, "on-pr-opened": true}
	slow := listening(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		to, _ := url.Parse(s.nodes.Service(s.namespace, name).URL)
		r.URL.Path = "/"
		handed.Add(1)
		// Its caller going away must not end the handling: that is what overlaps.
		r = r.WithContext(context.WithoutCancel(r.Context()))
		answer := &late{ResponseWriter: w}
		proxy := httputil.NewSingleHostReverseProxy(to)
		proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
		proxy.ServeHTTP(answer, r)
	}))
	ignored := hears(t, nil)
	var text strings.Builder
	for _, o := range ofKind(s.objects, "Trigger") {
		function := o.GetLabels()["distaff.function"]
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "filter", "attributes", "type")
		broker, _, _ := unstructured.NestedString(o.Object, "spec", "broker")
		if !doers[function] {
			continue
		}
		fmt.Fprintf(&text, `---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: "again-%s"}
spec:
  broker: %s
  filter: {attributes: {type: %s}}
  subscriber: {uri: "%s/%s"}
  delivery: {retry: 2, backoffPolicy: exponential, backoffDelay: PT0.05S, timeout: PT0.1S, deadLetterSink: {uri: "%s"}}
`, o.GetName(), broker, kind, slow, function, ignored.URL)
	}
	s.with(text.String())
	real := s.play().story(ctx, "doubled")
	local := onLocalBroker(t).story(ctx, "doubled")
	if diff := cmp.Diff(local, real); diff != "" {
		t.Errorf("-local +Knative\n%s", diff)
	}
	if len(ignored.got()) == 0 {
		t.Error("no delivery was given up: nothing overlapped")
	}
	t.Logf("%d deliveries besides, %d of them given up at last", handed.Load(), len(ignored.got()))
}

// late gives its answer after the delivery was given up.
type late struct{ http.ResponseWriter }

func (l *late) WriteHeader(code int) {
	time.Sleep(300 * time.Millisecond)
	l.ResponseWriter.WriteHeader(code)
}
