package telemetry

import (
	"context"
	"encoding/hex"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/wire"
)

// mostText is how much of a text is told, in bytes.
const mostText = 512

// Watch makes a span of each event dealt with, and of each call of an api; see
// fn.Runner. What is said meanwhile belongs to it.
func (t *Telemetry) Watch(ctx context.Context, begun fn.Begun) (context.Context, func(fn.Report)) {
	t.ride(ctx)
	if t.tracer == nil {
		return ctx, func(r fn.Report) { t.count(r) }
	}
	name, kind := "CloudEvents Process ", trace.SpanKindConsumer
	attrs := []attribute.KeyValue{semconv.FaaSInvokedName(begun.Function)}
	if begun.Event != nil {
		name += clip(begun.Event.Type())
		attrs = append(attrs, about(*begun.Event)...)
		attrs = append(attrs, semconv.FaaSTriggerPubSub)
	} else {
		name, kind = begun.Function, trace.SpanKindServer
		attrs = append(attrs, semconv.FaaSTriggerHTTP)
	}
	ctx, span := t.tracer.Start(under(ctx), name, trace.WithSpanKind(kind), trace.WithTimestamp(begun.At), trace.WithAttributes(attrs...))
	if begun.Event != nil && span.IsRecording() {
		span.SetAttributes(pipelineOf(*begun.Event)...)
	}
	ctx = wire.WithWatch(fn.WithTrace(ctx, traceparent(span.SpanContext())), t.call)
	return ctx, func(r fn.Report) {
		t.count(r)
		span.SetAttributes(
			semconv.FaaSColdstart(r.Cold), attribute.String("distaff.outcome", r.Outcome), attribute.Int("distaff.said", len(r.Said)),
			attribute.Int64("distaff.bucket.gets", r.Bucket.Gets), attribute.Int64("distaff.bucket.puts", r.Bucket.Puts),
		)
		if r.Err != nil {
			span.SetStatus(codes.Error, clip(r.Err.Error()))
			span.SetAttributes(attribute.String("error.type", r.Outcome))
		}
		span.End(trace.WithTimestamp(begun.At.Add(r.Took)))
	}
}

// Sink makes a span of each event sent, and gives the event its name: who deals
// with it goes on from there. What has no trace of its own yet (a message off
// the bus) begins one, linked to the event it was read on.
func (t *Telemetry) Sink(next fn.Sink) fn.Sink {
	if t == nil || t.tracer == nil {
		return next
	}
	return func(ctx context.Context, e event.Event) error {
		options := []trace.SpanStartOption{
			trace.WithSpanKind(trace.SpanKindProducer), trace.WithTimestamp(t.now()), trace.WithAttributes(about(e)...),
		}
		if event.Extension(e, event.Traceparent) == "" {
			options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
		}
		ctx, span := t.tracer.Start(ctx, "CloudEvents Create "+clip(e.Type()), options...)
		e.SetExtension(event.Traceparent, traceparent(span.SpanContext()))
		err := next(wire.WithWatch(ctx, nil), e) // which is this very span
		if err != nil {
			span.SetStatus(codes.Error, clip(err.Error()))
		}
		span.End(trace.WithTimestamp(t.now()))
		return err
	}
}

// call makes a span of each call to an outside system. The address is not told
// beyond its host: there may be secrets in it.
func (t *Telemetry) call(ctx context.Context, system string, req *http.Request) func(code int) {
	_, span := t.tracer.Start(
		ctx, req.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(t.now()),
		trace.WithAttributes(semconv.HTTPRequestMethodKey.String(req.Method), semconv.ServerAddress(req.URL.Hostname()), attribute.String("distaff.system", clip(system))),
	)
	return func(code int) {
		if code > 0 {
			span.SetAttributes(semconv.HTTPResponseStatusCode(code))
		}
		if code == 0 || code >= http.StatusBadRequest {
			span.SetStatus(codes.Error, "")
		}
		span.End(trace.WithTimestamp(t.now()))
	}
}

// about is what the conventions for CloudEvents want to know of an event.
func about(e event.Event) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		semconv.CloudEventsEventID(clip(e.ID())), semconv.CloudEventsEventSource(clip(e.Source())), semconv.CloudEventsEventType(clip(e.Type())),
		semconv.CloudEventsEventSpecVersion(e.SpecVersion()),
	}
	if e.Subject() != "" {
		attrs = append(attrs, semconv.CloudEventsEventSubject(clip(e.Subject())))
	}
	return attrs
}

// under gives a context in which the span that the event names is the parent.
func under(ctx context.Context) context.Context {
	text := fn.TraceFrom(ctx)
	if text == "" {
		return ctx
	}
	var traceID trace.TraceID
	var spanID trace.SpanID
	var flags [1]byte
	_, _ = hex.Decode(traceID[:], []byte(text[3:35])) // fn.TraceFrom gives hex only
	_, _ = hex.Decode(spanID[:], []byte(text[36:52]))
	_, _ = hex.Decode(flags[:], []byte(text[53:]))
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: trace.TraceFlags(flags[0]) & trace.FlagsSampled, Remote: true,
	}))
}

func traceparent(s trace.SpanContext) string {
	return "00-" + s.TraceID().String() + "-" + s.SpanID().String() + "-" + s.TraceFlags().String()
}

func clip(text string) string {
	if len(text) > mostText {
		text = text[:mostText]
	}
	return text
}
