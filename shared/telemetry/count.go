package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/distaff-project/distaff/shared/fn"
)

// meters are what is counted. The labels are the function, the type of the event
// and the outcome, and nothing that grows: never a package or a pull request.
type meters struct {
	duration metric.Float64Histogram
	cold     metric.Int64Counter
	said     metric.Int64Counter
	requests metric.Int64Counter
}

func newMeters(m metric.Meter) (out meters, err error) {
	make64 := func(name, unit, what string) metric.Int64Counter {
		counter, problem := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(what))
		if problem != nil {
			err = problem
		}
		return counter
	}
	out.cold = make64("faas.coldstarts", "{coldstart}", "Events that had to wait for an instance to start")
	out.said = make64("distaff.events.said", "{event}", "Events sent")
	out.requests = make64("distaff.bucket.requests", "{request}", "Requests to the bucket")
	duration, problem := m.Float64Histogram("faas.invoke_duration", metric.WithUnit("s"),
		metric.WithDescription("Time taken by one event, with the sending of what follows"),
		metric.WithExplicitBucketBoundaries(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25))
	if problem != nil {
		err = problem
	}
	out.duration = duration
	return out, err
}

func (t *Telemetry) count(r fn.Report) {
	if t.metrics == nil {
		return
	}
	t.mu.Lock()
	t.noted()
	t.mu.Unlock()
	ctx := context.Background()
	function := semconv.FaaSInvokedName(r.Function)
	kind := "call"
	if r.Event != nil {
		kind = t.label(r.Event.Type())
	}
	t.meters.duration.Record(ctx, r.Took.Seconds(), metric.WithAttributes(
		function, semconv.CloudEventsEventType(kind), attribute.String("outcome", r.Outcome)))
	if r.Cold {
		t.meters.cold.Add(ctx, 1, metric.WithAttributes(function))
	}
	for _, said := range r.Said {
		t.meters.said.Add(ctx, 1, metric.WithAttributes(function, semconv.CloudEventsEventType(t.label(said))))
	}
	for operation, n := range map[string]int64{"get": r.Bucket.Gets, "put": r.Bucket.Puts, "list": r.Bucket.Lists, "delete": r.Bucket.Deletes} {
		if n > 0 {
			t.meters.requests.Add(ctx, n, metric.WithAttributes(function, attribute.String("operation", operation)))
		}
	}
}

// label is a type of event as a label.
func (t *Telemetry) label(kind string) string {
	if t.types[kind] {
		return kind
	}
	return "other"
}
