package pipeline_test

import (
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// What a run makes of news about its tests.
func TestTests(t *testing.T) {
	passed := func(check string) any { return farm(check, "passed", "request-"+check, "12 passed") }
	broken := farm("rpmlint", "error", "request-rpmlint", "no machine could be had")
	again := func() any { return requested("rpmlint") }
	playAll(t, []scene{
		{
			name: "Testing Farm took them", given: inTests(), when: requested("installability", "rpmlint"),
			checks: map[string]string{"rpmlint": "running: Waiting for a machine at Testing Farm", "custom": "queued: Queued"},
		},
		{
			name: "a test that has got its machine is shown to run", given: tested(), when: farm("rpmlint", "running", "request-rpmlint", "running"),
			checks: map[string]string{
				"rpmlint": "running: Tests are in progress at Testing Farm", "installability": "running: Waiting for a machine at Testing Farm",
			},
		},
		{
			name: "told twice, it is shown once", given: []any{tested(), farm("rpmlint", "running", "request-rpmlint", "running")},
			when: farm("rpmlint", "running", "request-rpmlint", "running: 1 of 3 done"),
		},
		{
			name: "one that waits still changes nothing", given: tested(), when: farm("rpmlint", "queued", "request-rpmlint", "queued"),
		},
		{
			name: "that it runs says not yet that it is the one that counts", given: inTests(), when: farm("rpmlint", "running", "request-rpmlint", "running"),
			checks: map[string]string{"rpmlint": "queued: Queued"},
		},
		{
			name: "tried again, it waits for a machine again", given: []any{
				tested(), farm("rpmlint", "running", "request-rpmlint", "running"), broken, passes(time.Minute),
			}, when: again(), checks: map[string]string{"rpmlint": "running: Waiting for a machine at Testing Farm"},
		},
		{
			name: "one that is refused does not stop the others", given: inTests(), when: func(p *play) any {
				news := requested("installability", "rpmlint").(func(*play) any)(p).(event.Tests)
				news.Tests[1].Request, news.Tests[1].State, news.Tests[1].Text = "", "refused", "Not run: Testing Farm has no system for fedora-99"
				return news
			}, phase: pipeline.Checking,
			checks: map[string]string{
				"rpmlint": "error: Not run: Testing Farm has no system for fedora-99", "installability": "running: Waiting for a machine at Testing Farm",
			},
		},
		{
			name: "a test waits for what it needs", given: tested(), when: passed("rpmlint"),
			checks: map[string]string{"custom": "queued: Queued"},
		},
		{
			name: "and begins when that has passed", given: tested(), when: passed("installability"),
			says: []string{"test task 100 on fedora-rawhide: 1/custom/1"},
		},
		{
			name: "a test whose need has failed is skipped", given: tested(),
			when: farm("installability", "failed", "request-installability", "nothing provides libfoo.so.1"), phase: pipeline.Checking,
			checks: map[string]string{"custom": "skipped: Skipped: it needs installability, which has not passed"},
		},
		{
			name: "and so is one that needs the skipped one", rules: func(r *pipeline.Rules) { r.Checks[1].Needs = []string{"custom"} },
			given: []any{inTests(), requested("installability")},
			when:  farm("installability", "failed", "request-installability", "no"), phase: pipeline.Over,
			checks: map[string]string{"rpmlint": "skipped: Skipped: it needs custom, which has not passed"},
		},
		{
			name: "a test for people to look at lets others begin", given: tested(), when: farm("installability", "needs-inspection", "request-installability", "2 to inspect"),
			says: []string{"test task 100 on fedora-rawhide: 1/custom/1"}, checks: map[string]string{"installability": "neutral: 2 to inspect"},
		},
		{
			name: "all passed", given: []any{tested(), passed("installability"), passed("rpmlint"), requested("custom")}, when: passed("custom"),
			phase: pipeline.Over, verdict: "Passed: all 4 checks",
		},
		{
			name: "what is not required does not fail the run", given: []any{tested(), passed("installability"), requested("custom"), passed("custom")},
			when:  farm("rpmlint", "failed", "request-rpmlint", "3 errors"),
			phase: pipeline.Over, verdict: "Passed, but not all: rpmlint - rawhide failed and is not required",
			checks: map[string]string{"rpmlint": "failed: 3 errors"},
		},
		{
			name: "what is required does", given: []any{tested(), passed("rpmlint")}, when: farm("installability", "failed", "request-installability", "no"),
			phase: pipeline.Over, verdict: "Failed: installability - rawhide",
		},
		{name: "the same result twice is one result", given: []any{tested(), passed("rpmlint")}, when: passed("rpmlint")},
		{name: "another result after the first changes nothing", given: []any{tested(), passed("rpmlint")}, when: farm("rpmlint", "failed", "request-rpmlint", "no")},
		{
			name: "a result without a word is told by its state", given: tested(), when: farm("rpmlint", "passed", "request-rpmlint", ""),
			checks: map[string]string{"rpmlint": "passed: Passed"},
		},
		{
			name: "a result in another script is told whole", given: tested(), when: farm("rpmlint", "failed", "request-rpmlint", "échec: ßäö"),
			checks: map[string]string{"rpmlint": "failed: Échec: ßäö"},
		},
		{
			name: "a test the machinery failed is tried again", given: tested(), when: broken, phase: pipeline.Checking,
			checks: map[string]string{"rpmlint": "queued: Infrastructure error, attempt 2 of 4 at 09:01 UTC: no machine could be had"},
		},
		{name: "after one minute", given: []any{tested(), broken}, when: passes(time.Minute), says: []string{"test task 100 on fedora-rawhide: 1/rpmlint/2"}},
		{
			name: "then after 5 minutes", given: []any{tested(), broken, passes(time.Minute), again(), broken}, when: passes(5 * time.Minute),
			says: []string{"test task 100 on fedora-rawhide: 1/rpmlint/3"},
		},
		{
			name: "and the fourth failure ends in words", given: []any{
				tested(), broken, passes(time.Minute), again(), broken, passes(5 * time.Minute), again(), broken, passes(25 * time.Minute), again(),
			}, when: broken, checks: map[string]string{"rpmlint": "error: Infrastructure error: no machine could be had"},
		},
		{
			name: "a test being tried again does not hold up the others", given: []any{tested(), broken}, when: passed("installability"),
			says: []string{"test task 100 on fedora-rawhide: 1/custom/1"},
		},
		{
			name: "a second request with one label is cancelled", given: tested(), when: farm("rpmlint", "running", "request-other", ""),
			says: []string{"cancel request-other of 1/rpmlint/1"},
		},
		{name: "its result changes nothing", given: tested(), when: farm("rpmlint", "failed", "request-other", "no")},
		{
			name: "a test that was given up and starts after all is cancelled", given: []any{
				inTests(), passes(5 * time.Minute), passes(10 * time.Minute), passes(20 * time.Minute), passes(40 * time.Minute), passes(80 * time.Minute),
			}, when: farm("rpmlint", "requested", "request-rpmlint", ""), says: []string{"cancel request-rpmlint of 1/rpmlint/1"}, phase: pipeline.Over,
		},
		{
			name: "a request of an old run that turns up is cancelled", given: []any{inTests(), pushed("b")}, when: func(*play) any {
				return event.Tests{PullRequestID: bash, Farm: "public", Batch: label(1, "tests", 1), Tests: []event.Test{
					{Label: label(1, "rpmlint", 1), Request: "request-rpmlint", State: "requested"},
				}}
			}, says: []string{"cancel request-rpmlint of 1/rpmlint/1"},
		},
		{
			name: "a test of an old run that ends late changes nothing", given: []any{tested(), pushed("b")}, when: func(*play) any {
				return event.Tests{PullRequestID: bash, Farm: "public", Tests: []event.Test{
					{Label: label(1, "rpmlint", 1), Request: "request-rpmlint", State: "passed", Text: "12 passed"},
				}}
			}, phase: pipeline.Looking, checks: map[string]string{"rpmlint": "queued: Queued"},
		},
		{
			name: "after an asking whose answer was lost, a second request is looked for when it must have turned up", given: []any{inTests(), func(p *play) any {
				news := requested("installability", "rpmlint").(func(*play) any)(p).(event.Tests)
				news.Tests[1].Unsure = true
				return news
			}}, when: passes(10 * time.Minute), says: []string{"cancel all 1/rpmlint/1 but request-rpmlint"},
		},
		{
			name: "a test that takes longer than the limit is given up and cancelled", given: []any{tested(), passes(25 * time.Hour)},
			when: farm("rpmlint", "running", "request-rpmlint", ""), says: []string{"cancel request-rpmlint of 1/rpmlint/1"},
			checks: map[string]string{"rpmlint": "error: Given up: Testing Farm has not finished in 24 h"},
		},
		{
			name: "Testing Farm that cannot be asked is no verdict", given: tested(), phase: pipeline.Checking,
			when: event.Tests{PullRequestID: bash, Farm: "public", Tests: []event.Test{{Request: "request-rpmlint", Text: "502"}}},
		},
		{
			name: "Testing Farm that could not be asked again and again ends in words", given: tested(), phase: pipeline.Over,
			when:   func(p *play) any { return event.Passed{PullRequestID: bash, At: p.now, Stuck: "testing-farm.public"} },
			checks: map[string]string{"rpmlint": "error: Infrastructure error: testing-farm.public could not be asked what became of it", "custom": "skipped: Skipped: it needs installability, which has not passed"},
		},
		{
			name: "tests that nobody answers about are asked for again", given: inTests(), when: passes(5 * time.Minute),
			says: []string{"test task 100 on fedora-rawhide: 1/installability/1, 1/rpmlint/1"},
		},
		{
			name:  "and given up in words",
			given: []any{inTests(), passes(5 * time.Minute), passes(10 * time.Minute), passes(20 * time.Minute), passes(40 * time.Minute)}, when: passes(80 * time.Minute),
			phase: pipeline.Over, checks: map[string]string{
				"rpmlint": "error: Infrastructure error: Testing Farm gave no answer to the request",
				"custom":  "skipped: Skipped: it needs installability, which has not passed",
			},
		},
	})
}
