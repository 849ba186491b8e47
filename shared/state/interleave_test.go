package state_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/distaff-project/distaff/shared/state/statetest"
)

// schedule plays every order in which some runs can take their steps: a run
// stops before each of its steps until the schedule lets it go on.
type schedule struct{ statetest.Orders }

// run is one of those that are played against each other.
type run struct {
	resume, stopped chan struct{}
	done            bool
	ready           func() bool // nil: at any time
}

// step is where a run stops.
func (r *run) step() { r.wait(nil) }

// wait is where a run stops until ready says that it may go on.
func (r *run) wait(ready func() bool) {
	r.ready = ready
	r.stopped <- struct{}{}
	<-r.resume
}

// play lets runs take their steps in the order of s, and besides them lets
// others happen: things that may happen at any moment once they are there. When
// all wait, idle is called.
func (s *schedule) play(works []func(r *run), others func() []func(), idle func()) {
	var live []*run
	for _, work := range works {
		r := &run{resume: make(chan struct{}), stopped: make(chan struct{})}
		go func() {
			<-r.resume
			work(r)
			r.done = true
			r.stopped <- struct{}{}
		}()
		live = append(live, r)
	}
	for {
		live = slices.DeleteFunc(live, func(r *run) bool { return r.done })
		var able []*run
		for _, r := range live {
			if r.ready == nil || r.ready() {
				able = append(able, r)
			}
		}
		happens := others()
		switch n := len(able) + len(happens); {
		case n == 0 && len(live) == 0:
			return
		case n == 0:
			idle()
		default:
			chosen := s.Choose(n)
			if chosen >= len(able) {
				happens[chosen-len(able)]()
				continue
			}
			able[chosen].resume <- struct{}{}
			<-able[chosen].stopped
		}
	}
}

func TestTheScheduleMissesNothing(t *testing.T) {
	var s schedule
	seen := map[string]bool{}
	for {
		text := ""
		worker := func(name string) func(*run) {
			return func(r *run) { text += name + "1"; r.step(); text += name + "2"; r.step(); text += name + "3" }
		}
		s.play([]func(*run){worker("a"), worker("b")}, func() []func() { return nil }, nil)
		if seen[text] {
			t.Fatalf("%s is played twice", text)
		}
		seen[text] = true
		if !s.Next() {
			break
		}
	}
	if len(seen) != 20 { // six steps, three of each
		t.Errorf("%d orders are played", len(seen))
	}
}

var errNoAnswer = errors.New("the answer was lost")
