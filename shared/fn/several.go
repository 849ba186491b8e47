package fn

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// RunAll lets every one of functions that hears e deal with it, all at once,
// and gives the worst that came of it: what is to be repeated is worse than
// what is not, because repeating does no harm to those that are done.
//
// A sink that takes whatever comes is passed over unless it is the only one:
// what is sent to several is not meant for it.
func (r Runner) RunAll(ctx context.Context, functions []Function, e event.Event) error {
	var hearing []Function
	for _, f := range functions {
		if f.hears(e, len(functions) == 1) {
			hearing = append(hearing, f)
		}
	}
	if len(hearing) == 0 {
		return Permanent(fmt.Errorf("no function here hears %.200s", e.Type()))
	}
	if r.Trace != nil && traceOf(e) == "" && TraceFrom(ctx) == "" {
		ctx = WithTrace(ctx, r.Trace()) // one for all of them
	}
	errs := make([]error, len(hearing))
	var running sync.WaitGroup
	for i, f := range hearing[1:] {
		running.Go(func() { errs[i+1] = r.Run(ctx, f, e) })
	}
	errs[0] = r.Run(ctx, hearing[0], e)
	running.Wait()
	return worst(errs)
}

// survive lets f hear e and makes an error of a panic: it is the fault of one
// event, and others are in the same process.
func (r Runner) survive(ctx context.Context, f Function, e event.Event, limit time.Duration) (drafts []event.Draft, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = r.panicked(ctx, f, reason, slog.String("type", e.Type()), slog.String("event", e.ID()))
		}
	}()
	return f.hear(ctx, e, limit)
}

// panicked notes a panic with its stack, and gives the error it is.
func (r Runner) panicked(ctx context.Context, f Function, reason any, about ...slog.Attr) error {
	attrs := append([]slog.Attr{slog.String("function", f.Name)}, about...)
	r.Log.LogAttrs(ctx, slog.LevelError, "panic", append(attrs, slog.Any("reason", reason), slog.String("stack", string(debug.Stack())))...)
	return fmt.Errorf("%s: panic: %v", f.Name, reason)
}

func (f Function) hears(e event.Event, alone bool) bool {
	for _, route := range f.Hears {
		if route.matches(e) && (route.Type != "" || alone) {
			return true
		}
	}
	return false
}

func worst(errs []error) error {
	badness := func(err error) int {
		code, _ := Verdict(err)
		switch code {
		case http.StatusOK:
			return 0
		case http.StatusUnprocessableEntity:
			return 1
		case http.StatusServiceUnavailable:
			return 2
		}
		return 3
	}
	out := errs[0]
	for _, err := range errs[1:] {
		if badness(err) > badness(out) {
			out = err
		}
	}
	return out
}
