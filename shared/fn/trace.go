package fn

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
)

// traceLength is the length of a traceparent, in bytes:
// https://www.w3.org/TR/trace-context/#traceparent-header
const traceLength = 55

type traceKey struct{}

// WithTrace gives a context in which what is said belongs to the span that
// traceparent names. What is no traceparent changes nothing.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	if !IsTrace(traceparent) {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// TraceFrom is the traceparent of the span that what is said belongs to; empty
// where there is none.
func TraceFrom(ctx context.Context) string {
	trace, _ := ctx.Value(traceKey{}).(string)
	return trace
}

// NewTrace begins a trace: a traceparent that has not been before. It counts as
// sampled, because nobody has decided otherwise.
func NewTrace() string {
	var id [24]byte
	_, _ = rand.Read(id[:]) // never fails
	return "00-" + hex.EncodeToString(id[:16]) + "-" + hex.EncodeToString(id[16:]) + "-01"
}

// TraceID is the trace's part of a traceparent: what all events of one story
// have in common.
func TraceID(traceparent string) string {
	if !IsTrace(traceparent) {
		return ""
	}
	return traceparent[3:35]
}

// IsTrace tells whether text is a traceparent of version 00 to fe, with ids
// that are not all zero.
func IsTrace(text string) bool {
	if len(text) != traceLength || text[2] != '-' || text[35] != '-' || text[52] != '-' || text[:2] == "ff" {
		return false
	}
	for _, part := range []string{text[:2], text[3:35], text[36:52], text[53:]} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return false
		}
	}
	return strings.Trim(text[3:35], "0") != "" && strings.Trim(text[36:52], "0") != ""
}

// traceOf is the traceparent an event carries, if it is one.
func traceOf(e event.Event) string {
	if trace := event.Extension(e, event.Traceparent); IsTrace(trace) {
		return trace
	}
	return ""
}
