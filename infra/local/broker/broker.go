// Package broker carries events from who says them to who wants them, on one
// machine, by the same manifests and with the same meaning as Knative
// Eventing does on a cluster.
//
// The manifests may have several Brokers, and Triggers that hand events of one
// on to another: such a hand-over is a delivery like any other, and the event
// is accepted anew there. All of them share one journal.
//
// An event is accepted when the journal holds it, and is delivered at least
// once to every Trigger that wanted it then, also after kill -9: what was not
// delivered is delivered at the next start, counting attempts anew. Order is
// only kept for a Trigger with the parallelism 1 whose deliveries succeed.
package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"github.com/distaff-project/distaff/infra/local/broker/journal"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// Broker runs the Brokers of the manifests. It is safe for concurrent use.
type Broker struct {
	options   Options
	set       *manifest.Set
	ingresses map[string]*ingress // by the Broker's name
	timers    []manifest.PingSource
	routes    map[string]*route
	store     store
	history   history
	timing    sync.WaitGroup
	quit      chan struct{}   // ends timers
	running   context.Context //nolint:containedctx // the life of all deliveries, ended by Close
	stop      context.CancelFunc

	mu      sync.Mutex
	lanes   map[manifest.Destination]*lane
	retries map[*task]func() bool // stops the timer of a waiting retry
	state   state
	open    int           // tasks, publications and deliveries not ended
	flying  int           // deliveries going on
	idle    chan struct{} // closed while open is 0
	landed  chan struct{} // closed when flying is 0 and no more will start
}

type state int

const (
	prepared state = iota // accepts, delivers nothing yet
	started
	closing // lets deliveries end, starts none
	closed
)

// store is where accepted events are kept: a journal, or memory.
type store interface {
	Append(targets []string, body []byte, committed func(seq uint64)) error
	Note(journal.Entry) error
	Close() error
}

// New makes the Brokers of the manifests and reads their journal. It accepts
// events at once, and delivers from Start on.
func New(set *manifest.Set, options Options) (*Broker, error) {
	options.fill()
	if err := set.Check(); err != nil {
		return nil, err
	}
	b := &Broker{
		options: options, set: set, quit: make(chan struct{}),
		ingresses: map[string]*ingress{}, routes: map[string]*route{}, lanes: map[manifest.Destination]*lane{}, retries: map[*task]func() bool{},
		idle: make(chan struct{}), landed: make(chan struct{}), history: history{most: options.History},
	}
	close(b.idle)
	b.running, b.stop = context.WithCancel(context.Background())
	if err := b.route(); err != nil {
		return nil, err
	}
	if options.Dir == "" {
		b.store = &memory{}
		return b, nil
	}
	disk, pending, err := journal.Open(options.Dir, journal.Options{
		SegmentBytes: options.SegmentBytes, KeepBytes: options.KeepBytes,
		Visit: replay{&b.history, map[uint64]Record{}}.visit,
	})
	if err != nil {
		return nil, err
	}
	b.store = disk
	for _, entry := range pending {
		if err := b.resume(entry); err != nil {
			return nil, errors.Join(err, disk.Close())
		}
	}
	return b, nil
}

// Start finds all subscribers, then delivers what waits and runs the timers.
func (b *Broker) Start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != prepared {
		return errors.New("the broker was started before")
	}
	var errs []error
	for to, l := range b.lanes {
		subscriber, err := b.resolve(to)
		if err != nil {
			errs = append(errs, fmt.Errorf("find subscriber %s: %w", to, err))
		}
		l.subscriber = subscriber
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	b.state = started
	for _, l := range b.lanes {
		b.employ(l)
	}
	if !b.options.NoTimers {
		b.startTimers()
	}
	return nil
}

// Publish is PublishTo the Broker that Options.Name names.
func (b *Broker) Publish(ctx context.Context, e event.Event) error {
	return b.PublishTo(ctx, "", e)
}

// PublishTo accepts an event at the Broker of that name, or at the one that
// Options.Name names when it is empty: nil means that the journal holds it. An
// error that is ErrRefused will not pass; any other may. ctx is looked at
// before the event is written, not after.
func (b *Broker) PublishTo(ctx context.Context, name string, e event.Event) error {
	in, err := b.at(name)
	if err != nil {
		return err
	}
	return b.publish(ctx, in, e, "")
}

// publish accepts an event that came from outside, or by a trigger.
func (b *Broker) publish(ctx context.Context, in *ingress, e event.Event, by string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	stamped, ttl, err := b.stamp(e)
	if err != nil {
		return err
	}
	var wanted []*route
	for _, r := range in.wanting {
		if r.filter.Match(stamped) {
			wanted = append(wanted, r)
		}
	}
	stamped.SetExtension(attrTTL, types.FormatInteger(ttl))
	record := about(&stamped)
	record.Broker, record.By = in.self.Name, by
	return b.accept(&stamped, record, wanted) //nolint:contextcheck // a delivery outlives the publication
}

// accept writes an event and hands it to its routes in the journal's order.
func (b *Broker) accept(e *event.Event, record Record, wanted []*route) error {
	record.Kind, record.Time = Accepted, b.options.Now()
	if len(wanted) == 0 {
		record.Kind = NoMatch
	}
	names := make([]string, len(wanted))
	for i, r := range wanted {
		names[i] = r.name
	}
	var body []byte
	if _, inMemory := b.store.(*memory); !inMemory {
		var err error
		if body, err = encodeEvent(record, e); err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	err := b.store.Append(names, body, func(seq uint64) {
		record.Seq, record.Triggers = seq, slices.Clone(names)
		b.history.add(record)
		b.options.Observe(record)
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, r := range wanted {
			b.begin(&task{seq: seq, event: e, route: r, flow: r.flow})
		}
	})
	if errors.Is(err, journal.ErrClosed) {
		return ErrClosed
	}
	return err
}

// resume takes up an event of the journal for the targets it has left.
func (b *Broker) resume(entry journal.Entry) error {
	_, body, err := decodeEvent(entry.Body)
	var e event.Event
	if err == nil {
		err = e.UnmarshalJSON(body)
	}
	if err != nil {
		return fmt.Errorf("read event %d of the journal: %w", entry.Seq, err)
	}
	for _, name := range entry.Targets {
		r := b.routes[name]
		if r == nil {
			b.note(&task{seq: entry.Seq, event: &e, route: &route{name: name}}, Record{
				Kind: Lost, Detail: "the manifests have no such trigger any more",
			}, true)
			continue
		}
		b.mu.Lock()
		b.begin(&task{seq: entry.Seq, event: &e, route: r, flow: r.flow})
		b.mu.Unlock()
	}
	return nil
}

// History gives what happened to recent events with one of these ids or
// subjects, oldest first; to all when none is named.
func (b *Broker) History(names ...string) []Record { return b.history.find(names) }
