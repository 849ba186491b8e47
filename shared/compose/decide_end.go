package compose

import (
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

const (
	// sweepMost is the longest until it is looked again whether others still
	// hold a directory: they may have let go of it early.
	sweepMost = 7 * 24 * time.Hour
	// soon is the shortest wait. It is longer than a function may take: an entry
	// that was found due before its document is written would be lost.
	soon = time.Minute
)

// expireLater puts down when the compose is to be removed, in place of what was
// put down before. Nothing is removed under the hands of a run that does not
// know yet that the compose is over.
func (t *turn) expireLater() {
	at := latest(t.c.Expires, t.c.Ended.Add(or(t.Quiet, time.Minute)))
	t.c.OpenLater(t.label(expiring), t.removal(expiring, 1), max(at.Sub(t.at), soon))
}

// extended makes a compose live longer, and those that share its content.
func (t *turn) extended(news Extended) {
	if !t.live(news.Until) {
		return
	}
	t.note("renewed by %s until %s", news.By, news.Until.UTC().Format(time.RFC3339))
	t.tell(event.ComposeExtended, without(append([]int64{t.c.Leader, t.c.Dir}, t.c.Sharers...), 0, t.c.ID), t.c.Expires, false)
}

// live raises the end to until, and tells whether it did.
func (t *turn) live(until time.Time) bool {
	if t.c.State != Done || t.c.Removing || !until.After(t.c.Expires) {
		return false
	}
	t.c.Expires = until
	t.expireLater()
	return true
}

func (t *turn) removalAsked(news RemovalAsked) {
	if t.c.State != Done && t.c.State != Failed || t.c.Removing {
		return
	}
	t.c.RemovedBy, t.c.Expires = news.By, t.at
	t.note("%s asks to remove it", news.By)
	t.expireLater()
	if t.at.Before(t.c.Ended.Add(or(t.Quiet, time.Minute))) {
		return
	}
	t.expire()
}

// expire begins the removal. From here on nothing keeps the compose.
func (t *turn) expire() {
	t.c.Removing = true
	t.c.Open(t.label(expiring), t.say(t.removal(expiring, 1)), t.removeAgain(1))
}

// removeAgain is after how long an order to remove is given for another time.
func (t *turn) removeAgain(times int) time.Duration {
	return min(or(t.Repeat, 10*time.Minute)<<min(times-1, 10), 6*time.Hour)
}

// removed is the news that nothing is held for the compose any more.
func (t *turn) removed(a Answer) {
	if !t.c.Wants(a.Label) {
		return
	}
	what := lastPart(a.Label)
	switch what {
	case expiring:
		if !t.c.Removing {
			return
		}
		t.end()
	case releasing, sweeping:
		if !t.newest(a) {
			return
		}
	default:
		return
	}
	t.forget(what)
	// Others may hold the directory: it goes with the last of them, or with this
	// look for what they left behind. And a job may still be at work that does not
	// know that the compose is over.
	var wait time.Duration
	if !a.Until.IsZero() {
		wait = min(max(a.Until.Sub(t.at), soon), sweepMost)
	}
	if t.c.Large && what != sweeping {
		wait = max(wait, t.limit())
	}
	if wait > 0 {
		t.c.OpenLater(t.label(sweeping), t.removal(sweeping, 1), wait)
	}
}

// end is the end of a compose.
func (t *turn) end() {
	why := reasonExpired
	if t.c.RemovedBy != "" {
		why = fmt.Sprintf("Removed by %s.", t.c.RemovedBy)
	}
	t.note("%s", why)
	t.tellAgain()
	if t.c.Reason != "" {
		why = t.c.Reason + "\n" + why
	}
	t.c.State, t.c.Reason, t.c.Removed = Removed, why, t.at
	t.changed()
}
