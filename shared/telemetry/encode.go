package telemetry

import (
	"math"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of fields are those of
// https://github.com/open-telemetry/opentelemetry-proto (trace.proto,
// common.proto, resource.proto), whose messages are stable.

// message is a protobuf message that is being written.
type message []byte

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

// text leaves out what is empty: that is the default.
func (m *message) text(field protowire.Number, v string) {
	if v != "" {
		m.string(field, v)
	}
}

// string mends what is no UTF-8, such as an error that repeats what a server
// answered: a collector refuses the whole request for one bad byte.
func (m *message) string(field protowire.Number, v string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), strings.ToValidUTF8(v, "\uFFFD"))
}

func (m *message) number(field protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), v)
}

func (m *message) fixed(field protowire.Number, v uint64) {
	*m = protowire.AppendFixed64(protowire.AppendTag(*m, field, protowire.Fixed64Type), v)
}

func (m *message) float(field protowire.Number, v float64) { m.fixed(field, math.Float64bits(v)) }

// in writes a message within this one.
func (m *message) in(field protowire.Number, write func(*message)) {
	var inner message
	write(&inner)
	m.bytes(field, inner)
}

func (m *message) attributes(field protowire.Number, attrs []attribute.KeyValue) {
	for _, kv := range attrs {
		m.in(field, func(m *message) {
			m.text(1, string(kv.Key))
			m.in(2, func(m *message) { m.value(kv.Value) })
		})
	}
}

// value writes an AnyValue. What has no form here is written as text.
func (m *message) value(v attribute.Value) {
	switch v.Type() {
	case attribute.BOOL:
		m.number(2, protowire.EncodeBool(v.AsBool()))
	case attribute.INT64:
		m.number(3, uint64(v.AsInt64())) //nolint:gosec // two's complement is what the protocol wants
	case attribute.FLOAT64:
		m.float(4, v.AsFloat64())
	default:
		m.string(1, v.String())
	}
}

// all wraps records of one signal: a list of one resource with one scope.
func all(res *resource.Resource, records func(*message)) []byte {
	var m message
	m.in(1, func(m *message) {
		m.in(1, func(m *message) { m.attributes(1, res.Attributes()) })
		m.in(2, func(m *message) {
			m.in(1, func(m *message) { m.text(1, scope) })
			records(m)
		})
		m.text(3, res.SchemaURL())
	})
	return m
}

// encodeSpans writes an ExportTraceServiceRequest.
func encodeSpans(res *resource.Resource, spans []sdktrace.ReadOnlySpan) []byte {
	return all(res, func(m *message) {
		for _, span := range spans {
			m.in(2, func(m *message) { m.span(span) })
		}
	})
}

func (m *message) span(s sdktrace.ReadOnlySpan) {
	own, parent := s.SpanContext(), s.Parent()
	traceID, spanID := own.TraceID(), own.SpanID()
	m.bytes(1, traceID[:])
	m.bytes(2, spanID[:])
	m.text(3, own.TraceState().String())
	if parent.SpanID().IsValid() {
		id := parent.SpanID()
		m.bytes(4, id[:])
	}
	m.text(5, s.Name())
	m.number(6, uint64(trace.ValidateSpanKind(s.SpanKind()))) //nolint:gosec // 1 to 5, the same as in the protocol
	m.fixed(7, uint64(s.StartTime().UnixNano()))
	m.fixed(8, uint64(s.EndTime().UnixNano()))
	m.attributes(9, s.Attributes())
	for _, link := range s.Links() {
		m.in(13, func(m *message) {
			traceID, spanID := link.SpanContext.TraceID(), link.SpanContext.SpanID()
			m.bytes(1, traceID[:])
			m.bytes(2, spanID[:])
			m.attributes(4, link.Attributes)
		})
	}
	if status := s.Status(); status.Code == codes.Error {
		m.in(15, func(m *message) {
			m.text(2, status.Description)
			m.number(3, 2) // STATUS_CODE_ERROR
		})
	}
}
