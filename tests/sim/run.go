package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// stepsMost is far more than any run needs.
const stepsMost = 200_000

// Run plays the world to its end, and gives an error if it ends otherwise than
// it should.
func (w *World) Run() error {
	for range stepsMost {
		if !w.move() {
			return w.check()
		}
	}
	return fmt.Errorf("no end after %d steps", stepsMost)
}

// move lets one thing happen, and reports whether there was one.
func (w *World) move() bool {
	choices := w.choices()
	if len(choices) == 0 {
		return w.wait()
	}
	if w.rng.IntN(60) == 0 {
		w.now = w.now.Add(time.Duration(w.rng.IntN(40_000)) * time.Millisecond)
	}
	if w.rng.IntN(150) == 0 {
		w.tick()
	}
	choices[w.rng.IntN(len(choices))]()
	return true
}

func (w *World) choices() []func() {
	var out []func()
	for _, x := range w.running {
		out = append(out, func() { w.stepOn(x) })
	}
	for i, d := range w.queue {
		if d.after <= w.now.UnixMilli() {
			out = append(out, func() { w.deliver(i) })
		}
	}
	for i := range w.events {
		out = append(out, func() {
			what := w.events[i]
			w.events = slices.Delete(w.events, i, i+1)
			what()
		})
	}
	// The world is slower than the machines, or nothing would ever overlap with
	// what people do.
	if len(out) == 0 || w.rng.IntN(8) == 0 {
		out = append(out, w.progress()...)
		if len(w.user) > 0 {
			out = append(out, func() {
				next := w.user[0]
				w.user = w.user[1:]
				next()
			})
		}
	}
	return out
}

// stepOn lets a run take its next step, or spoils it.
func (w *World) stepOn(x *exec) {
	o := goOn
	if w.fault() {
		o = []order{failBefore, failAfter, failLate, crashBefore, crashAfter}[w.rng.IntN(5)]
		if o == failLate && !x.late {
			o = failAfter
		}
	}
	if o != goOn {
		w.note("%s on %s %s: %s", x.delivery.function.Name, x.delivery.event.Type(), x.delivery.event.ID(), []string{"", "fails", "fails after its effect", "fails, and has its effect late", "dies", "dies after its effect"}[o])
	}
	x.step(o)
	if x.done {
		w.finish(x)
	}
}

// finish acks an event, or lets it come again as Knative does.
func (w *World) finish(x *exec) {
	w.running = slices.DeleteFunc(w.running, func(y *exec) bool { return y == x })
	d := x.delivery
	if x.err == nil {
		return
	}
	code, after := fn.Verdict(x.err)
	if code == http.StatusUnprocessableEntity || d.tries >= 8 {
		w.note("dead letter: %s to %s: %v", d.event.Type(), d.function.Name, x.err)
		w.dead = append(w.dead, &delivery{event: d.event, function: d.function})
		return
	}
	wait := max(after, 500*time.Millisecond<<max(0, min(d.tries, 8)))
	w.queue = append(w.queue, &delivery{event: d.event, function: d.function, tries: d.tries + 1, after: w.now.Add(wait).UnixMilli()})
}

// deliver starts the run of a queued event; once in a while it comes twice, or
// not at all. What was begun once is not lost: it comes again until it is dealt
// with or is a dead letter. That much every broker promises.
func (w *World) deliver(i int) {
	d := w.queue[i]
	w.trace("%s hears %s %s (%d)", d.function.Name, d.event.Type(), d.event.ID(), d.tries)
	switch {
	case w.fault() && d.tries >= 0:
		if d.tries == 0 && w.rng.IntN(3) == 0 {
			w.queue = slices.Delete(w.queue, i, i+1)
			w.note("lost %s to %s", d.event.Type(), d.function.Name)
			return
		}
		// Delivered now, and once more while it is handled or after.
	default:
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
	var next time.Time
	for _, d := range w.queue {
		if at := time.UnixMilli(d.after); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if due, ok := w.firstDue(); ok {
		if due.Before(w.now) {
			due = w.now.Add(time.Minute) // announced already: the clock ticks on
		}
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	if next.IsZero() {
		return w.replay()
	}
	if next.After(w.now) {
		w.now = next
	}
	w.tick()
	return true
}

// replay is what an operator does in the end: what ended among the dead letters
// is said again.
func (w *World) replay() bool {
	w.faults = 0
	w.queue, w.dead = w.dead, nil
	return len(w.queue) > 0
}

func (w *World) firstDue() (time.Time, bool) {
	page, err := w.mem.List(context.Background(), state.DuePrefix, "", 1)
	if err != nil || len(page) == 0 {
		return time.Time{}, false
	}
	entry, err := state.ParseDue(page[0].Key)
	return entry.At, err == nil
}

func (w *World) tick() {
	w.hooks++
	d := event.Tick.Say(event.Nothing{}).With("tick", "minute")
	d.ID = fmt.Sprint("tick-", w.hooks)
	e := fn.Sent("timer", d, w.now)
	for _, f := range w.functions {
		if f.Name == "clock-tick" {
			w.queue = append(w.queue, &delivery{event: e, function: f})
		}
	}
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

// check tells what is not as it should be when all is quiet.
func (w *World) check() error {
	var doc pipeline.PullRequest
	object, err := w.mem.Get(context.Background(), state.DocumentKey(pr.Document()))
	if err != nil {
		return fmt.Errorf("no document: %w", err)
	}
	if err := json.Unmarshal(object.Body, &doc); err != nil {
		return err
	}
	for _, line := range doc.Trail {
		w.trace("trail: %s %s (%s)", line.At.Format("15:04:05"), line.Text, line.Event)
	}
	return errors.Join(w.checkDocument(doc), w.checkEffects(doc), w.checkFlags(doc), w.checkLeftovers())
}

func (w *World) checkDocument(doc pipeline.PullRequest) error {
	head := w.heads[len(w.heads)-1]
	switch {
	case doc.Run.Phase != pipeline.Over:
		return fmt.Errorf("run %d is still %s", doc.Run.Number, doc.Run.Phase)
	case len(doc.Asks) > 0:
		return fmt.Errorf("asks are open: %v", doc.Under(""))
	case doc.Opened != w.open:
		return fmt.Errorf("the document says open: %v, the forge %v", doc.Opened, w.open)
	case !w.open:
		return nil
	case doc.Run.Commit != head:
		return fmt.Errorf("run %d is of %s, the head is %s", doc.Run.Number, doc.Run.Commit, head)
	}
	return w.checkVerdict(doc.Run, w.plans[head])
}

// checkVerdict compares each check with what the plan has in store for it.
func (w *World) checkVerdict(run pipeline.Run, p plan) error {
	want := map[string]pipeline.State{pipeline.Build: pipeline.Passed}
	if p.buildFails {
		want[pipeline.Build] = pipeline.Failed
	}
	for _, check := range []string{"installability", "rpmlint", "custom"} {
		switch {
		case p.buildFails, check == "custom" && p.testFails["installability"]:
			want[check] = pipeline.Skipped
		case p.testFails[check]:
			want[check] = pipeline.Failed
		default:
			want[check] = pipeline.Passed
		}
	}
	for id, state := range want {
		if got := run.Checks[id]; got.State != state {
			return fmt.Errorf("%s is %s (%s), not %s", id, got.State, got.Text, state)
		}
	}
	return nil
}

// checkEffects: whatever went wrong, no label has two effects that both stand,
// and nothing runs any more.
func (w *World) checkEffects(doc pipeline.PullRequest) error {
	standing := map[string]int{}
	for _, task := range w.hub.tasks {
		if !task.State.Finished() {
			return fmt.Errorf("task %s of %s still runs", task.ID, task.Label)
		}
		if !strings.Contains(task.State.String(), "CANCEL") {
			standing[task.Label]++
		}
	}
	for label, n := range standing {
		if n > 1 && w.count("late") == 0 && !w.hub.late[label] {
			return fmt.Errorf("%s has %d builds", label, n)
		}
	}
	for _, r := range w.farm.requests {
		if !r.outcome.Final() {
			return fmt.Errorf("request %s of %s still runs", r.id, r.label)
		}
	}
	_ = doc
	return nil
}

func (w *World) count(what string) int {
	n := 0
	for _, line := range w.log {
		if strings.Contains(line, what) {
			n++
		}
	}
	return n
}

// checkFlags: the pull request shows what the document says, and no older
// commit shows anything that is not final.
func (w *World) checkFlags(doc pipeline.PullRequest) error {
	for _, check := range doc.Run.Checks {
		flag := w.pagure.flags[doc.Run.Commit+" distaff - "+check.Name]
		if flag.Text != check.Text || string(flag.State) != string(check.State) {
			return fmt.Errorf("%s shows %s %q, the document says %s %q", check.Name, flag.State, flag.Text, check.State, check.Text)
		}
	}
	for key, flag := range w.pagure.flags {
		if !flag.State.Final() {
			return fmt.Errorf("%s shows %s %q for ever", key, flag.State, flag.Text)
		}
	}
	return nil
}

func (w *World) checkLeftovers() error {
	// What was stuck stays on view for an operator; nothing waits because of it.
	page, err := w.mem.List(context.Background(), state.DuePrefix, "", blob.ListMax)
	if err == nil && len(page) > 0 {
		err = fmt.Errorf("%d entries are left, the first is %s", len(page), page[0].Key)
	}
	return err
}
