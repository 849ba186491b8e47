package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// anything is a fact for each number: usual ones, late ones, doubled ones, and
// ones nobody honest would say.
func anything(n int) any {
	checks := []string{"installability", "rpmlint", "custom", "build", "nosuch", ""}
	check := checks[n/37%len(checks)]
	letter := string(rune('a' + n/37%5))
	far := label(n/37%4, []string{"build", "change", "release", "head", "cancel", "sweep", "show", "tests", "rpmlint"}[n/148%9], n/41%4)
	facts := []any{
		pushed(letter), pushedTo(letter, "rawhide", 0), pushedTo(letter, "f44", time.Second), pushedTo(letter, "main", -time.Second),
		shut(false, time.Second), shut(true, 0),
		looked(nil), looked(func(c *event.Change) { c.Head = commit(letter) }), looked(func(c *event.Change) { c.Open = false }),
		looked(func(c *event.Change) { c.Trouble = "502" }), looked(func(c *event.Change) { c.FMF, c.Dead = false, n%2 == 0 }),
		lookedAt("head", nil), lookedAt("head", func(c *event.Change) { c.Head = commit(letter) }),
		lookedAt("head", func(c *event.Change) { c.Trouble = "502" }), lookedAt("head", func(c *event.Change) { c.Branch = "f44" }),
		released(nil), released(func(r *event.Release) { r.Found, r.Reason = false, "no such branch" }),
		released(func(r *event.Release) { r.Trouble = "timeout" }),
		koji("free", 100, nil), koji("open", int64(100+n%2), nil), koji("closed", 100, nil), koji("canceled", 100, nil), koji("refused", 0, nil),
		koji("failed", 100, failure(false, "error: a\tlong   "+far)), koji("failed", 100, failure(true, "no builder")),
		koji("free", 100, func(b *event.Build) { b.Unsure = true }),
		event.Build{PullRequestID: bash, Label: far, Task: int64(n % 3 * 100), State: []string{"free", "closed", ""}[n%3]},
		event.Build{PullRequestID: bash, Task: 100, Reason: "502"},
		event.Build{PullRequestID: bash, Label: far, Of: far, Unsure: true},
		requested("installability", "rpmlint"), requested("custom"),
		farm(check, "passed", "request-"+check, "passed"), farm(check, "failed", "request-"+check, ""), farm(check, "error", "request-"+check, "no machine"),
		farm(check, "running", "request-"+letter, ""), farm(check, "refused", "", "refused"), farm(check, "", "", ""),
		event.Tests{PullRequestID: bash, Batch: far, Tests: []event.Test{{Label: far, Request: letter, State: "requested", Unsure: n%2 == 0}, {Label: far, Of: far, Unsure: true}}},
		event.Tests{PullRequestID: bash, Tests: []event.Test{{Request: "request-" + check, Text: "502"}}},
		proof(),
		event.Shown{PullRequestID: bash, Label: far, Rev: int64(n), Unsure: []event.Status{{Check: "x", State: "passed", Text: "passed"}}},
		passes(time.Minute), passes(10 * time.Minute), passes(3 * time.Hour), passes(50 * time.Hour),
		func(p *play) any {
			return event.Passed{PullRequestID: bash, At: p.now, Stuck: []string{"koji.fedora", "testing-farm.public", ""}[n%3]}
		},
		"no fact at all", nil,
	}
	return facts[n%len(facts)]
}

// No fact in any order breaks what check holds every decision to; and from
// wherever it comes, a run ends when nobody ever answers any more.
func TestAnyFactInAnyOrder(t *testing.T) {
	for seed := range uint64(100) { // of 3,000 none failed
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			p := newPlay(rules())
			p.hear(t, pushed("a"))
			for range rng.IntN(60) {
				p.hear(t, anything(rng.IntN(1<<20)))
			}
			p.silence(t)
		})
	}
}

func FuzzDecide(f *testing.F) {
	f.Add([]byte{0, 0, 0, 6, 0, 15, 0, 18})
	f.Add([]byte{0, 0, 0, 6, 0, 15, 0, 18, 0, 20, 0, 29, 0, 31, 1, 4})
	f.Fuzz(func(t *testing.T, script []byte) {
		p := newPlay(rules())
		for some := range slices.Chunk(script[:min(len(script), 200)], 2) {
			p.hear(t, anything(int(some[0])<<8+int(some[len(some)-1])))
		}
		p.silence(t)
	})
}

// silence lets time pass without an answer to anything, until nothing is
// awaited any more.
func (p *play) silence(t *testing.T) {
	t.Helper()
	for range 200 {
		var first time.Time
		systems := map[string]bool{}
		for _, a := range p.doc.Asks {
			if first.IsZero() || a.Due.Before(first) {
				first = a.Due
			}
			systems[a.System] = true
		}
		if first.IsZero() {
			if p.doc.Run.Number > 0 && p.doc.Run.Phase != pipeline.Over {
				t.Fatalf("the run is %s and waits for nothing", p.doc.Run.Phase)
			}
			return
		}
		if first.After(p.now) {
			p.now = first
		}
		p.hear(t, passes(0))
		for system := range systems { // the clock asked three times, and nobody told
			p.hear(t, event.Passed{PullRequestID: bash, At: p.now, Stuck: system})
		}
	}
	t.Fatalf("after long silence the run is %s and waits for %v", p.doc.Run.Phase, p.doc.Under(""))
}
