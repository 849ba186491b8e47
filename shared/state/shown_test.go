package state_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// pull is a pull request whose lines are overwritten by whoever comes last.
type pull struct {
	bucket *mem.Store
	lines  map[string]string
	late   []func()         // postings that are on their way, their senders gone
	unsure [][]event.Status // what reporters were told to show once more
	choose func(n int) int  // decides about faults
	faults int              // how many may still happen
	nonces int
	now    time.Time
}

// reporterStore stops a run before each request.
type reporterStore struct {
	*mem.Store
	r *run
}

func (s reporterStore) Get(ctx context.Context, key string) (blob.Object, error) {
	s.r.step()
	return s.Store.Get(ctx, key)
}

func (s reporterStore) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	s.r.step()
	return s.Store.Put(ctx, key, body, cond, opts...)
}

func newPull(choose func(int) int, faults int) *pull {
	return &pull{bucket: mem.New(), lines: map[string]string{}, now: time.Unix(1772442000, 0), choose: choose, faults: faults}
}

func want(rev int64, force bool, checks ...event.Status) event.Statuses {
	s := event.Statuses{PullRequestID: event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}, Commit: "abc", Force: force, Checks: checks}
	for i := range s.Checks {
		if s.Checks[i].Rev == 0 {
			s.Checks[i].Rev, s.Checks[i].Text = rev, fmt.Sprint(rev)
		}
	}
	return s
}

// report shows statuses until it worked, as a broker lets it.
func (p *pull) report(t *testing.T, r *run, s event.Statuses) {
	b := state.Bucket{
		Store: reporterStore{p.bucket, r}, Nonce: func() string { p.nonces++; return fmt.Sprint(p.nonces) },
		Rest: func(context.Context, int) error { return nil }, Now: func() time.Time { return p.now },
	}
	for range 20 {
		unsure, err := b.Show(t.Context(), s, func(_ context.Context, status event.Status) error {
			r.step()
			effect := func() { p.lines[status.Check] = status.Text }
			if p.faults > 0 {
				switch fault := p.choose(4); fault {
				case 1: // it had its effect
					p.faults--
					effect()
					return errNoAnswer
				case 2: // it had none
					p.faults--
					return errNoAnswer
				case 3: // it will, some time
					p.faults--
					p.late = append(p.late, effect)
					return errNoAnswer
				}
			}
			effect()
			return nil
		})
		if err == nil {
			if len(unsure) > 0 {
				p.unsure = append(p.unsure, unsure)
			}
			return
		}
		if _, after := fn.Verdict(err); after > 0 {
			r.wait(func() bool { return !p.creating(t) })
		}
	}
	t.Error("showing never works")
}

// creating tells whether somebody may still be putting first statuses there.
func (p *pull) creating(t *testing.T) bool {
	var shown struct{ Creating time.Time }
	page, err := p.bucket.List(t.Context(), "shown/", "", 1)
	if err != nil || len(page) == 0 {
		return false
	}
	object, err := p.bucket.Get(t.Context(), page[0].Key)
	if err == nil {
		err = json.Unmarshal(object.Body, &shown)
	}
	return err == nil && p.now.Sub(shown.Creating) < state.Patience
}

// idle lets time pass: all wait for somebody who is gone.
func (p *pull) idle() { p.now = p.now.Add(state.Patience) }

// others are the postings on their way.
func (p *pull) others() []func() {
	var out []func()
	for i, effect := range p.late {
		out = append(out, func() {
			p.late = append(p.late[:i:i], p.late[i+1:]...)
			effect()
		})
	}
	return out
}

// alone is a report that nobody disturbs.
func (p *pull) alone(t *testing.T, s event.Statuses) {
	var order schedule
	p.faults = 0
	order.play([]func(*run){func(r *run) { p.report(t, r, s) }}, p.others, p.idle)
}

// every plays reports against each other in every order, and looks at what is
// shown in the end, after what has to be shown once more was. What is there was
// shown before them all.
func every(t *testing.T, faults int, there *event.Statuses, newest map[string]string, reports ...event.Statuses) int {
	t.Helper()
	var s schedule
	if len(reports) > 2 || len(reports) > 1 && faults > 0 {
		// Some millions of orders, or 67,816, which were all played once: a sample.
		s.Rand = rand.New(rand.NewPCG(1, 2))
	}
	for plays := 1; ; plays++ {
		p := newPull(s.Choose, faults)
		if there != nil {
			p.alone(t, *there)
			p.faults = faults
		}
		var works []func(*run)
		for _, report := range reports {
			works = append(works, func(r *run) { p.report(t, r, report) })
		}
		s.play(works, p.others, p.idle)
		for _, again := range p.unsure {
			p.alone(t, want(0, true, again...))
		}
		if diff := cmp.Diff(newest, p.lines); diff != "" || t.Failed() {
			t.Fatalf("play %v:\n%s", s.Choices(), diff)
		}
		if !s.Next() || s.Rand != nil && plays == 4000 {
			return plays
		}
	}
}

func TestTheNewestIsShownInEveryOrder(t *testing.T) {
	build, lint := event.Status{Check: "build"}, event.Status{Check: "rpmlint"}
	first := want(1, false, build, lint)
	tests := []struct {
		name    string
		there   *event.Statuses
		newest  map[string]string
		reports []event.Statuses
	}{
		{"the first two of one check", nil, map[string]string{"build": "2"}, []event.Statuses{want(1, false, build), want(2, false, build)}},
		{"two of one check", &first, map[string]string{"build": "3", "rpmlint": "1"}, []event.Statuses{want(2, false, build), want(3, false, build)}},
		{"three of one check", &first, map[string]string{"build": "4", "rpmlint": "1"}, []event.Statuses{want(2, false, build), want(3, false, build), want(4, false, build)}},
		{"one of them twice", &first, map[string]string{"build": "3", "rpmlint": "1"}, []event.Statuses{want(3, false, build), want(2, false, build), want(3, false, build)}},
		{"two checks at once", &first, map[string]string{"build": "3", "rpmlint": "3"}, []event.Statuses{want(2, false, build, lint), want(3, false, lint, build)}},
		{"two checks apart", nil, map[string]string{"build": "2", "rpmlint": "1"}, []event.Statuses{want(1, false, build, lint), want(2, false, build)}},
		{"one that is forced, and a newer one", &first, map[string]string{"build": "2", "rpmlint": "1"}, []event.Statuses{want(1, true, build), want(2, false, build)}},
		{"an old one that is forced late", &first, map[string]string{"build": "3", "rpmlint": "1"}, []event.Statuses{want(3, false, build), want(2, true, build)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Logf("%d orders", every(t, 0, tt.there, tt.newest, tt.reports...))
		})
	}
}

func TestTheNewestIsShownAlsoWhenAnswersAreLost(t *testing.T) {
	build, lint := event.Status{Check: "build"}, event.Status{Check: "rpmlint"}
	first := want(1, false, build, lint)
	t.Run("one reporter", func(t *testing.T) {
		t.Logf("%d orders", every(t, 2, nil, map[string]string{"build": "1", "rpmlint": "1"}, want(1, false, build, lint)))
	})
	t.Run("two reporters", func(t *testing.T) {
		t.Logf("%d orders", every(t, 1, &first, map[string]string{"build": "3", "rpmlint": "1"}, want(2, false, build), want(3, false, build)))
	})
}
