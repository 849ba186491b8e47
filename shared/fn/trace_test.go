package fn_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

func TestWhatIsATraceparent(t *testing.T) {
	good := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for text, want := range map[string]bool{
		good: true, fn.NewTrace(): true, "cc" + good[2:]: true,
		"": false, "ff" + good[2:]: false, strings.ToUpper(good): false, good + "-x": false, good[:54]: false,
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": false,
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01": false,
		"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": false,
	} {
		if fn.IsTrace(text) != want || (fn.TraceID(text) != "") != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

func TestAnEventWithoutATraceBeginsOne(t *testing.T) {
	given, began := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-11111111111111111111111111111111-2222222222222222-01"
	var sent []string
	r := fn.Runner{
		Now: func() time.Time { return at }, Log: slog.New(slog.DiscardHandler), Trace: func() string { return began },
		Sink: func(_ context.Context, e event.Event) error {
			sent = append(sent, event.Extension(e, event.Traceparent))
			return nil
		},
	}
	f := fn.Function{Name: "f", Says: []event.Named{event.TestsSeen}, Hears: []fn.Route{fn.On(changed, seen(look("a")))}}
	for _, trace := range []string{given, "", "broken"} {
		e := request("l")
		if trace != "" {
			e.SetExtension(event.Traceparent, trace)
		}
		if err := r.Run(t.Context(), f, e); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{given, began, began}, sent); diff != "" {
		t.Error(diff)
	}
}

func TestAllThatHearAnEventBelongToOneTrace(t *testing.T) {
	traces := make(chan string, 9)
	f := func(name string) fn.Function {
		return fn.Function{Name: name, Hears: []fn.Route{{Type: changed.Name(), Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
			traces <- fn.TraceFrom(ctx)
			return nil, nil
		}}}}
	}
	r := fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Trace: fn.NewTrace}
	if err := r.RunAll(t.Context(), []fn.Function{f("a"), f("b")}, request("l")); err != nil {
		t.Fatal(err)
	}
	if a, b := <-traces, <-traces; a != b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
}

// One line tells all of an event, so that nothing has to be joined.
func TestOneLineTellsAllOfAnEvent(t *testing.T) {
	store := blob.Count(mem.New())
	now := at
	f := fn.Function{Name: "f", Says: []event.Named{event.TestsSeen}, Hears: []fn.Route{{
		Type: changed.Name(),
		Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
			_, _ = store.Put(ctx, "a", []byte("123"), blob.Any)
			_, _ = store.Get(ctx, "a")
			now = now.Add(1500 * time.Microsecond)
			return []event.Draft{look("a"), look("b")}, nil
		},
	}}}
	var log strings.Builder
	cold := new(atomic.Bool)
	cold.Store(true)
	var reports []fn.Report
	r := fn.Runner{
		Now: func() time.Time { return now }, Log: slog.New(slog.NewJSONHandler(&log, nil)), Cold: cold,
		Sink: func(context.Context, event.Event) error { return nil },
		Watch: []fn.Watch{func(ctx context.Context, b fn.Begun) (context.Context, func(fn.Report)) {
			if b.Function != "f" || b.Event == nil {
				t.Errorf("begun %+v", b)
			}
			return ctx, func(r fn.Report) { reports = append(reports, r) }
		}},
	}
	e := request("l")
	e.SetExtension(event.Traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if err := r.Run(t.Context(), f, e); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	want := map[string]any{
		"level": "INFO", "msg": "event", "function": "f", "type": changed.Name(), "event": e.ID(), "source": e.Source(), "subject": e.Subject(),
		"outcome": "done", "code": 200.0, "took_ms": 1.5, "cold": true, "said": 2.0, "says": "distaff.tests.seen×2",
		"bucket": map[string]any{"gets": 1.0, "puts": 1.0, "deletes": 0.0, "lists": 0.0, "bytes_put": 3.0, "bytes_got": 3.0},
		"trace":  "0af7651916cd43dd8448eb211c80319c",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Error(diff)
	}
	if len(reports) != 1 || reports[0].Outcome != "done" || len(reports[0].Said) != 2 || reports[0].Bucket.Puts != 1 {
		t.Errorf("reported %+v", reports)
	}
	if err := r.Run(t.Context(), f, request("l")); err != nil || cold.Load() || !strings.Contains(log.String(), `"cold":false`) {
		t.Errorf("%v\n%s", err, log.String())
	}
}

func TestOutcomesAreToldApart(t *testing.T) {
	for want, err := range map[string]error{
		"done": nil, "permanent": fn.Permanent(errors.New("x")), "later": fn.Later(time.Second, errors.New("x")), "failed": errors.New("x"),
	} {
		var got fn.Report
		f := fn.Function{Name: "f", Hears: []fn.Route{{Handle: func(context.Context, event.Event) ([]event.Draft, error) { return nil, err }}}}
		r := fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Watch: []fn.Watch{func(ctx context.Context, _ fn.Begun) (context.Context, func(fn.Report)) {
			return ctx, func(r fn.Report) { got = r }
		}}}
		_ = r.Run(t.Context(), f, request("l"))
		if code, _ := fn.Verdict(err); got.Outcome != want || got.Code != code {
			t.Errorf("%v is %s, %d", err, got.Outcome, got.Code)
		}
	}
}

// A Job may take longer than a request.
func TestTheDeadlineCanBeMoved(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{0: fn.Deadline, time.Hour: time.Hour, -1: 0} {
		var left time.Duration
		f := fn.Function{Name: "f", Hears: []fn.Route{{Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
			if end, ok := ctx.Deadline(); ok {
				left = time.Until(end).Round(time.Minute / 12)
			}
			return nil, nil
		}}}}
		r := fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Limit: limit}
		if err := r.Run(t.Context(), f, request("l")); err != nil || left != want {
			t.Errorf("limit %s: %s is left, %v", limit, left, err)
		}
	}
}

func TestAPanicIsReportedLikeAnyFailure(t *testing.T) {
	var got fn.Report
	f := fn.Function{Name: "f", Hears: []fn.Route{{Handle: func(context.Context, event.Event) ([]event.Draft, error) { panic("no such key") }}}}
	r := fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Watch: []fn.Watch{func(ctx context.Context, _ fn.Begun) (context.Context, func(fn.Report)) {
		return ctx, func(r fn.Report) { got = r }
	}}}
	err := r.Run(t.Context(), f, request("l"))
	if code, _ := fn.Verdict(err); code != http.StatusInternalServerError || got.Outcome != "failed" || !strings.Contains(got.Err.Error(), "no such key") {
		t.Errorf("%v, %+v", err, got)
	}
}
