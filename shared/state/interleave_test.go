package state_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// schedule plays every order in which some runs can take their steps: a run
// stops before each of its steps until the schedule lets it go on.
//
// One play is a list of choices. It is played by following a list as far as it
// goes and taking the first choice from there on; the next list is the last one
// with its last choice raised that can be.
type schedule struct {
	choices []int // what was chosen
	of      []int // out of how many
	at      int
	// rng draws the choices where there are too many orders to play all of them.
	rng *rand.Rand
}

// choose gives a number below n.
func (s *schedule) choose(n int) int {
	if s.at == len(s.choices) {
		first := 0
		if s.rng != nil {
			first = s.rng.IntN(n)
		}
		s.choices, s.of = append(s.choices, first), append(s.of, n)
	}
	s.at++
	return s.choices[s.at-1]
}

// next gets ready for the next play, and tells whether there is one.
func (s *schedule) next() bool {
	s.at = 0
	if s.rng != nil {
		s.choices, s.of = nil, nil
		return true
	}
	for last := len(s.choices) - 1; last >= 0; last-- {
		if s.choices[last]+1 < s.of[last] {
			s.choices[last]++
			s.choices, s.of = s.choices[:last+1], s.of[:last+1]
			return true
		}
	}
	return false
}

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
			chosen := s.choose(n)
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
		if !s.next() {
			break
		}
	}
	if len(seen) != 20 { // six steps, three of each
		t.Errorf("%d orders are played", len(seen))
	}
}

var errNoAnswer = errors.New("the answer was lost")
