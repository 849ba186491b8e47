package stories

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
)

// tester does Testing Farm's tests as the story says, each when the player lets
// it.
type tester struct {
	mu    sync.Mutex
	plans map[testingfarm.Check][]plan
	tests []*running
	ran   map[string]bool // requests that got a machine, by id
	known map[string]*request
	// Web hooks: how many came of each call, and how many were due when that
	// was last changed.
	copies, base, since int
	strangers           []string
}

// plan is how a test ends.
type plan struct {
	verdict testingfarmtest.Verdict
	broken  string // what the machinery says when it fails
}

type running struct {
	label    string
	release  chan struct{}
	released bool
}

type request struct {
	number int
	over   bool
	state  string
}

func newTester() *tester {
	return &tester{plans: map[testingfarm.Check][]plan{}, ran: map[string]bool{}, known: map[string]*request{}, copies: 1}
}

func (t *tester) plan(check testingfarm.Check, p plan, times int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for range times {
		t.plans[check] = append(t.plans[check], p)
	}
}

// Run holds a test until the player lets it end.
func (t *tester) Run(ctx context.Context, j testingfarmtest.Job) (testingfarmtest.Verdict, error) {
	r := &running{label: j.Label, release: make(chan struct{})}
	t.mu.Lock()
	t.ran[j.ID] = true
	t.tests = append(t.tests, r)
	t.mu.Unlock()
	select {
	case <-r.release:
	case <-ctx.Done():
		t.mu.Lock()
		r.released = true
		t.mu.Unlock()
		return testingfarmtest.Verdict{}, ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if plans := t.plans[j.Check]; len(plans) > 0 {
		t.plans[j.Check] = plans[1:]
		if plans[0].broken != "" {
			return testingfarmtest.Verdict{}, errors.New(plans[0].broken)
		}
		return plans[0].verdict, nil
	}
	return testingfarmtest.Scripted{}.Run(ctx, j)
}

// free lets the first of the tests that wait end, and tells whether there was
// one.
func (t *tester) free() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting := slices.DeleteFunc(slices.Clone(t.tests), func(r *running) bool { return r.released })
	if len(waiting) == 0 {
		return false
	}
	first := slices.MinFunc(waiting, func(a, b *running) int { return strings.Compare(a.label, b.label) })
	first.released = true
	close(first.release)
	return true
}

// quiet tells whether every test has ended or waits for the player, and all web
// hooks have come.
func (t *tester) quiet(farm *testingfarmtest.Farm, heard map[string]int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	held, going, came := 0, 0, 0
	for _, r := range t.tests {
		if !r.released {
			held++
		}
	}
	for _, r := range farm.Requests() {
		if !overThere(r.State) {
			going++
		}
	}
	for _, n := range heard {
		came += n
	}
	return held == min(going, machines) && came == t.base+t.copies*(t.due(farm)-t.since)
}

// machines are how many tests run at a time at the stand-in.
const machines = 2

func overThere(state string) bool {
	return state == "complete" || state == "error" || state == "canceled"
}

// due counts the calls of the web hook: one for each state a request has been in.
func (t *tester) due(farm *testingfarmtest.Farm) int {
	n := 0
	for _, r := range farm.Requests() {
		if r.State == "new" || slices.Contains(t.strangers, r.ID) {
			continue
		}
		n++ // queued
		if t.ran[r.ID] {
			n++
		}
		if overThere(r.State) {
			n++
		}
		if r.State == "canceled" || r.State == "cancel-requested" {
			n++
		}
	}
	return n
}

// hooks changes how many calls of the web hook come of one.
func (t *tester) hooks(farm *testingfarmtest.Farm, copies int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.due(farm)
	t.base, t.since = t.base+t.copies*(now-t.since), now
	t.copies = copies
}

// look finds the requests that were made since the last look, and those that
// were stopped.
func (t *tester) look(farm *testingfarmtest.Farm) (made, stopped []testingfarmtest.Seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range farm.Requests() {
		if slices.Contains(t.strangers, r.ID) {
			continue
		}
		one, known := t.known[r.ID]
		if !known {
			one = &request{number: len(t.known) + 1}
			t.known[r.ID] = one
			made = append(made, r)
		}
		if !one.over && strings.HasPrefix(r.State, "cancel") {
			stopped = append(stopped, r)
		}
		one.over, one.state = overThere(r.State) || strings.HasPrefix(r.State, "cancel"), r.State
	}
	return made, stopped
}

func failing(name, result string, output []string) testingfarmtest.Verdict {
	return testingfarmtest.Verdict{Overall: "failed", Tests: []testingfarmtest.TestRun{
		{Name: name, Result: result, Output: strings.Join(output, "\n") + "\n"},
	}}
}

// stranger notes a request that is not ours: it has no web hook.
func (t *tester) stranger(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strangers = append(t.strangers, id)
}

// called notes a call of the web hook that is not Testing Farm's own.
func (t *tester) called() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.base++
}
