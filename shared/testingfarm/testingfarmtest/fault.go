package testingfarmtest

import (
	"context"
	"net/http"
	"time"
)

// Faults are the ways it fails. Numbers count down with each use.
type Faults struct {
	// Unavailable answers the next requests 503, taking nothing.
	Unavailable int
	// Broken answers the next requests 500, taking nothing.
	Broken int
	// LoseAnswer takes the next requests and closes the connection unanswered.
	LoseAnswer int
	// NoMachine ends the next runs in the state error.
	NoMachine int
	// LoseHooks drops the next webhooks.
	LoseHooks int
	// DoubleHooks posts every webhook twice.
	DoubleHooks bool
	// HoldHooks posts a request's webhooks only at its end, all at once.
	HoldHooks bool
	// Slow delays every answer.
	Slow time.Duration
}

// Fault changes how it fails from now on.
func (f *Farm) Fault(change func(*Faults)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.faults)
}

// take uses one of a counted fault up.
func (f *Farm) take(left *int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *left == 0 {
		return false
	}
	*left--
	return true
}

func (f *Farm) failsBefore(w http.ResponseWriter) bool {
	switch {
	case f.take(&f.faults.Unavailable):
		w.Header().Set("Retry-After", "1")
		say(w, http.StatusServiceUnavailable, "Service is temporarily unavailable.")
	case f.take(&f.faults.Broken):
		say(w, http.StatusInternalServerError, "Internal error.")
	default:
		return false
	}
	return true
}

// losesAnswer cuts the connection after the request was stored.
func (f *Farm) losesAnswer(http.ResponseWriter) bool {
	if !f.take(&f.faults.LoseAnswer) {
		return false
	}
	panic(http.ErrAbortHandler) // how net/http is told to drop a connection
}

// slow waits as long as every answer does; false if the caller went away.
func (f *Farm) slow(ctx context.Context) bool {
	f.mu.Lock()
	d := f.faults.Slow
	f.mu.Unlock()
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Counts tells how many requests were taken per label: one each, if asking
// happens exactly once.
func (f *Farm) Counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := map[string]int{}
	for _, rec := range f.requests {
		counts[rec.label()]++
	}
	return counts
}

// Seen is one request that was taken.
type Seen struct {
	ID, Label, State string
	Job              Job
}

// Requests lists what was taken, oldest first.
func (f *Farm) Requests() []Seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	var seen []Seen
	for _, id := range f.order {
		rec := f.requests[id]
		seen = append(seen, Seen{ID: id, Label: rec.label(), State: rec.Shown.State, Job: rec.job()})
	}
	return seen
}
