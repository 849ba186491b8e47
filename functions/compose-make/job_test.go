package composemake_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// The time of a Job is for who has no deadline: a large compose that comes to a
// Service, because there are no Jobs, is made in steps.
func TestOnlyAJobTakesItsTime(t *testing.T) {
	for name, limit := range map[string]time.Duration{"a Service": 0, "a Job": -1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, hurried(20*time.Second))
			if err := w.server.AddBulk(kojitest.Bulk{Tag: "f45", Builds: 40, RPMs: 1}); err != nil {
				t.Fatal(err)
			}
			id := w.ask(request())
			order, _ := w.order(t.Context(), id)
			data, err := event.ComposeMakeWanted.Read(order)
			if err != nil {
				t.Fatal(err)
			}
			data.Large = true
			draft := event.ComposeMakeWanted.Say(data)
			draft.ID = order.ID()
			var said []string
			runner := fn.Runner{
				Limit: limit, Now: time.Now, Log: slog.New(slog.DiscardHandler),
				Sink: func(_ context.Context, e event.Event) error { said = append(said, e.Type()); return nil },
			}
			if err := runner.RunAll(t.Context(), []fn.Function{w.make}, fn.Sent("on-compose-made", draft, time.Now())); err != nil {
				t.Fatal(err)
			}
			if made := slices.Contains(said, event.ComposeMade.Name()); made != (limit < 0) {
				t.Errorf("it said %q", said)
			}
		})
	}
}
