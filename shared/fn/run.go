package fn

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// Sink takes events: a broker. Nil means that it has them for good.
type Sink func(ctx context.Context, e event.Event) error

// Runner hands events to functions and sends what they say.
type Runner struct {
	Sink Sink
	Now  func() time.Time
	Log  *slog.Logger
}

// Run lets f deal with e, and sends its answers in order. An answer that could
// not be sent is a failure: e will come again, and be answered the same.
func (r Runner) Run(ctx context.Context, f Function, e event.Event) error {
	start := r.Now()
	drafts, err := f.Hear(ctx, e)
	if err == nil {
		err = r.Say(ctx, f.Name, drafts)
	}
	r.report(ctx, f, e, len(drafts), r.Now().Sub(start), err)
	return err
}

// Say sends drafts that already have their ids.
func (r Runner) Say(ctx context.Context, by string, drafts []event.Draft) error {
	for _, d := range drafts {
		if err := r.Sink(ctx, Sent(by, d, r.Now())); err != nil {
			return fmt.Errorf("%s: say %s %s: %w", by, d.Type, d.ID, err)
		}
	}
	return nil
}

// report writes one line for each event dealt with.
func (r Runner) report(ctx context.Context, f Function, e event.Event, said int, took time.Duration, err error) {
	level, outcome := slog.LevelInfo, "done"
	if err != nil {
		level, outcome = slog.LevelWarn, "failed"
	}
	attrs := []slog.Attr{
		slog.String("function", f.Name), slog.String("type", e.Type()), slog.String("event", e.ID()),
		slog.String("subject", e.Subject()), slog.String("outcome", outcome), slog.Int("said", said),
		slog.Duration("took", took),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	r.Log.LogAttrs(ctx, level, "event", attrs...)
}
