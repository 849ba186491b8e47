package fedmsg

import "time"

// Window is a stretch of the bus's history, both ends included, in whole
// seconds of UTC: the archive keeps no finer times.
type Window struct {
	From, To time.Time
}

// Gap gives the window somebody has to ask the archive for who last saw a
// message sent at last. It starts overlap earlier, because senders' clocks
// differ and messages arrive out of order; what was seen already is told by its
// id. It reaches back reach at most: lost is the stretch before that, which
// nobody will ever ask for and which an operator should hear of.
//
// A zero last means that nothing was seen yet: the window is the whole reach. A
// last in the future (a sender's clock) counts as now.
func Gap(last, now time.Time, overlap, reach time.Duration) (w Window, lost time.Duration) {
	overlap, reach = max(overlap, 0), max(reach, 0)
	w.To = now.UTC().Truncate(time.Second)
	if w.To.Before(now) {
		w.To = w.To.Add(time.Second)
	}
	oldest := now.UTC().Add(-reach).Truncate(time.Second)
	if last.IsZero() {
		w.From = oldest
		return w, 0
	}
	if last.After(now) {
		last = now
	}
	w.From = last.UTC().Add(-overlap).Truncate(time.Second)
	if w.From.Before(oldest) {
		lost = max(oldest.Sub(last), 0)
		w.From = oldest
	}
	return w, lost
}
