// Package telemetry tells an OpenTelemetry collector what the functions do:
// a span for each event dealt with and each event said, and how many there were
// and how long they took.
//
// It is off unless the environment names a collector, by the variables every
// OpenTelemetry program knows
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/):
// OTEL_EXPORTER_OTLP_ENDPOINT, or the same with TRACES_ or METRICS_ before
// ENDPOINT. It is pushed by OTLP over HTTP, because an instance that was scaled
// to zero cannot be scraped.
//
// # When it is sent
//
// Nothing ever waits for the collector. What was noted rides along with the next
// event: once it is older than OTEL_BSP_SCHEDULE_DELAY (5 s) it is sent while
// that event is being dealt with, because only then an instance is sure to have
// a processor. What is left is sent at SIGTERM, within 3 s. A collector that
// does not answer costs nothing but what it would have been told: at most 2048
// spans are kept for it.
//
// # Why not the exporters of OpenTelemetry
//
// They link all of gRPC even for HTTP: 6.2 MB of a program of 26.6, and 2 MB
// more to fetch, compressed, before a function can start on a machine. The SDK itself, with
// these few hundred lines that write the same protocol, is 2.1 MB.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	// scope names who measured.
	scope = "github.com/distaff-project/distaff"
	// mostSpans is how many spans are kept for a collector that does not answer.
	mostSpans = 2048
	// lastWord is how long the last sending may take.
	lastWord = 3 * time.Second
	// mostPause is how long a collector that does not answer is left alone.
	mostPause = time.Minute
)

// Options say who tells.
type Options struct {
	// Env is os.LookupEnv.
	Env func(string) (string, bool)
	// Service is the name of what runs, Instance of this one of it, Revision the
	// Knative revision, Version of the program. Memory is its limit in bytes.
	Service, Instance, Revision, Version string
	Memory                               int64
	// Types are the types of events that may be labels of metrics. Others are
	// counted as "other": a label that outsiders can choose has no bounds.
	Types []string
	Now   func() time.Time
	Log   *slog.Logger
}

// Telemetry tells one collector. It is nil where nobody wants to be told: then
// all methods do nothing.
type Telemetry struct {
	now      func() time.Time
	log      *slog.Logger
	types    map[string]bool
	delay    time.Duration
	traces   *exporter // nil: not wanted
	metrics  *exporter
	tracer   trace.Tracer
	provider *sdktrace.TracerProvider
	reader   *sdkmetric.ManualReader
	meters   meters
	res      *resource.Resource

	sending sync.Mutex // held by who sends
	mu      sync.Mutex
	spans   []sdktrace.ReadOnlySpan
	dropped int
	due     time.Time // zero: nothing was noted
	pause   time.Duration
	riding  sync.WaitGroup
}

// Open reads the environment. The error tells of everything that is wrong in it,
// one problem a line.
func Open(o Options) (*Telemetry, error) {
	s, err := settingsOf(o.Env)
	if err != nil || s.traces == nil && s.metrics == nil {
		return nil, err
	}
	t := &Telemetry{now: o.Now, log: o.Log, types: map[string]bool{}, delay: s.delay, traces: s.traces, metrics: s.metrics}
	for _, name := range o.Types {
		t.types[name] = true
	}
	if t.res, err = describe(o); err != nil {
		return nil, fmt.Errorf("describe this instance: %w", err)
	}
	if t.traces != nil {
		t.provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(collector{t}), sdktrace.WithResource(t.res))
		t.tracer = t.provider.Tracer(scope)
	}
	if t.metrics != nil {
		t.reader = sdkmetric.NewManualReader(sdkmetric.WithTemporalitySelector(s.temporality))
		provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(t.reader), sdkmetric.WithResource(t.res))
		if t.meters, err = newMeters(provider.Meter(scope)); err != nil {
			return nil, fmt.Errorf("make the instruments: %w", err)
		}
	}
	return t, nil
}

// describe is what is said of this instance with everything.
// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME come last, so they win.
func describe(o Options) (*resource.Resource, error) {
	attrs := []attribute.KeyValue{semconv.ServiceName(o.Service), semconv.FaaSName(o.Service), semconv.ServiceNamespace("distaff")}
	if o.Version != "" {
		attrs = append(attrs, semconv.ServiceVersion(o.Version))
	}
	if o.Revision != "" {
		attrs = append(attrs, semconv.FaaSVersion(o.Revision))
	}
	if o.Instance != "" {
		attrs = append(attrs, semconv.ServiceInstanceID(o.Instance), semconv.FaaSInstance(o.Instance))
	}
	if o.Memory > 0 {
		attrs = append(attrs, semconv.FaaSMaxMemory(int(o.Memory)))
	}
	own := resource.NewWithAttributes(semconv.SchemaURL, attrs...)
	given, err := resourceFrom(o.Env)
	if err != nil {
		return nil, err
	}
	return resource.Merge(own, given)
}

// collector keeps spans that ended.
type collector struct{ t *Telemetry }

func (collector) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (collector) Shutdown(context.Context) error                  { return nil }
func (collector) ForceFlush(context.Context) error                { return nil }

func (c collector) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		return
	}
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.spans) == mostSpans {
		t.dropped++
		return
	}
	t.spans = append(t.spans, span)
	t.noted()
}

// noted sets when what was noted has to be sent. The lock is held.
func (t *Telemetry) noted() {
	if t.due.IsZero() {
		t.due = t.now().Add(t.delay)
	}
}

// ride sends what is due beside the event that begins now.
func (t *Telemetry) ride(ctx context.Context) {
	t.mu.Lock()
	due := !t.due.IsZero() && !t.now().Before(t.due)
	t.mu.Unlock()
	if !due || !t.sending.TryLock() {
		return
	}
	t.riding.Go(func() {
		defer t.sending.Unlock()
		t.send(context.WithoutCancel(ctx))
	})
}

// Close sends what is left, for 3 s at most.
func (t *Telemetry) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastWord)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.riding.Wait()
		t.sending.Lock()
		defer t.sending.Unlock()
		t.send(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// send sends all there is. What could not be sent and may be the next time is
// kept; counts that were not sent are lost, or a collector that comes back
// would be told of an hour in one moment.
func (t *Telemetry) send(ctx context.Context) {
	t.mu.Lock()
	spans, dropped := t.spans, t.dropped
	t.spans, t.dropped, t.due = nil, 0, time.Time{}
	t.mu.Unlock()
	var errs []error
	var keep []sdktrace.ReadOnlySpan
	if len(spans) > 0 {
		err := t.traces.post(ctx, encodeSpans(t.res, spans))
		errs = append(errs, err)
		if may(err) {
			keep = spans
		}
	}
	if t.metrics != nil {
		var data metricdata.ResourceMetrics
		err := t.reader.Collect(ctx, &data)
		if err == nil && len(data.ScopeMetrics) > 0 {
			err = t.metrics.post(ctx, encodeMetrics(t.res, data))
		}
		errs = append(errs, err)
	}
	t.settle(ctx, keep, dropped, errors.Join(errs...))
}

func (t *Telemetry) settle(ctx context.Context, keep []sdktrace.ReadOnlySpan, dropped int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		if dropped > 0 {
			t.log.LogAttrs(ctx, slog.LevelWarn, "telemetry", slog.Int("spans_dropped", dropped))
		}
		t.pause = 0
		return
	}
	t.spans = append(keep, t.spans...)
	if over := len(t.spans) - mostSpans; over > 0 {
		t.spans, dropped = t.spans[over:], dropped+over
	}
	t.dropped += dropped
	if t.pause == 0 { // told once for as long as it lasts
		t.log.LogAttrs(ctx, slog.LevelWarn, "telemetry", slog.String("error", err.Error()))
	}
	t.pause = min(max(2*t.pause, t.delay), mostPause)
	t.due = t.now().Add(t.pause)
}
