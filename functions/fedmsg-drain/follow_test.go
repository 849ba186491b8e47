package fedmsgdrain_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// FollowWith hands over what waits, and then the queue is at an end.
func (d *desk) FollowWith(ctx context.Context, hooks fedmsg.Hooks, handle fedmsg.Handler) error {
	if err := hooks.Connected(ctx); err != nil {
		return err
	}
	_, err := d.Drain(ctx, 0, 0, handle)
	return err
}

// follow follows the queue until it is empty, or a message is not acked.
func (d *desk) follow(t *testing.T, run fedmsgdrain.Run) error {
	t.Helper()
	bucket := state.New(d)
	bucket.Now = func() time.Time { return d.now }
	bus := fedmsgdrain.Bus{Queue: d, Archive: d, Forge: "fedora", Pagure: d, Koji: "fedora", Owner: "distaff-bot", Topics: []string{"t"}}
	return fedmsgdrain.Follow(t.Context(), bucket, bus, run, slog.New(slog.DiscardHandler))
}

func TestAFollowedMessageIsStoredAndSaidBeforeItIsAcked(t *testing.T) {
	d := newDesk()
	d.waiting = []fedmsg.Message{d.opened("m1")}
	runner := fn.Runner{Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler), Sink: func(_ context.Context, e event.Event) error {
		d.note("say %s", e.Type())
		return nil
	}}
	if err := d.follow(t, runner.Run); err != nil {
		t.Fatal(err)
	}
	stored, said, acked := slices.Index(d.lines, "store events"), slices.Index(d.lines, "say distaff.pull-request.opened"), slices.Index(d.lines, "ack m1")
	if stored < 0 || said < stored || acked < said {
		t.Errorf("in this order: %q", d.lines)
	}
}

func TestAFollowedMessageThatFailedIsNotAcked(t *testing.T) {
	d := newDesk()
	d.waiting = []fedmsg.Message{d.opened("m1")}
	full := errors.New("the broker is full")
	err := d.follow(t, func(context.Context, fn.Function, event.Event) error { return full })
	if !errors.Is(err, full) || slices.Contains(d.lines, "ack m1") || len(d.waiting) != 1 {
		t.Errorf("%v: %q", err, d.lines)
	}
}

func TestAFollowerThatConnectsFillsTheGapFirst(t *testing.T) {
	d := newDesk()
	if err := d.tick(t); err != nil { // heard now
		t.Fatal(err)
	}
	d.now = d.now.Add(2 * time.Hour)
	d.archive, d.waiting = []fedmsg.Message{d.opened("old")}, []fedmsg.Message{d.opened("new")}
	var heard []string
	err := d.follow(t, func(_ context.Context, _ fn.Function, e event.Event) error { heard = append(heard, e.ID()); return nil })
	if err != nil || len(d.asked) != 1 || !slices.Equal(heard, []string{"archive", "new"}) {
		t.Errorf("%v: heard %q, asked the archive %d times", err, heard, len(d.asked))
	}
}
