package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// The trace of an event is who said it; that of the request, who carried it.
func TestATraceGoesOnFromTheEventElseFromTheRequest(t *testing.T) {
	const (
		ofEvent   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		ofRequest = "00-11111111111111111111111111111111-2222222222222222-01"
		began     = "00-33333333333333333333333333333333-4444444444444444-01"
	)
	var traces []string
	runner := fn.Runner{
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Trace: func() string { return began },
		Sink: func(_ context.Context, e event.Event) error {
			traces = append(traces, event.Extension(e, event.Traceparent))
			return nil
		},
	}
	front := httptest.NewServer(newServer(&distaff.Process{Functions: []fn.Function{hears("a", "k", nil)}, Runner: runner}).routes())
	defer front.Close()
	for _, header := range [][]string{
		{"ce-traceparent", ofEvent, "traceparent", ofRequest},
		{"traceparent", ofRequest},
		{},
		{"ce-traceparent", "broken", "traceparent", "broken too"},
	} {
		if got := post(t, front.URL, "{}", append(header, binary("k")...)...); got.Code != 200 {
			t.Errorf("%+v", got)
		}
	}
	if diff := cmp.Diff([]string{ofEvent, ofRequest, began, began}, traces); diff != "" {
		t.Error(diff)
	}
}
