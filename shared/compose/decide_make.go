package compose

import (
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// Answer is what became of an order.
type Answer struct {
	// Kind is the type of the event it came in.
	Kind string
	event.ComposeAnswer
}

func (t *turn) answer(a Answer) {
	switch a.Kind {
	case event.ComposeRemoved.Name():
		t.removed(a)
		return
	case event.ComposeProgressed.Name():
		t.progressed(a)
		return
	}
	if t.c.Over() {
		t.tooLate(a)
		return
	}
	if _, open := t.c.Get(a.Label); !open || a.Label != t.label(making) {
		return
	}
	switch a.Kind {
	case event.ComposeBegan.Name():
		t.began(a)
	case event.ComposeFollows.Name():
		t.follows(a)
	case event.ComposeMade.Name():
		t.made(a)
	case event.ComposeFailed.Name():
		t.resolve(a.Resolved, false)
		t.c.Missing = a.Missing
		t.fail(reasonFailed + a.Reason)
	}
}

// newest tells whether an answer is to the order that was given last. Of two
// runs of one order only one is asked to go on.
func (t *turn) newest(a Answer) bool {
	order, open := t.c.Get(a.Label)
	return open && (a.Attempt == 0 || a.Attempt == order.Times)
}

// start makes a compose that waits one that is being made.
func (t *turn) start(reason string) {
	if t.c.State != Wait {
		return
	}
	t.c.State, t.c.Reason, t.c.Started = Generating, reason, t.at
	t.note("the making begins")
	t.changed()
}

func (t *turn) began(a Answer) {
	if t.c.State == Generating && !t.newest(a) {
		return
	}
	t.resolve(a.Resolved, false)
	t.c.Leader, t.c.Total, t.c.Moved = 0, max(t.c.Total, a.Total), t.at
	t.start(reasonGenerating)
	t.c.Reason = reasonGenerating
}

// resolve notes what the request came to mean. The first meaning stays unless
// what was made is of another.
func (t *turn) resolve(r *event.ComposeResolved, made bool) {
	if r == nil || t.c.PungiID != "" && !made {
		return
	}
	t.c.PungiID = r.PungiID
	if r.Event != 0 {
		t.c.Request.Event = r.Event
	}
	if r.Source != nil {
		t.c.Request.Source = r.Source
	}
	if r.Arches != nil {
		t.c.Request.Arches = r.Arches
	}
	if r.Sigkeys != nil {
		t.c.Request.Sigkeys = r.Sigkeys
	}
}

// progressed asks to go on.
func (t *turn) progressed(a Answer) {
	if !t.newest(a) || !t.c.Wants(a.Label) {
		return
	}
	order, _ := t.c.Get(a.Label)
	switch a.Label {
	case t.label(making):
		t.start(reasonGenerating)
		t.c.Reason, t.c.Leader = reasonGenerating, 0
		t.resolve(a.Resolved, false)
		if a.Done > t.c.Finished || a.Total != t.c.Total {
			t.c.Moved = t.at
		}
		if t.c.Trouble = clip(a.Reason); a.Reason != "" {
			t.note("cannot go on now and is tried again: %s", a.Reason)
		}
		t.c.Finished, t.c.Total, t.c.Large = a.Done, a.Total, t.c.Large || a.Large
		t.c.Again(a.Label, t.say(t.order(order.Times+1)), t.again())
	case t.label(expiring), t.label(releasing), t.label(sweeping):
		t.c.Again(a.Label, t.say(t.removal(lastPart(a.Label), order.Times+1)), t.removeAgain(order.Times))
	}
}

func lastPart(label string) string { return label[strings.LastIndex(label, "/")+1:] }

func (t *turn) follows(a Answer) {
	if !t.newest(a) || a.Leader == 0 || a.Leader == t.c.Leader && t.later(making) {
		return
	}
	t.start(reasonStarted)
	t.resolve(a.Resolved, false)
	t.c.Leader, t.c.Reason, t.c.Moved = a.Leader, reasonStarted, t.at
	t.note("compose %d, which is being made, will be the same", a.Leader)
	t.c.Postpone(a.Label, or(t.Look, 5*time.Minute))
	t.tell(event.ComposeFollowed, []int64{a.Leader}, time.Time{}, false)
}

func (t *turn) later(what string) bool {
	order, _ := t.c.Get(t.label(what))
	return order.Later
}

func (t *turn) made(a Answer) {
	at := t.at
	if !a.At.IsZero() && a.At.Before(at) {
		at = a.At // the message may have been long on its way
	}
	t.start(reasonGenerating)
	t.resolve(a.Resolved, true)
	t.c.State, t.c.Reason = Done, reasonDone
	t.c.Done, t.c.Ended, t.c.Moved = at, at, t.at
	t.c.Content, t.c.Lock, t.c.Packages, t.c.Bytes, t.c.Missing = a.Content, a.Lock, a.Packages, a.Bytes, a.Missing
	t.c.Finished, t.c.Total = max(t.c.Total, a.Packages), max(t.c.Total, a.Packages)
	t.c.Leader, t.c.Dir, t.c.Trouble = a.Leader, a.Dir, ""
	if a.Dir == t.c.ID {
		t.c.Dir = 0
	}
	t.c.Expires = latest(at.Add(t.Life(t.c.Request.Lifetime)), a.Until)
	if t.c.Dir == 0 {
		t.note("done: %d packages", a.Packages)
	} else {
		t.note("done: the same as compose %d", t.c.Dir)
	}
	t.forget(making)
	t.changed()
	t.endsLead()
	if a.Leader != 0 {
		t.tell(event.ComposeExtended, []int64{a.Leader}, t.c.Expires, true)
	}
	t.expireLater()
}

// fail ends the compose in words.
func (t *turn) fail(reason string) {
	t.c.State, t.c.Reason, t.c.Ended = Failed, clip(reason), t.at
	t.c.Expires = t.at.Add(t.Life(t.c.Request.Lifetime))
	t.c.Leader, t.c.Trouble = 0, ""
	t.note("failed: %s", reason)
	t.forget(making)
	t.changed()
	t.endsLead()
	t.expireLater()
}

func (t *turn) cancelled(news Cancelled) {
	if t.c.State != Wait && t.c.State != Generating {
		return
	}
	t.fail("Canceled by " + news.By)
	// Nobody brings the call again if what is said of it gets lost.
	t.c.OpenLater(t.label(telling), event.Draft{}, tellWait)
}

// tellWait is after how long it is told again that a call had an effect.
const tellWait = 2 * time.Minute

// tooLate removes what was made for a compose that is over.
func (t *turn) tooLate(a Answer) {
	unwanted := a.Kind == event.ComposeMade.Name() || a.Kind == event.ComposeFailed.Name() && (a.Over || t.c.Removing || t.c.State == Removed)
	if !unwanted {
		return
	}
	t.note("what was made for it is removed")
	// A removal on its way may have passed where this was made. Only the answer
	// to the newest order counts.
	order, _ := t.c.Get(t.label(releasing))
	t.c.Again(t.label(releasing), t.say(t.removal(releasing, order.Times+1)), t.removeAgain(order.Times+1))
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
