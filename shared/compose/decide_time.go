package compose

import (
	"fmt"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
)

// timePassed says again what has had no answer, ends what has had none for too
// long, and begins what is due.
func (t *turn) timePassed(news event.ComposePassed) {
	for _, label := range t.c.DueBy(news.At) {
		order, _ := t.c.Get(label)
		switch what := lastPart(label); what {
		case making:
			t.makeDue(label, order)
		case expiring:
			if order.Later {
				t.expire()
				continue
			}
			t.removeDue(label, what, order)
		case releasing, sweeping:
			t.removeDue(label, what, order)
		case telling:
			t.tellAgain()
		}
	}
}

// limit is how long the compose may be without news of its making.
func (t *turn) limit() time.Duration {
	switch {
	case t.c.State == Wait:
		return or(t.WaitLimit, 3*24*time.Hour)
	case t.c.Large:
		return or(t.JobLimit, 24*time.Hour)
	}
	return or(t.MakeLimit, 2*time.Hour)
}

// again is how long an answer about the making is waited for: the longer there
// was none the longer, and never past the limit.
func (t *turn) again() time.Duration {
	passed := t.at.Sub(t.c.Moved)
	wait := max(or(t.Repeat, 10*time.Minute), passed/2)
	if t.c.Large {
		wait = max(wait, time.Hour) // a job takes its time
	}
	return max(min(wait, t.limit()-passed), soon)
}

func (t *turn) makeDue(label string, order ask.Ask) {
	limit := t.limit()
	switch {
	case t.at.Sub(t.c.Moved) >= limit:
		reason := fmt.Sprintf("Compose stuck in '%s' state for longer than %s.", t.c.State, words(limit))
		if t.c.Trouble != "" {
			reason += " " + t.c.Trouble
		}
		t.fail(reason)
		return
	case order.Later:
		t.note("looks what became of compose %d", t.c.Leader)
	default:
		t.note("no answer; asked again")
	}
	if t.c.State == Wait {
		t.repeat(Wait) // no answer, so perhaps nothing was ever sent
	}
	t.c.Again(label, t.say(t.order(order.Times+1)), t.again())
}

func (t *turn) removeDue(label, what string, order ask.Ask) {
	t.c.Again(label, t.say(t.removal(what, order.Times+1)), t.removeAgain(order.Times+1))
}

// tellAgain tells what a call led to once more, if it was not yet.
func (t *turn) tellAgain() {
	if _, open := t.c.Get(t.label(telling)); !open {
		return
	}
	t.forget(telling)
	if t.c.Started.IsZero() {
		t.repeat(Wait) // then nothing ever showed that it was sent
	}
	t.repeat(Failed)
}

// repeat says a change of state once more, with the id it had. It is now also
// because of this event that it is said.
func (t *turn) repeat(state State) {
	t.c.Said = slices.Clone(t.c.Said)
	for n, said := range t.c.Said {
		if len(said.To) == 0 && said.State == state {
			t.c.Said[n].Cause = t.cause
			t.drafts = append(t.drafts, t.drafted(t.c, said)...)
		}
	}
}

// words is a limit as ODCS says it: in days where it is whole days, else in
// seconds.
func words(limit time.Duration) string {
	if days := limit / (24 * time.Hour); days > 1 && limit%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%d seconds", limit/time.Second)
}
