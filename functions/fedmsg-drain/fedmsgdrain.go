// Package fedmsgdrain empties our queue of Fedora Messaging: what the bus tells
// of pull requests, of Koji's tasks and tags, of updates and modules.
package fedmsgdrain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	// most is how many messages one run takes; budget how long it may take.
	most   = 20_000
	budget = 20 * time.Second
	// placeKey remembers up to when the bus was heard.
	placeKey = "fedmsg/place.json"
	// idle is how long the queue may have been unheard before the archive is
	// asked for what it lost: a public queue lives for an hour.
	idle = 30 * time.Minute
	// overlap is read twice, because clocks differ; reach is how far back the
	// archive is asked at most.
	overlap = 5 * time.Minute
	reach   = 7 * 24 * time.Hour
	// Name is the function's.
	Name = "fedmsg-drain"
)

// Queue is our queue on the bus.
type Queue interface {
	// Drain hands over what the queue holds. A message is acked once handle
	// returned nil.
	Drain(ctx context.Context, most int, budget time.Duration, handle fedmsg.Handler) (fedmsg.Drained, error)
}

// Archive is what was said on the bus before.
type Archive interface {
	Since(ctx context.Context, topics []string, from, to time.Time, page func([]fedmsg.Message) error) error
}

// Pagure reads messages of a Pagure.
type Pagure interface {
	Message(topic string, raw []byte) (forge.Heard, error)
}

// Say sends drafts. Nil means that they are safe.
type Say func(ctx context.Context, by string, drafts []event.Draft) error

// Bus is the queue and what its messages are about.
type Bus struct {
	Queue   Queue
	Archive Archive // nil where there is none
	// Forge is the instance whose pull requests it tells of; Pagure reads them.
	Forge  string
	Pagure Pagure
	// Koji is the instance whose tasks it tells of, Owner who owns ours there.
	Koji  string
	Owner string
	// Composes tells that there are rules which wait for builds that are tagged,
	// updates that are pushed, and modules. Without, their messages are dropped.
	Composes bool
	// Topics are asked for in the archive, which knows them only exactly.
	Topics []string
}

// New returns the function. A message is stored in bucket and said before it
// is acked, so nothing is lost whenever this ends.
func New(bucket state.Bucket, bus Bus, say Say) fn.Function {
	d := drain{bucket, bus, say}
	return fn.Function{
		Name: Name, Does: "hear on the bus of pull requests, Koji's tasks and tags, updates and modules", System: "fedora-messaging",
		Hears: []fn.Route{fn.OnTick("minute", d.tick)},
		Says:  append(pipeline.Heard(), event.KojiTaskChanged, event.KojiTagChanged, event.BodhiUpdateChanged, event.ModuleChanged),
	}
}

type drain struct {
	bucket state.Bucket
	bus    Bus
	say    Say
}

// place is up to when the bus was heard.
type place struct {
	Heard time.Time `json:"heard"`
}

func (d drain) tick(ctx context.Context, _ event.Event) ([]event.Draft, error) {
	was, err := d.readPlace(ctx)
	if err != nil {
		return nil, err
	}
	now := d.bucket.Now()
	caught, err := d.catchUp(ctx, was, now)
	if err == nil && caught {
		// Noted before the queue is asked: if that fails, the archive need not be
		// read again.
		was = place{Heard: now}
		err = d.writePlace(ctx, was)
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.bus.Queue.Drain(ctx, most, budget, d.handle); err != nil {
		return nil, fmt.Errorf("drain the queue: %w", err)
	}
	// The place only serves to find gaps, so it need not be written each time.
	if now.Sub(was.Heard) < idle/3 {
		return nil, nil
	}
	return nil, d.writePlace(ctx, place{Heard: now})
}

// catchUp reads from the archive what the queue may have lost while nobody
// ran, and tells whether there was a reason to. Messages the queue also held
// come twice, which does no harm.
func (d drain) catchUp(ctx context.Context, was place, now time.Time) (caught bool, err error) {
	if d.bus.Archive == nil || was.Heard.IsZero() || now.Sub(was.Heard) < idle {
		return false, nil
	}
	window, _ := fedmsg.Gap(was.Heard, now, overlap, reach)
	err = d.bus.Archive.Since(ctx, d.bus.Topics, window.From, window.To, func(page []fedmsg.Message) error {
		for _, m := range page {
			err := d.handle(ctx, m)
			if errors.Is(err, fedmsg.ErrPoison) {
				err = d.passOver(ctx, m, err)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("catch up from the archive: %w", err)
	}
	return true, nil
}

// passOver notes why a message of the archive can never be handled. It stays in
// the archive, and must not keep us from what came after it.
func (d drain) passOver(ctx context.Context, m fedmsg.Message, reason error) error {
	_, err := pipeline.Listen(ctx, d.bucket, pipeline.Message{
		Heard: forge.Ignore("%v", reason), By: Name, Forge: d.bus.Forge, ID: m.ID, Topic: m.Topic, At: m.Sent,
	})
	return err
}

// handle stores and says one message.
func (d drain) handle(ctx context.Context, m fedmsg.Message) error {
	listen, err := d.read(m)
	if listen == nil || err != nil {
		return err
	}
	drafts, err := listen(ctx)
	if err != nil {
		return err
	}
	return d.say(ctx, Name, drafts)
}

// read gives what stores a message and makes the drafts of it; nil if it is
// nothing to us.
func (d drain) read(m fedmsg.Message) (func(context.Context) ([]event.Draft, error), error) {
	switch {
	case strings.HasSuffix(m.Topic, ".buildsys.task.state.change"):
		return d.task(m)
	case strings.Contains(m.Topic, ".pagure."):
		return d.pullRequest(m)
	case d.bus.Composes:
		return d.compose(m)
	}
	return nil, nil // the binding was wider than what we know
}

func (d drain) pullRequest(m fedmsg.Message) (func(context.Context) ([]event.Draft, error), error) {
	if d.bus.Pagure == nil {
		return nil, nil // an instance that checks no pull requests
	}
	heard, err := d.bus.Pagure.Message(m.Topic, m.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fedmsg.ErrPoison, err)
	}
	if heard.Kind == "" && heard.PullRequest.Number == 0 {
		return nil, nil // not about a pull request at all
	}
	return func(ctx context.Context) ([]event.Draft, error) {
		return pipeline.Listen(ctx, d.bucket, pipeline.Message{
			Heard: heard, By: Name, Forge: d.bus.Forge, ID: m.ID, Topic: m.Topic, At: m.Sent,
		})
	}, nil
}

// task passes on that a task of ours changed. It is not stored: the build is
// in the due index, and the hub is the truth.
func (d drain) task(m fedmsg.Message) (func(context.Context) ([]event.Draft, error), error) {
	task, err := koji.ParseTaskMessage(m.Topic, m.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fedmsg.ErrPoison, err)
	}
	if task.Label == "" || d.bus.Owner != "" && task.Owner != d.bus.Owner {
		return nil, nil
	}
	draft := event.KojiTaskChanged.Say(event.KojiTask{
		Koji: d.bus.Koji, Task: int64(task.ID), State: task.New.String(), Owner: task.Owner, Label: task.Label,
	})
	draft.ID = m.ID
	return func(context.Context) ([]event.Draft, error) { return []event.Draft{draft}, nil }, nil
}

func (d drain) readPlace(ctx context.Context) (place, error) {
	var p place
	object, err := d.bucket.Get(ctx, placeKey)
	if errors.Is(err, blob.ErrNotFound) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(object.Body, &p)
	}
	if err != nil {
		return p, fmt.Errorf("read %s: %w", placeKey, err)
	}
	return p, nil
}

func (d drain) writePlace(ctx context.Context, p place) error {
	raw, err := json.Marshal(p)
	if err == nil {
		_, err = d.bucket.Put(ctx, placeKey, raw, blob.Any)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", placeKey, err)
	}
	return nil
}
