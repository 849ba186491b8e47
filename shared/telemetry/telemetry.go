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
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// scope names who measured.
const scope = "github.com/distaff-project/distaff"

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
// there is nothing to Watch, and Sink and Close do nothing.
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
