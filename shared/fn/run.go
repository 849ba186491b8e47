package fn

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// Sink takes events: a broker. Nil means that it has them for good.
type Sink func(ctx context.Context, e event.Event) error

// Runner hands events to functions and sends what they say.
type Runner struct {
	Sink Sink
	Now  func() time.Time
	Log  *slog.Logger
	// Limit is how long a function may work on one event; 0 is Deadline, and
	// below 0 there is no end but that of the context.
	Limit time.Duration
	// Trace begins a trace for an event that comes without one; nil: none is
	// begun.
	Trace func() string
	// Cold is true until the process has dealt with its first event; nil where
	// nobody wants to know.
	Cold *atomic.Bool
	// Watch are told of every event and call that is dealt with.
	Watch []Watch
}

// Watch is told that something begins, and gives what is to be told of its end.
// It must not fail, and not take long: the event waits for it.
type Watch func(ctx context.Context, begun Begun) (context.Context, func(Report))

// Begun is what is known at the beginning.
type Begun struct {
	Function string
	// Event is nil for a call of an api.
	Event *event.Event
	At    time.Time
}

// Report is what came of one event, or of one call of an api.
type Report struct {
	Begun
	Took time.Duration
	// Said are the types of what was said and taken by the sink, in order.
	Said []string
	// Bucket is what was asked of it.
	Bucket blob.Usage
	// Cold tells that it was the first this process dealt with.
	Cold bool
	// Trace is the traceparent that what was said carries.
	Trace string
	// Outcome is one of done, later, failed (it comes again) and permanent.
	Outcome string
	// Code is the HTTP status it is answered with.
	Code int
	Err  error
}

// Run lets f deal with e, and sends its answers in order. An answer that could
// not be sent is a failure: e will come again, and be answered the same. A panic
// is a failure like any other.
func (r Runner) Run(ctx context.Context, f Function, e event.Event) error {
	limit := r.Limit
	if limit == 0 {
		limit = Deadline
	}
	ctx, end := r.begin(WithTrace(ctx, traceOf(e)), f.Name, &e)
	drafts, err := r.survive(ctx, f, e, limit)
	var said []string
	if err == nil {
		said, err = r.send(ctx, f.Name, drafts)
	}
	code, _ := Verdict(err)
	r.report(ctx, end(said, code, err))
	return err
}

// begin tells those who watch, and gives what to call at the end.
func (r Runner) begin(ctx context.Context, by string, e *event.Event) (context.Context, func(said []string, code int, err error) Report) {
	cold := r.Cold != nil && r.Cold.Swap(false)
	begun := Begun{Function: by, Event: e, At: r.Now()}
	if TraceFrom(ctx) == "" && r.Trace != nil {
		ctx = WithTrace(ctx, r.Trace())
	}
	ctx, tally := blob.WithTally(ctx)
	var told []func(Report)
	for _, watch := range r.Watch {
		var tell func(Report)
		ctx, tell = watch(ctx, begun)
		told = append(told, tell)
	}
	return ctx, func(said []string, code int, err error) Report {
		report := Report{
			Begun: begun, Took: r.Now().Sub(begun.At), Said: said, Bucket: tally.Usage(), Cold: cold,
			Trace: TraceFrom(ctx), Outcome: outcome(err), Code: code, Err: err,
		}
		for _, tell := range told {
			tell(report)
		}
		return report
	}
}

// Say sends drafts that already have their ids.
func (r Runner) Say(ctx context.Context, by string, drafts []event.Draft) error {
	_, err := r.send(ctx, by, drafts)
	return err
}

func (r Runner) send(ctx context.Context, by string, drafts []event.Draft) (said []string, err error) {
	for _, d := range drafts {
		if err := r.Sink(ctx, Sent(by, d, r.Now())); err != nil {
			return said, fmt.Errorf("%s: say %s %s: %w", by, d.Type, d.ID, err)
		}
		said = append(said, d.Type)
	}
	return said, nil
}
