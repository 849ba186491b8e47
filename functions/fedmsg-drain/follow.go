package fedmsgdrain

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// messageType is what a message of the bus is called in the log while it is
// followed. Nothing is sent with this type.
const messageType = "fedora-messaging.message"

// Follower is a queue that can be heard without end.
type Follower interface {
	FollowWith(ctx context.Context, hooks fedmsg.Hooks, handle fedmsg.Handler) error
}

// Run lets a function deal with an event and sends what it says: Runner.Run.
type Run func(ctx context.Context, f fn.Function, e event.Event) error

// Follow is the other way to hear the bus: not each minute but always. It reads
// what comes as it comes, until ctx ends, and keeps nothing in memory that would
// be missed: a message is stored in bucket and said before it is acked, as in New,
// so it may be killed at any moment, and several may run beside each other or
// beside New. Run deals with each message that is something to us. On each
// connection it first asks the archive for what was missed.
func Follow(ctx context.Context, bucket state.Bucket, bus Bus, run Run, log *slog.Logger) error {
	queue, ok := bus.Queue.(Follower)
	if !ok {
		return errors.New("follow the bus: its queue can only be drained")
	}
	f := follower{drain: drain{bucket: bucket, bus: bus}, run: run}
	f.say = func(ctx context.Context, _ string, drafts []event.Draft) error { // of the archive's messages
		return run(ctx, f.with(func(context.Context) ([]event.Draft, error) { return drafts, nil }), f.event(fedmsg.Message{ID: "archive"}))
	}
	hooks := fedmsg.Hooks{Connected: f.connected, Lost: func(ctx context.Context, err error, again time.Duration) {
		log.LogAttrs(ctx, slog.LevelWarn, "bus lost", slog.Any("error", err), slog.Float64("again_s", again.Seconds()))
	}}
	return queue.FollowWith(ctx, hooks, f.hear)
}

type follower struct {
	drain
	run Run

	mu    sync.Mutex
	noted time.Time // when the place was written last
}

// connected closes the gap since the bus was heard last.
func (f *follower) connected(ctx context.Context) error {
	was, err := f.readPlace(ctx)
	if err != nil {
		return err
	}
	now := f.bucket.Now()
	if _, err := f.catchUp(ctx, was, now); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noted = now
	return f.writePlace(ctx, place{Heard: now})
}

// hear deals with one message.
func (f *follower) hear(ctx context.Context, m fedmsg.Message) error {
	listen, err := f.read(m)
	if err == nil && listen != nil {
		err = f.run(ctx, f.with(listen), f.event(m))
	}
	if err != nil {
		return err
	}
	return f.note(ctx)
}

// note writes the place now and then. It is only for finding gaps.
func (f *follower) note(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.bucket.Now()
	if now.Sub(f.noted) < idle/3 {
		return nil
	}
	f.noted = now
	return f.writePlace(ctx, place{Heard: now})
}

// with is the function as the runner knows it, for one message.
func (f *follower) with(listen func(context.Context) ([]event.Draft, error)) fn.Function {
	return fn.Function{
		Name: Name, Says: append(pipeline.Heard(), event.KojiTaskChanged),
		Hears: []fn.Route{{Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) { return listen(ctx) }}},
	}
}

// event is a message as the log and the runner tell of it.
func (f *follower) event(m fedmsg.Message) event.Event {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetID(m.ID)
	e.SetSource("/" + Name)
	e.SetType(messageType)
	if m.Topic != "" {
		e.SetSubject(m.Topic)
	}
	e.SetTime(f.bucket.Now().UTC())
	return e
}
