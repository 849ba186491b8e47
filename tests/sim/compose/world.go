package composesim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	clocktick "github.com/distaff-project/distaff/functions/clock-tick"
	composeexpire "github.com/distaff-project/distaff/functions/compose-expire"
	oncomposedue "github.com/distaff-project/distaff/functions/on-compose-due"
	oncomposemade "github.com/distaff-project/distaff/functions/on-compose-made"
	oncomposewanted "github.com/distaff-project/distaff/functions/on-compose-wanted"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// World is a compose service, its clients, and everything that is on its way.
type World struct {
	rng    *rand.Rand
	now    time.Time
	nonces int
	said   int
	runner fn.Runner

	functions []fn.Function
	bucket    state.Bucket
	mem       *mem.Store
	desk      compose.Desk

	queue   []*delivery
	dead    []*delivery
	running []*exec
	user    []act

	slow   bool    // whether jobs make what has several parts
	chance float64 // of a fault at a step
	faults int     // how many are left

	// changes are the changes of state that stand in documents, and whether they
	// were told; newest is what was told with the highest sequence.
	changes map[change]bool
	newest  map[int64]told
	// docs are the documents as they were written last; stale tells that they, or
	// files, have changed since they were checked.
	docs     map[int64]compose.Compose
	stale    bool
	answered []answered
	broken   error
	log      []string
	// Verbose keeps a line for every delivery.
	Verbose bool
}

type change struct {
	id, rev int64
	n       int
	state   string
}

type told struct{ sequence, state string }

// New draws a world from a seed.
func New(seed uint64) *World {
	w := &World{
		rng: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
		changes: map[change]bool{}, newest: map[int64]told{}, docs: map[int64]compose.Compose{},
	}
	w.chance = []float64{0, 0.01, 0.05, 0.15}[w.rng.IntN(4)]
	w.faults = w.rng.IntN(30)
	w.mem = mem.NewAt(func() time.Time { return w.now })
	w.bucket = state.Bucket{
		Store: store{w, w.mem}, Now: func() time.Time { return w.now },
		Nonce: func() string { w.nonces++; return fmt.Sprint("n", w.nonces) },
		Rest:  func(ctx context.Context, _ int) error { return w.at(ctx, func() error { return nil }) },
	}
	rules := compose.Rules{Quiet: time.Minute, Show: func(c compose.Compose) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"id":%d,"state_name":%q}`, c.ID, c.State))
	}}
	if w.rng.IntN(2) == 0 {
		// Runs that know nothing meet the removal, and jobs outlive it.
		rules.Quiet, rules.JobLimit, w.slow = time.Nanosecond, 2*time.Hour, true
	}
	w.desk = compose.NewDesk(w.bucket, rules, nil)
	w.desk.IDs = compose.IDs{Bucket: w.bucket} // each process by itself
	w.runner = fn.Runner{
		Sink: func(ctx context.Context, e event.Event) error {
			return w.at(ctx, func() error { w.publish(e); return nil })
		},
		Now: func() time.Time { return w.now },
		Log: slog.New(slog.DiscardHandler),
	}
	w.functions = []fn.Function{
		w.api(),
		w.maker(),
		oncomposewanted.New(w.desk, parse),
		oncomposemade.New(w.desk),
		oncomposedue.New(w.desk, rule.NewDesk(w.bucket, nil, "")),
		composeexpire.New(w.desk, store{w, w.mem}),
		clocktick.New(w.bucket, store{w, w.mem}),
	}
	w.people()
	slices.SortStableFunc(w.user, func(a, b act) int { return a.at.Compare(b.at) })
	return w
}

func parse(body []byte) (compose.Request, error) {
	var r struct {
		Source string
		Life   int64
	}
	err := json.Unmarshal(body, &r)
	return compose.Request{SourceType: compose.Tag, Source: strings.Fields(r.Source), Lifetime: r.Life}, err
}

// publish brings an event to all who hear it.
func (w *World) publish(e event.Event) {
	w.trace("    says %s %s %s", e.Type(), e.ID(), e.Data())
	if e.Type() == event.ComposeStateChanged.Name() {
		w.told(e)
	}
	for _, f := range w.functions {
		for _, route := range f.Hears {
			if route.Type == e.Type() {
				w.queue = append(w.queue, &delivery{event: e, function: f})
			}
		}
	}
}

// told notes what everybody is told of a compose.
func (w *World) told(e event.Event) {
	data, err := event.ComposeStateChanged.Read(e)
	if err != nil {
		w.broken = err
		return
	}
	id, state := data.Shown()
	sequence := event.Extension(e, "sequence")
	if is := w.newest[id]; sequence >= is.sequence {
		if sequence == is.sequence && state != is.state {
			w.broken = fmt.Errorf("compose %d is %s and %s with the sequence %s", id, state, is.state, sequence)
		}
		w.newest[id] = told{sequence, state}
	}
	var c change
	_, _ = fmt.Sscanf(e.ID(), "compose/%d@%d.%d", &c.id, &c.rev, &c.n)
	c.state = state
	if _, known := w.changes[c]; !known {
		w.broken = fmt.Errorf("told is %s, which stands in no document", e.ID())
	}
	w.changes[c] = true
}

// written sees every write.
func (w *World) written(key string, body []byte) {
	if !strings.HasPrefix(key, compose.DocumentPrefix) {
		return
	}
	var c compose.Compose
	if err := json.Unmarshal(body, &c); err != nil {
		w.broken = err
		return
	}
	w.docs[c.ID], w.stale = c, true
	for _, s := range c.Said {
		if is := (change{c.ID, s.Rev, s.N, s.State.String()}); len(s.To) == 0 && !w.changes[is] {
			w.changes[is] = false
		}
	}
}

// fault draws whether something goes wrong.
func (w *World) fault() bool {
	if w.faults == 0 || w.rng.Float64() >= w.chance {
		return false
	}
	w.faults--
	return true
}

// stepsMost is more than any run takes that ends.
const stepsMost = 200_000

// Run plays the world until nothing is left to happen, and tells what is not as
// it should be.
func (w *World) Run() error {
	for range stepsMost {
		options := w.options()
		if len(options) == 0 {
			if !w.wait() {
				return w.end()
			}
			continue
		}
		options[w.rng.IntN(len(options))]()
		if w.broken != nil {
			return w.broken
		}
		if w.stale {
			w.stale = false
			if err := w.check(); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("it does not end")
}

// options are what can happen now.
func (w *World) options() []func() {
	var out []func()
	for _, x := range w.running {
		if !x.rests.After(w.now) {
			out = append(out, func() { w.stepOn(x) })
		}
	}
	for i, d := range w.queue {
		if d.after <= w.now.UnixMilli() {
			out = append(out, func() { w.deliver(i) })
		}
	}
	if len(w.user) > 0 && !w.user[0].at.After(w.now) {
		out = append(out, func() {
			next := w.user[0]
			w.user = w.user[1:]
			next.do()
		})
	}
	return out
}

// stepOn lets a run take its next step, or spoils it.
func (w *World) stepOn(x *exec) {
	if event.Extension(x.delivery.event, "size") == "large" && x.rests.IsZero() && w.rng.IntN(8) == 0 {
		x.rests = w.now.Add(time.Duration(w.rng.IntN(5000)) * time.Second) // a job takes its time
		return
	}
	o := goOn
	if w.fault() {
		o = []order{failBefore, failAfter, crashBefore, crashAfter}[w.rng.IntN(4)]
		w.note("%s on %s: %s", x.delivery.function.Name, x.delivery.event.ID(), []string{"", "fails", "fails after its effect", "dies", "dies after its effect"}[o])
	}
	x.step(o)
	if x.done {
		w.finish(x)
	}
}

// finish acks an event, or lets it come again as Knative does. A client may
// repeat its call, or give up.
func (w *World) finish(x *exec) {
	w.running = slices.DeleteFunc(w.running, func(y *exec) bool { return y == x })
	d := x.delivery
	if x.err == nil {
		return
	}
	code, after := fn.Verdict(x.err)
	w.trace("%s fails on %s: %v", d.function.Name, d.event.ID(), x.err)
	if d.event.Type() == string(called) && w.rng.IntN(3) == 0 {
		w.note("the client of %s gives up", d.event.ID())
		return
	}
	if code == http.StatusUnprocessableEntity || d.tries >= 8 {
		w.note("dead letter: %s to %s: %v", d.event.ID(), d.function.Name, x.err)
		w.dead = append(w.dead, &delivery{event: d.event, function: d.function})
		return
	}
	wait := max(after, 500*time.Millisecond<<min(d.tries, 8))
	w.queue = append(w.queue, &delivery{event: d.event, function: d.function, tries: d.tries + 1, after: w.now.Add(wait).UnixMilli()})
}

// deliver starts the run of a queued event; once in a while it comes twice, or
// not at all. What was begun once is not lost: it comes again until it is dealt
// with or is a dead letter. That much every broker promises.
func (w *World) deliver(i int) {
	d := w.queue[i]
	w.trace("%s hears %s %s (%d)", d.function.Name, d.event.Type(), d.event.ID(), d.tries)
	again := false
	if w.fault() {
		switch kind := w.rng.IntN(3); {
		case kind == 0 && d.tries == 0:
			w.queue = slices.Delete(w.queue, i, i+1)
			w.note("lost %s %s to %s", d.event.Type(), d.event.ID(), d.function.Name)
			return
		case kind == 1: // comes late
			d.after = w.now.Add(time.Duration(w.rng.IntN(7200)) * time.Second).UnixMilli()
			w.note("late %s %s to %s", d.event.Type(), d.event.ID(), d.function.Name)
			return
		}
		again = true // now, and once more while it is handled or after
		w.note("twice %s %s to %s", d.event.Type(), d.event.ID(), d.function.Name)
	}
	if !again {
		w.queue = slices.Delete(w.queue, i, i+1)
	}
	x := w.begin(d)
	x.step(goOn)
	if x.done {
		w.finish(x)
		return
	}
	w.running = append(w.running, x)
}

// wait goes on to the next moment at which anything happens, and reports
// whether there is one.
func (w *World) wait() bool {
	next := w.next()
	if next.IsZero() {
		return w.replay()
	}
	if next.After(w.now) {
		w.now = next
	}
	w.tick()
	return true
}

// next is the next moment at which anything happens; zero: there is none.
func (w *World) next() time.Time {
	var next time.Time
	earlier := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for _, d := range w.queue {
		earlier(time.UnixMilli(d.after).UTC())
	}
	for _, x := range w.running {
		earlier(x.rests)
	}
	if len(w.user) > 0 {
		earlier(w.user[0].at)
	}
	if page, err := w.mem.List(context.Background(), state.DuePrefix, "", 1); err == nil && len(page) > 0 {
		if entry, err := state.ParseDue(page[0].Key); err == nil {
			if !entry.At.After(w.now) {
				entry.At = w.now.Add(time.Minute) // announced already: the clock ticks on
			}
			earlier(entry.At)
		}
	}
	return next
}

// replay is what an operator does in the end: what ended among the dead letters
// is said again, with an id of its own.
func (w *World) replay() bool {
	w.faults = 0
	for _, d := range w.dead {
		e := d.event.Clone()
		e.SetExtension(event.ReplayOf, e.ID())
		w.said++
		e.SetID(fmt.Sprint("replay-", w.said))
		w.queue = append(w.queue, &delivery{event: e, function: d.function})
	}
	w.dead = nil
	return len(w.queue) > 0
}

func (w *World) tick() {
	w.said++
	d := event.Tick.Say(event.Nothing{}).With("tick", "minute")
	d.ID = fmt.Sprint("tick-", w.said)
	w.queue = append(w.queue, &delivery{event: fn.Sent("timer", d, w.now), function: w.functions[len(w.functions)-1]})
}

// trace notes what goes well, when asked to.
func (w *World) trace(format string, args ...any) {
	if w.Verbose {
		w.note(format, args...)
	}
}

func (w *World) note(format string, args ...any) {
	w.log = append(w.log, w.now.Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

// composes are all documents, by number.
func (w *World) composes() []compose.Compose {
	return slices.SortedFunc(maps.Values(w.docs), func(a, b compose.Compose) int { return cmp.Compare(a.ID, b.ID) })
}
