package world

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// look is how often Wait looks.
const look = 50 * time.Millisecond

// Wait returns when nothing goes on and nothing is awaited: the bus is heard to
// its end, every event is delivered, every run is over and all it said is done.
// With ctx's end it tells what was still going on.
func (w *World) Wait(ctx context.Context) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	quiet := 0
	for {
		busy, err := w.Busy(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		// What is on its way between two systems shows in none of them, so that
		// one look is not enough.
		if quiet++; busy != "" || err != nil {
			quiet = 0
		}
		if quiet > 3 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait until all is done: %w; last seen: %s", ctx.Err(), busy)
		}
	}
}

// Busy says what goes on, or nothing.
func (w *World) Busy(ctx context.Context) (string, error) {
	if q, _ := w.Bus.Queue(queue); q.Ready+q.Unacked > 0 {
		return fmt.Sprintf("%d messages wait on the bus", q.Ready+q.Unacked), nil
	}
	select {
	case <-w.Broker.Idle():
	default:
		return "events are being delivered", nil
	}
	all, err := PullRequests(ctx, w.Files)
	if err != nil {
		return "", err
	}
	for _, p := range all {
		if reason := open(p); reason != "" {
			return p.String() + ": " + reason, nil
		}
	}
	return w.composing(ctx)
}

// composing says what goes on about composes, or nothing.
func (w *World) composing(ctx context.Context) (string, error) {
	composes, err := Composes(ctx, w.Files)
	if err != nil {
		return "", err
	}
	for _, c := range composes {
		label := awaited(c.Book)
		if label != "" || c.State == compose.Wait || c.State == compose.Generating {
			return fmt.Sprintf("compose %d is %s and waits for %s", c.ID, c.State, cmp.Or(label, "another")), nil
		}
	}
	rules, err := RuleStates(ctx, w.Files)
	if err != nil {
		return "", err
	}
	for _, r := range rules {
		if label := awaited(r.Book); label != "" || r.Phase == rule.Quieting {
			return fmt.Sprintf("rule %s waits for %s", r.Name, cmp.Or(label, "nothing more to happen")), nil
		}
	}
	return "", nil
}

// awaited is one of the answers a document waits for; none where all there is is
// to be looked at some time later.
func awaited(book ask.Book) string {
	for label, open := range book.Asks {
		if !open.Later {
			return label
		}
	}
	return ""
}

// open tells what a pull request waits for. What is only to be looked at again
// some time later does not count.
func open(p pipeline.PullRequest) string {
	if p.Run.Number > 0 && p.Run.Phase != pipeline.Over {
		return fmt.Sprintf("run %d is %s", p.Run.Number, p.Run.Phase)
	}
	if label := awaited(p.Book); label != "" {
		return "waits for " + label
	}
	return ""
}
