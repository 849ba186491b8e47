package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/telemetry"
	"github.com/distaff-project/distaff/shared/wire"
)

const given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// collector is an OpenTelemetry collector: it decodes what it is sent with the
// protocol's own types.
type collector struct {
	testing.TB
	url string

	mu      sync.Mutex
	answer  int
	asked   int
	header  http.Header
	traces  []*tracepb.TracesData
	metrics []*metricspb.MetricsData
	came    chan struct{}
}

func newCollector(t testing.TB) *collector {
	t.Helper()
	c := &collector{TB: t, answer: http.StatusOK, came: make(chan struct{}, 100)}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var unpacked io.Reader
		if unpacked, err = gzip.NewReader(bytes.NewReader(raw)); err == nil {
			raw, err = io.ReadAll(unpacked)
		}
	}
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.Errorf("%s %v, %v", r.Method, r.Header, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.came <- struct{}{} }()
	c.asked++
	c.header = r.Header
	w.WriteHeader(c.answer)
	if c.answer != http.StatusOK {
		return
	}
	var message proto.Message
	switch r.URL.Path {
	case "/v1/traces":
		data := new(tracepb.TracesData)
		c.traces, message = append(c.traces, data), data
	case "/v1/metrics":
		data := new(metricspb.MetricsData)
		c.metrics, message = append(c.metrics, data), data
	default:
		c.Errorf("posted to %s", r.URL.Path)
		return
	}
	if err := proto.Unmarshal(raw, message); err != nil {
		c.Errorf("decode: %v", err)
	}
	if unknown := message.ProtoReflect().GetUnknown(); len(unknown) > 0 {
		c.Errorf("%d bytes of unknown fields", len(unknown))
	}
}

func (c *collector) spans() map[string]*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]*tracepb.Span{}
	for _, data := range c.traces {
		for _, res := range data.ResourceSpans {
			for _, scope := range res.ScopeSpans {
				for _, span := range scope.Spans {
					out[span.Name] = span
				}
			}
		}
	}
	return out
}

// program is a process that tells a collector.
type program struct {
	*telemetry.Telemetry
	fn.Runner
	now  clock
	sent []event.Event
	log  strings.Builder
}

// clock goes a millisecond further each time somebody looks.
type clock struct{ since atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Unix(1795248000, c.since.Add(int64(time.Millisecond)))
}

func (c *clock) forward(d time.Duration) { c.since.Add(int64(d)) }

func newProgram(t testing.TB, env map[string]string) *program {
	t.Helper()
	p := new(program)
	log := slog.New(slog.NewTextHandler(&p.log, nil))
	tel, err := telemetry.Open(telemetry.Options{
		Env:     func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Service: "build-start", Instance: "pod-1", Revision: "build-start-00001", Version: "1", Memory: 128 << 20,
		Types: []string{event.BuildWanted.Name(), event.BuildStarted.Name()}, Now: p.now.Now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Telemetry = tel
	p.Runner = fn.Runner{Now: p.now.Now, Log: slog.New(slog.DiscardHandler), Sink: tel.Sink(func(_ context.Context, e event.Event) error {
		p.sent = append(p.sent, e)
		return nil
	})}
	if tel != nil {
		p.Runner.Watch = []fn.Watch{tel.Watch}
	}
	return p
}

var label = "fedora/rpms/bash/12/3/build/1"

func buildStart(err error) fn.Function {
	return fn.Function{
		Name: "build-start", Says: []event.Named{event.BuildStarted},
		Hears: []fn.Route{fn.On(event.BuildWanted, func(context.Context, fn.In[event.BuildOrder]) ([]event.Draft, error) {
			if err != nil {
				return nil, err
			}
			return []event.Draft{event.BuildStarted.Say(event.Build{Label: label, PullRequestID: event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}})}, nil
		})},
	}
}

func wanted(trace string) event.Event {
	d := event.BuildWanted.Say(event.BuildOrder{Label: label, PullRequestID: event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}})
	d.ID = "fedora/rpms/bash/12@4.0"
	return fn.Sent("on-change-looked", d.With(event.Traceparent, trace), time.Now())
}

func attributes(kvs []*commonpb.KeyValue) map[string]any {
	out := map[string]any{}
	for _, kv := range kvs {
		switch v := kv.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			out[kv.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[kv.Key] = v.IntValue
		case *commonpb.AnyValue_BoolValue:
			out[kv.Key] = v.BoolValue
		}
	}
	return out
}

func TestAnEventAndWhatItSaysAreSpansOfOneTrace(t *testing.T) {
	c := newCollector(t)
	p := newProgram(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": c.url + "/", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20key", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
		"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=stg", "OTEL_SERVICE_NAME": "builds",
	})
	if err := p.Run(t.Context(), buildStart(nil), wanted(given)); err != nil {
		t.Fatal(err)
	}
	p.Close(t.Context())
	if c.header.Get("Authorization") != "Bearer key" {
		t.Errorf("%v", c.header)
	}
	spans := c.spans()
	heard, said := spans["CloudEvents Process distaff.build.wanted"], spans["CloudEvents Create distaff.build.started"]
	if len(spans) != 2 || heard == nil || said == nil {
		t.Fatalf("%v", spans)
	}
	if hex.EncodeToString(heard.TraceId) != given[3:35] || hex.EncodeToString(heard.ParentSpanId) != given[36:52] || heard.Kind != tracepb.Span_SPAN_KIND_CONSUMER {
		t.Errorf("%v", heard)
	}
	if !bytes.Equal(said.TraceId, heard.TraceId) || !bytes.Equal(said.ParentSpanId, heard.SpanId) || said.Kind != tracepb.Span_SPAN_KIND_PRODUCER {
		t.Errorf("%v", said)
	}
	if heard.EndTimeUnixNano <= heard.StartTimeUnixNano || said.StartTimeUnixNano < heard.StartTimeUnixNano {
		t.Errorf("times of %v and %v", heard, said)
	}
	// Who hears what was said goes on from the span that said it.
	if trace := event.Extension(p.sent[0], event.Traceparent); trace != "00-"+hex.EncodeToString(said.TraceId)+"-"+hex.EncodeToString(said.SpanId)+"-01" {
		t.Errorf("it was said with %s", trace)
	}
	want := map[string]any{
		"faas.invoked_name": "build-start", "faas.trigger": "pubsub", "faas.coldstart": false,
		"cloudevents.event_id": "fedora/rpms/bash/12@4.0", "cloudevents.event_source": "/on-change-looked", "cloudevents.event_type": "distaff.build.wanted",
		"cloudevents.event_spec_version": "1.0", "cloudevents.event_subject": "fedora/rpms/bash#12",
		"cicd.pipeline.name": "pull-request", "cicd.pipeline.run.id": "fedora/rpms/bash/12/3", "cicd.pipeline.task.name": "build",
		"cicd.pipeline.task.run.id": label, "cicd.pipeline.task.type": "build", "vcs.repository.name": "rpms/bash", "vcs.change.id": "12",
		"distaff.outcome": "done", "distaff.said": int64(1), "distaff.bucket.gets": int64(0), "distaff.bucket.puts": int64(0),
	}
	if diff := cmp.Diff(want, attributes(heard.Attributes)); diff != "" {
		t.Error(diff)
	}
	resource := map[string]any{
		"service.name": "builds", "service.namespace": "distaff", "service.version": "1", "service.instance.id": "pod-1", "faas.name": "build-start",
		"faas.version": "build-start-00001", "faas.instance": "pod-1", "faas.max_memory": int64(128 << 20), "deployment.environment.name": "stg",
	}
	if diff := cmp.Diff(resource, attributes(c.traces[0].ResourceSpans[0].Resource.Attributes)); diff != "" {
		t.Error(diff)
	}
}

// A collector that decodes refuses a whole request for one byte that is no UTF-8.
func TestAnErrorOfOddBytesDoesNotCostTheOtherSpans(t *testing.T) {
	c := newCollector(t)
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url})
	odd := wanted(given)
	odd.SetSubject("b\xe4sh")
	if err := p.Run(t.Context(), buildStart(errors.New("the hub answered \xff\xfe"+strings.Repeat("ä", 400))), odd); err == nil {
		t.Fatal("it did not fail")
	}
	p.Close(t.Context())
	span := c.spans()["CloudEvents Process distaff.build.wanted"]
	if span == nil || !strings.Contains(span.Status.Message, "the hub answered \uFFFD") || attributes(span.Attributes)["cloudevents.event_subject"] != "b\uFFFDsh" {
		t.Errorf("%v", span)
	}
}

func TestHowATaskEndedIsToldInTheWordsOfTheConventions(t *testing.T) {
	c := newCollector(t)
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.url + "/v1/traces"})
	f := fn.Function{Name: "on-tf-complete", Hears: []fn.Route{fn.On(event.TestsEnded, func(context.Context, fn.In[event.Tests]) ([]event.Draft, error) { return nil, nil })}}
	for state, want := range map[string]string{
		"passed": "success", "failed": "failure", "error": "error", "skipped": "skip", "cancelled": "cancellation", "needs-inspection": "failure",
	} {
		d := event.TestsEnded.Say(event.Tests{Tests: []event.Test{{Label: "fedora/rpms/bash/12/3/rpmlint/1", State: state}}})
		d.ID = state
		if err := p.Run(t.Context(), f, fn.Sent("t", d, time.Now())); err != nil {
			t.Fatal(err)
		}
		p.Close(t.Context())
		got := attributes(c.spans()["CloudEvents Process distaff.tests.ended"].Attributes)
		if got["cicd.pipeline.task.run.result"] != want || got["cicd.pipeline.task.type"] != "test" || got["cicd.pipeline.task.name"] != "rpmlint" {
			t.Errorf("%s: %v", state, got)
		}
	}
	if len(c.metrics) > 0 {
		t.Error("metrics were not wanted")
	}
}

func TestWhatIsCountedHasBoundedLabels(t *testing.T) {
	c := newCollector(t)
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": c.url + "/v1/metrics"})
	_ = p.Run(t.Context(), buildStart(nil), wanted(""))
	_ = p.Run(t.Context(), buildStart(errors.New("Koji is down")), wanted(""))
	sink := fn.Function{Name: "dead-letter", Hears: []fn.Route{{Handle: func(context.Context, event.Event) ([]event.Draft, error) { return nil, nil }}}}
	_ = p.Run(t.Context(), sink, fn.Sent("x", event.Draft{ID: "1", Type: "what anybody may send"}, time.Now()))
	p.Close(t.Context())
	if len(c.metrics) != 1 || len(c.traces) > 0 {
		t.Fatalf("%d metrics, %d traces", len(c.metrics), len(c.traces))
	}
	got := map[string]uint64{}
	for _, m := range c.metrics[0].ResourceMetrics[0].ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case *metricspb.Metric_Histogram:
			if data.Histogram.AggregationTemporality != metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA || m.Unit != "s" {
				t.Errorf("%v", m)
			}
			for _, point := range data.Histogram.DataPoints {
				if len(point.BucketCounts) != len(point.ExplicitBounds)+1 || point.GetSum() <= 0 {
					t.Errorf("%v", point)
				}
				got[m.Name+" "+words(point.Attributes)] = point.Count
			}
		case *metricspb.Metric_Sum:
			if data.Sum.AggregationTemporality != metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA || !data.Sum.IsMonotonic {
				t.Errorf("%v", m)
			}
			for _, point := range data.Sum.DataPoints {
				got[m.Name+" "+words(point.Attributes)] = uint64(point.GetAsInt())
			}
		}
	}
	want := map[string]uint64{
		"faas.invoke_duration distaff.build.wanted build-start done":   1,
		"faas.invoke_duration distaff.build.wanted build-start failed": 1,
		"faas.invoke_duration other dead-letter done":                  1,
		"distaff.events.said distaff.build.started build-start":        1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func words(kvs []*commonpb.KeyValue) string {
	var out []string
	for _, kv := range kvs {
		out = append(out, kv.Value.GetStringValue())
	}
	return strings.Join(out, " ")
}

func TestACallIsASpanToo(t *testing.T) {
	c := newCollector(t)
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url})
	api := fn.Function{Name: "forge-webhook", Says: []event.Named{event.BuildStarted}, Web: func(context.Context, *http.Request) (fn.Response, []event.Draft, error) {
		return fn.Response{Code: 202}, []event.Draft{event.BuildStarted.Say(event.Build{Label: label})}, nil
	}}
	req := httptest.NewRequest(http.MethodPost, "/", nil)
	req.Header.Set("Traceparent", given)
	fn.ServeWeb(p.Runner, api).ServeHTTP(httptest.NewRecorder(), req)
	p.Close(t.Context())
	span := c.spans()["forge-webhook"]
	if span == nil || span.Kind != tracepb.Span_SPAN_KIND_SERVER || hex.EncodeToString(span.ParentSpanId) != given[36:52] {
		t.Errorf("%v", span)
	}
	if len(p.sent) != 1 || fn.TraceID(event.Extension(p.sent[0], event.Traceparent)) != given[3:35] {
		t.Errorf("%v", p.sent)
	}
}

func TestACallToAnOutsideSystemIsASpanWithoutItsSecrets(t *testing.T) {
	c := newCollector(t)
	koji := httptest.NewServer(http.NotFoundHandler())
	defer koji.Close()
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url})
	client := wire.Client{System: "koji fedora"}
	f := fn.Function{Name: "build-start", Hears: []fn.Route{{Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
		return nil, client.JSON(ctx, http.MethodPost, koji.URL+"/hub?session-key=secret", nil, nil)
	}}}}
	_ = p.Run(t.Context(), f, wanted(given))
	p.Close(t.Context())
	heard, call := c.spans()["CloudEvents Process distaff.build.wanted"], c.spans()["POST"]
	if call == nil || call.Kind != tracepb.Span_SPAN_KIND_CLIENT || !bytes.Equal(call.ParentSpanId, heard.SpanId) || call.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR {
		t.Fatalf("%v", call)
	}
	want := map[string]any{"http.request.method": "POST", "http.response.status_code": int64(404), "server.address": "127.0.0.1", "distaff.system": "koji fedora"}
	if diff := cmp.Diff(want, attributes(call.Attributes)); diff != "" || strings.Contains(call.String(), "secret") {
		t.Error(diff, call)
	}
}

// A message off the bus begins a story of its own: it has nothing to do with the
// others that were read at the same tick.
func TestWhatHasNoTraceBeginsOneLinkedToWhoReadIt(t *testing.T) {
	c := newCollector(t)
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url})
	f := fn.Function{Name: "fedmsg-drain", Hears: []fn.Route{{Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
		draft := event.BuildStarted.Say(event.Build{})
		draft.ID = "message"
		return nil, p.Say(ctx, "fedmsg-drain", []event.Draft{draft})
	}}}}
	tick := fn.Sent("timer", event.Draft{ID: "tick", Type: event.TickType}, time.Now())
	if err := p.Run(t.Context(), f, tick); err != nil {
		t.Fatal(err)
	}
	p.Close(t.Context())
	spans := c.spans()
	read, said := spans["CloudEvents Process "+event.TickType], spans["CloudEvents Create distaff.build.started"]
	if bytes.Equal(read.TraceId, said.TraceId) || len(said.ParentSpanId) > 0 || len(said.Links) != 1 || !bytes.Equal(said.Links[0].SpanId, read.SpanId) {
		t.Errorf("read %v\nsaid %v", read, said)
	}
}

func TestItIsOffUnlessACollectorIsNamed(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"nothing":   nil,
		"disabled":  {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"},
		"none, all": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
	} {
		p := newProgram(t, env)
		if p.Telemetry != nil {
			t.Errorf("%s: it is on", name)
		}
		if err := p.Run(t.Context(), buildStart(nil), wanted(given)); err != nil || event.Extension(p.sent[0], event.Traceparent) != given {
			t.Errorf("%s: %v, %v", name, err, p.sent)
		}
		p.Close(t.Context())
	}
}

func TestAllThatIsWrongInTheEnvironmentIsToldWithoutSecrets(t *testing.T) {
	_, err := telemetry.Open(telemetry.Options{Env: func(name string) (string, bool) {
		return map[string]string{
			"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "grpc://secret@c", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c/v1/metrics",
			"OTEL_EXPORTER_OTLP_HEADERS": "secret", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s",
			"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere", "OTEL_BSP_SCHEDULE_DELAY": "x", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "x",
		}[name], true
	}, Now: time.Now})
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Count(err.Error(), "\n") != 6 {
		t.Errorf("%v", err)
	}
}

// An instance is sure to have a processor only while an event is in hand, and
// no event waits for the collector.
func TestWhatIsDueRidesAlongWithTheNextEvent(t *testing.T) {
	c := newCollector(t)
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url, "OTEL_BSP_SCHEDULE_DELAY": "5000"})
	for range 3 {
		_ = p.Run(t.Context(), buildStart(nil), wanted(""))
	}
	if c.asked != 0 {
		t.Errorf("asked %d times within 5 s", c.asked)
	}
	p.now.forward(6 * time.Second)
	_ = p.Run(t.Context(), buildStart(nil), wanted(""))
	<-c.came
	<-c.came // traces and metrics
	c.mu.Lock()
	n := len(c.traces[0].ResourceSpans[0].ScopeSpans[0].Spans)
	c.mu.Unlock()
	if n < 6 {
		t.Errorf("%d spans of 3 events and what they said", n)
	}
	p.Close(t.Context())
}

// If an event waited for the collector that hangs, this would take ten minutes.
func TestACollectorThatIsDownNeitherFailsNorHoldsAnEvent(t *testing.T) {
	hangs := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	defer server.Close()
	var programs []*program
	for _, url := range []string{"http://127.0.0.1:1", server.URL} {
		p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_TIMEOUT": "600000"})
		for range 3000 { // more than are kept
			p.now.forward(100 * time.Millisecond)
			if err := p.Run(t.Context(), buildStart(nil), wanted("")); err != nil {
				t.Fatal(err)
			}
		}
		programs = append(programs, p)
	}
	close(hangs)
	for _, p := range programs {
		p.Close(t.Context())
	}
}

func TestTheKeyInACollectorsAddressIsNotLogged(t *testing.T) {
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces?key=hush-hush"})
	if err := p.Run(t.Context(), buildStart(nil), wanted("")); err != nil {
		t.Fatal(err)
	}
	p.Close(t.Context())
	if text := p.log.String(); !strings.Contains(text, "send to the collector") || strings.Contains(text, "hush-hush") {
		t.Error(text)
	}
}

func TestSpansWaitForACollectorThatIsBusy(t *testing.T) {
	c := newCollector(t)
	c.answer = http.StatusServiceUnavailable
	p := newProgram(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.url + "/v1/traces"})
	_ = p.Run(t.Context(), buildStart(nil), wanted(given))
	p.Close(t.Context())
	c.mu.Lock()
	c.answer = http.StatusOK
	c.mu.Unlock()
	p.Close(t.Context())
	if len(c.spans()) != 2 || strings.Count(p.log.String(), "the collector answered 503") != 1 {
		t.Errorf("%v\n%s", c.spans(), p.log.String())
	}
	c.mu.Lock()
	c.answer = http.StatusBadRequest // not to be repeated
	c.mu.Unlock()
	asked := c.asked
	_ = p.Run(t.Context(), buildStart(nil), wanted(given))
	p.Close(t.Context())
	p.Close(t.Context())
	if c.asked != asked+1 {
		t.Errorf("asked %d times", c.asked-asked)
	}
}

// BenchmarkEvent is what telemetry adds to an event.
func BenchmarkEvent(b *testing.B) {
	c := newCollector(b)
	go func() {
		for range c.came {
		}
	}()
	for name, env := range map[string]map[string]string{"off": nil, "on": {"OTEL_EXPORTER_OTLP_ENDPOINT": c.url}} {
		b.Run(name, func(b *testing.B) {
			p := newProgram(b, env)
			p.Runner.Sink = nil
			f := fn.Function{Name: "f", Hears: []fn.Route{{Handle: func(context.Context, event.Event) ([]event.Draft, error) { return nil, nil }}}}
			e := wanted(given)
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Run(b.Context(), f, e)
			}
			b.StopTimer()
			p.Close(context.Background())
		})
	}
}
