package pipeline_test

import (
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// What a pull request makes of news about its head.
func TestHeads(t *testing.T) {
	look := func(run string) []string {
		return []string{"look at the change: " + run + "/change/1", "look at the release of rawhide: " + run + "/release/1"}
	}
	playAll(t, []scene{
		{
			name: "a new pull request is looked at, and shows at once what will be checked",
			when: pushed("a"), says: look("1"), phase: pipeline.Looking,
			checks: map[string]string{"build": "queued: Queued", "rpmlint": "queued: Queued"},
		},
		{
			name: "the same message twice is one run", given: []any{pushed("a")}, when: pushedTo("a", "rawhide", 0),
		},
		{
			name: "a new title is no new run", given: building(), when: func(p *play) any {
				p.begun = p.begun.Add(time.Minute)
				head := pr("a", "rawhide", p.begun)
				head.Title = "A better title"
				return pipeline.Moved{PullRequest: head}
			}, phase: pipeline.Checking,
		},
		{
			name: "a push replaces what was building", given: building(), when: pushed("b"),
			says: append([]string{"cancel 1/build/1"}, look("2")...),
		},
		{
			name: "a push replaces what was being tested, and only what still ran", given: []any{
				tested(), farm("rpmlint", "passed", "request-rpmlint", "passed"),
			}, when: pushed("b"),
			says: append([]string{"cancel 1/installability/1"}, look("2")...),
		},
		{
			name:  "a push back to an earlier commit is a new run",
			given: []any{building(), pushed("b")}, when: pushed("a"), says: look("3"),
		},
		{
			name: "an old message that comes late changes nothing", given: []any{building(), pushed("b")},
			when: pipeline.Moved{PullRequest: pr("a", "rawhide", time.Date(2026, 3, 2, 9, 0, 30, 0, time.UTC))},
		},
		{
			name: "another target branch is a new run", given: building(), when: pushedTo("a", "f44", time.Minute),
			says: []string{"cancel 1/build/1", "look at the change: 2/change/1", "look at the release of f44: 2/release/1"},
		},
		{
			name: "a closed pull request stops everything", given: tested(), when: shut(false, time.Minute),
			says:  []string{"cancel 1/installability/1", "cancel 1/rpmlint/1"},
			phase: pipeline.Over, verdict: "Cancelled: the pull request was closed",
			checks: map[string]string{
				"build": "passed: RPM build succeeded", "rpmlint": "cancelled: cancelled: the pull request was closed",
				"custom": "cancelled: cancelled: the pull request was closed",
			},
		},
		{
			name: "a merged pull request stops everything, and says merged", given: building(), when: shut(true, time.Minute),
			says: []string{"cancel 1/build/1"}, phase: pipeline.Over, verdict: "Cancelled: the pull request was merged",
		},
		{
			name: "a pull request closed while it is looked at has nothing to stop", given: []any{pushed("a")},
			when: shut(false, time.Minute), phase: pipeline.Over,
		},
		{
			name: "a closing nobody knows the opening of changes nothing", when: shut(false, time.Minute),
		},
		{
			name: "a closing that is older than the head changes nothing", given: []any{pushed("a"), pushed("b")},
			when: shut(false, -time.Second),
		},
		{
			name: "a reopened pull request is checked anew", given: []any{building(), shut(false, time.Minute)},
			when: pushed("a"), says: look("2"),
		},
		{
			name: "a push to a closed pull request that is reopened by it is checked", given: []any{building(), shut(false, time.Minute)},
			when: pushed("b"), says: look("2"),
		},
		{
			name:  "a repository that does not take part is not checked",
			rules: func(r *pipeline.Rules) { r.Forges["fedora"] = pipeline.Taken{Namespaces: []string{"containers"}} },
			when:  pushed("a"),
		},
	})
}

// Two messages of the same second have no order: the forge is asked.
func TestTiesAreBrokenByTheForge(t *testing.T) {
	tie := []any{building(), pushedTo("b", "rawhide", 0)}
	stale := func(c *event.Change) { c.Updated = c.Updated.Add(-time.Minute) }
	playAll(t, []scene{
		{
			name: "two pushes in one second", given: building(), when: pushedTo("b", "rawhide", 0),
			says: []string{"look at the change: 1/head/5"}, phase: pipeline.Checking,
		},
		{
			name: "the forge shows the later one, which begins a run", given: tie,
			when: lookedAt("head", func(c *event.Change) { c.Head = commit("b") }),
			says: []string{"cancel 1/build/1", "look at the change: 2/change/1", "look at the release of rawhide: 2/release/1"},
		},
		{
			name: "the forge shows the one that is building, which goes on", given: tie,
			when: lookedAt("head", nil), phase: pipeline.Checking,
		},
		{
			name: "the forge shows another target branch, which begins a run", given: []any{building(), pushedTo("a", "f44", 0)},
			when: lookedAt("head", func(c *event.Change) { c.Branch = "f44" }),
			says: []string{"cancel 1/build/1", "look at the change: 2/change/1", "look at the release of f44: 2/release/1"},
		},
		{
			name: "a push and a closing in one second", given: building(), when: shut(false, 0),
			says: []string{"look at the change: 1/head/5"}, phase: pipeline.Checking,
		},
		{
			name: "the forge shows it closed", given: []any{building(), shut(false, 0)},
			when: lookedAt("head", func(c *event.Change) { c.Open = false }),
			says: []string{"cancel 1/build/1"}, phase: pipeline.Over, verdict: "Cancelled: the pull request was closed",
		},
		{
			name: "only the newest look decides", given: []any{tie, pushedTo("c", "rawhide", 0)},
			when: func(*play) any {
				label := pipeline.Label{PullRequest: bash, Run: 1, What: "head", Attempt: 5}
				return event.Change{PullRequestID: bash, Label: label.String(), Head: commit("b"), Branch: "rawhide", Open: true}
			},
			phase: pipeline.Checking,
		},
		{
			name: "a look that failed is taken again, a little later", given: []any{
				tie, lookedAt("head", func(c *event.Change) { *c = event.Change{PullRequestID: bash, Label: c.Label, Trouble: "502"} }),
			},
			when: passes(2 * time.Minute), says: []string{"look at the change: 1/head/5"},
		},
		{
			name: "so is one that shows an older state", given: []any{tie, lookedAt("head", func(c *event.Change) { stale(c); c.Head = commit("0") })},
			when: passes(2 * time.Minute), says: []string{"look at the change: 1/head/5"},
		},
	})
}

// A forge that never gives a usable answer is not asked for ever.
func TestAnUndecidedTieIsGivenUp(t *testing.T) {
	p, _ := story(t, rules(), building(), pushedTo("b", "rawhide", 0))
	gone := lookedAt("head", func(c *event.Change) { *c = event.Change{PullRequestID: bash, Label: c.Label, Trouble: "404"} })
	for range 50 {
		if p.openAsk("head") == "" && p.doc.Run.Phase == pipeline.Checking {
			return
		}
		p.hear(t, gone)
		p.hear(t, passes(2*time.Hour))
	}
	t.Errorf("the forge is still asked: %v", p.doc.Under(""))
}

// What the looks at a pull request and at its release lead to.
func TestLooks(t *testing.T) {
	build := []string{"build aaa for f45-rebuild: 1/build/1"}
	trouble := looked(func(c *event.Change) {
		*c = event.Change{PullRequestID: bash, Label: c.Label, Trouble: "502 Bad Gateway"}
	})
	bodhiDown := released(func(r *event.Release) {
		*r = event.Release{PullRequestID: bash, Label: r.Label, Branch: r.Branch, Trouble: "timeout"}
	})
	every := func(text string) map[string]string {
		return map[string]string{"build": text, "installability": text, "rpmlint": text, "custom": text}
	}
	playAll(t, []scene{
		{name: "both looks lead to the build", given: []any{pushed("a"), looked(nil)}, when: released(nil), says: build, phase: pipeline.Checking},
		{name: "in either order", given: []any{pushed("a"), released(nil)}, when: looked(nil), says: build, phase: pipeline.Checking},
		{
			name: "a retired package is answered before any build", given: []any{pushed("a"), released(nil)},
			when: looked(func(c *event.Change) { c.Dead = true }), phase: pipeline.Over, verdict: "Nothing to check",
			checks: every("skipped: Skipped: the package is retired (dead.package)"),
		},
		{
			name: "a pull request that removes the spec file is not built", given: []any{pushed("a"), released(nil)},
			when: looked(func(c *event.Change) { c.NoSpec = true }), phase: pipeline.Over,
			checks: every("skipped: Skipped: the pull request leaves no spec file to build"),
		},
		{
			name: "documentation needs no build", given: []any{pushed("a"), released(nil)},
			when:  looked(func(c *event.Change) { c.Files = []string{"README.md", "doc/use.txt"} }),
			phase: pipeline.Over, checks: every("skipped: Skipped: only documentation is changed"),
		},
		{
			name: "documentation and one other file are built", given: []any{pushed("a"), released(nil)},
			when: looked(func(c *event.Change) { c.Files = []string{"README.md", "bash.spec"} }), says: build,
		},
		{
			name: "a change of unknown files is built", given: []any{pushed("a"), released(nil)},
			when: looked(func(c *event.Change) { c.Files = nil }), says: build,
		},
		{
			name: "a package without tests of its own skips only those", given: []any{pushed("a"), released(nil)},
			when: looked(func(c *event.Change) { c.FMF = false }), says: build,
			checks: map[string]string{"custom": "skipped: Skipped: no .fmf/version in the repository", "rpmlint": "queued: Queued"},
		},
		{
			name: "an unknown branch is told, with the reason", given: []any{pushedTo("a", "f38", time.Minute), looked(nil)},
			when: released(func(r *event.Release) {
				*r = event.Release{PullRequestID: bash, Label: r.Label, Branch: r.Branch, Reason: `no release is built from the branch "f38": F38 has reached its end of life`}
			}),
			phase: pipeline.Over, verdict: "Not decided: scratch build - f38, custom - f38, installability - f38, rpmlint - f38",
			checks: every(`error: Not checked: no release is built from the branch "f38": F38 has reached its end…`),
		},
		{
			name: "the forge shows a head that no message told of: that one is checked", given: []any{pushed("a")},
			when: looked(func(c *event.Change) { c.Head, c.Updated = commit("b"), c.Updated.Add(time.Second) }),
			says: []string{"look at the change: 2/change/1", "look at the release of rawhide: 2/release/1"},
		},
		{
			name: "the forge shows the pull request closed, of which no message told", given: []any{pushed("a")},
			when:  looked(func(c *event.Change) { c.Open, c.Merged = false, true }),
			phase: pipeline.Over, verdict: "Cancelled: the pull request was merged",
		},
		{
			name: "the forge shows an older state than it told of: it is asked again", given: []any{
				pushed("a"), looked(func(c *event.Change) { c.Head, c.Updated = commit("0"), c.Updated.Add(-time.Minute) }),
			}, when: passes(time.Minute), says: []string{"look at the change: 1/change/2"},
		},
		{
			name: "a look that was taken before the last message is taken again", given: []any{pushed("a"), pushedTo("a", "rawhide", time.Minute)},
			when: looked(func(c *event.Change) { c.Head, c.Updated = commit("0"), c.Updated.Add(-time.Hour) }),
			says: []string{"look at the change: 1/change/2"},
		},
		{
			name: "a forge that fails is asked again after a minute", given: []any{pushed("a"), trouble}, when: passes(time.Minute),
			says: []string{"look at the change: 1/change/2"},
		},
		{
			name: "after five more", given: []any{pushed("a"), trouble, passes(time.Minute), trouble}, when: passes(5 * time.Minute),
			says: []string{"look at the change: 1/change/3", "look at the release of rawhide: 1/release/1"},
		},
		{
			name: "and at the fourth failure the run ends in words", given: []any{
				pushed("a"), released(nil), trouble, passes(time.Minute), trouble, passes(5 * time.Minute), trouble, passes(25 * time.Minute),
			}, when: trouble, phase: pipeline.Over,
			checks: every("error: Infrastructure error: no usable answer from the forge: 502 Bad Gateway"),
		},
		{
			name: "Bodhi that fails is asked again after a minute", given: []any{pushed("a"), looked(nil), bodhiDown}, when: passes(time.Minute),
			says: []string{"look at the release of rawhide: 1/release/2"},
		},
		{
			name: "at Bodhi's fourth failure the run ends in words", given: []any{
				pushed("a"), looked(nil), bodhiDown, passes(time.Minute), bodhiDown, passes(5 * time.Minute), bodhiDown, passes(25 * time.Minute),
			}, when: bodhiDown, phase: pipeline.Over,
			checks: every("error: Infrastructure error: no usable answer from Bodhi: timeout"),
		},
		{
			name: "an answer about the branch of before is not taken", given: []any{pushed("a"), looked(nil)},
			when: released(func(r *event.Release) { r.Branch = "f44" }), phase: pipeline.Looking,
		},
		{
			name: "a look of the run before is not taken", given: []any{pushed("a"), pushed("b")},
			when: func(p *play) any {
				label := pipeline.Label{PullRequest: bash, Run: 1, What: "change", Attempt: 1}
				return event.Change{PullRequestID: bash, Label: label.String(), Dead: true, Open: true, Head: commit("a"), Branch: "rawhide", Updated: p.begun}
			}, phase: pipeline.Looking,
		},
	})
}

// A repository of tests has nothing to build.
func TestTestsNamespace(t *testing.T) {
	id := event.PullRequestID{Forge: "fedora", Repo: "tests/bash", Number: 3}
	p := newPlay(rules())
	for _, fact := range flat([]any{pushed("a"), released(nil), looked(func(c *event.Change) { c.NoSpec = true })}) {
		real := fact.(func(*play) any)
		said := p.hear(t, func(p *play) any { return moveTo(id, real(p)) })
		if p.doc.Run.Phase == pipeline.Checking && len(said) > 0 {
			if want := "test task 0 on fedora-rawhide: 1/custom/1"; said[0] != want {
				t.Errorf("says %q, want %q", said[0], want)
			}
		}
	}
	if len(p.doc.Run.Checks) != 1 || p.doc.Run.Phase != pipeline.Checking {
		t.Errorf("the run is %s with the checks %v", p.doc.Run.Phase, p.doc.Run.Checks)
	}
}

func moveTo(id event.PullRequestID, news any) any {
	switch n := news.(type) {
	case pipeline.Moved:
		n.PullRequestID = id
		return n
	case event.Change:
		n.PullRequestID = id
		return n
	case event.Release:
		n.PullRequestID = id
		return n
	}
	return news
}
