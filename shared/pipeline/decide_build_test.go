package pipeline_test

import (
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// What a run makes of news about its build.
func TestBuilds(t *testing.T) {
	lookedAt := []any{pushed("a"), looked(nil), released(nil)}
	lost := koji("failed", 100, failure(true, "builder vanished"))
	playAll(t, []scene{
		{
			name: "Koji took it", given: lookedAt, when: koji("free", 100, nil),
			checks: map[string]string{"build": "running: RPM build is waiting for a Koji builder", "rpmlint": "queued: Queued"},
		},
		{
			name: "a builder works on it", given: building(), when: koji("open", 100, func(b *event.Build) { b.Started = time.Unix(1772442000, 0) }),
			checks: map[string]string{"build": "running: RPM build is in progress"},
		},
		{
			name: "a build that works is said so once", given: []any{building(), koji("open", 100, func(b *event.Build) { b.Started = time.Unix(1772442000, 0) })},
			when:   koji("open", 100, func(b *event.Build) { b.Started = time.Unix(1772442000, 0) }),
			checks: map[string]string{"build": "running: RPM build is in progress"},
		},
		{
			name: "a build that passed is tested", given: building(), when: koji("closed", 100, func(b *event.Build) { b.Arches = []string{"aarch64", "x86_64"} }),
			says:   []string{"test task 100 on fedora-rawhide: 1/installability/1, 1/rpmlint/1"},
			checks: map[string]string{"build": "passed: RPM build succeeded on aarch64, x86_64"},
		},
		{
			name: "a build may be over before anybody saw it begin", given: lookedAt, when: koji("closed", 100, nil),
			says: []string{"test task 100 on fedora-rawhide: 1/installability/1, 1/rpmlint/1"},
		},
		{name: "the same result twice is one result", given: inTests(), when: koji("closed", 100, nil)},
		{name: "a word that the build runs, after its result, changes nothing", given: inTests(), when: koji("open", 100, nil)},
		{
			name: "a build that failed is told with its place, and ends the run", given: building(),
			when: koji("failed", 100, failure(false, "expected ';' before '}'")), phase: pipeline.Over, verdict: "Failed: scratch build - rawhide",
			checks: map[string]string{
				"build": "failed: rpm build failed on x86_64: build.log:412 expected ';' before '}'", "custom": "skipped: Skipped: there is no build to test",
			},
		},
		{
			name: "a failure nobody knows the reason of is told as that", given: building(), when: koji("failed", 100, nil), phase: pipeline.Over,
			checks: map[string]string{"build": "failed: rpm build failed: no reason is known"},
		},
		{
			name: "a build somebody cancelled in Koji is not decided", given: building(), when: koji("canceled", 100, nil),
			phase: pipeline.Over, verdict: "Not decided: scratch build - rawhide",
			checks: map[string]string{"build": "cancelled: Cancelled in Koji: task 100"},
		},
		{
			name: "a build Koji refuses ends the run with Koji's words", given: lookedAt,
			when:  koji("refused", 0, func(b *event.Build) { b.Reason = "GenericError: no such target" }),
			phase: pipeline.Over, checks: map[string]string{"build": "error: Koji refused the build: GenericError: no such target"},
		},
		{
			name: "a target Koji has not is no fault of the package, and trying again is of no use", given: building(),
			when:  koji("failed", 100, func(b *event.Build) { b.Failure = &event.Failure{Reason: "no target", Infra: true, Target: "epel10.1"} }),
			phase: pipeline.Over, verdict: "Not decided: scratch build - rawhide",
			checks: map[string]string{
				"build": "error: Infrastructure error: no Koji target epel10.1; tell the operators", "custom": "skipped: Skipped: there is no build to test",
			},
		},
		{
			name: "nor is it where Koji refuses to begin", given: lookedAt, phase: pipeline.Over,
			when: koji("refused", 0, func(b *event.Build) {
				b.Reason, b.Failure = "GenericError: No such build target: f99", &event.Failure{Infra: true, Target: "f99"}
			}), checks: map[string]string{"build": "error: Infrastructure error: no Koji target f99; tell the operators"},
		},
		{
			name: "an infrastructure failure is tried again", given: building(), when: lost, phase: pipeline.Checking,
			checks: map[string]string{"build": "queued: Infrastructure error, attempt 2 of 4 at 09:01 UTC: builder vanished"},
		},
		{name: "not before a minute", given: []any{building(), lost}, when: passes(59 * time.Second)},
		{name: "after one minute", given: []any{building(), lost}, when: passes(time.Minute), says: []string{"build aaa for f45-rebuild: 1/build/2"}},
		{
			name: "then after 5 minutes", given: []any{building(), lost, passes(time.Minute), lost}, when: passes(5 * time.Minute),
			says: []string{"build aaa for f45-rebuild: 1/build/3"},
		},
		{
			name:  "then after 25 minutes",
			given: []any{building(), lost, passes(time.Minute), lost, passes(5 * time.Minute), lost}, when: passes(25 * time.Minute),
			says: []string{"build aaa for f45-rebuild: 1/build/4"},
		},
		{
			name:  "and the fourth failure ends in words",
			given: []any{building(), lost, passes(time.Minute), lost, passes(5 * time.Minute), lost, passes(25 * time.Minute)}, when: lost,
			phase: pipeline.Over, verdict: "Not decided: scratch build - rawhide",
			checks: map[string]string{"build": "error: Infrastructure error: builder vanished"},
		},
		{
			name: "a late result of an attempt before changes nothing", given: []any{building(), lost, passes(time.Minute), koji("free", 101, nil)},
			when: func(*play) any {
				return event.Build{PullRequestID: bash, Label: label(1, "build", 1), Koji: "fedora", Task: 100, State: "closed"}
			}, phase: pipeline.Checking,
			checks: map[string]string{"build": "running: RPM build is waiting for a Koji builder"},
		},
		{
			name: "a late result of an old run changes nothing", given: []any{building(), pushed("b")},
			when: func(*play) any {
				return event.Build{PullRequestID: bash, Label: label(1, "build", 1), Koji: "fedora", Task: 100, State: "closed"}
			}, phase: pipeline.Looking, checks: map[string]string{"build": "queued: Queued"},
		},
		{
			name: "a build of an old run that starts late is cancelled", given: []any{lookedAt, pushed("b")},
			when: func(*play) any {
				return event.Build{PullRequestID: bash, Label: label(1, "build", 1), Koji: "fedora", Task: 100, State: "free"}
			}, says: []string{"cancel task 100 of 1/build/1"},
		},
		{
			name: "a build that was given up and starts after all is cancelled", given: []any{
				lookedAt, passes(5 * time.Minute), passes(10 * time.Minute), passes(20 * time.Minute), passes(40 * time.Minute), passes(80 * time.Minute),
			}, when: koji("free", 100, nil), says: []string{"cancel task 100 of 1/build/1"}, phase: pipeline.Over,
		},
		{
			name: "a second task with one label is cancelled", given: building(), when: koji("open", 101, nil),
			says: []string{"cancel task 101 of 1/build/1"}, phase: pipeline.Checking,
		},
		{name: "which is asked for once", given: []any{building(), koji("open", 101, nil)}, when: koji("open", 101, nil)},
		{name: "the result of a second task changes nothing", given: building(), when: koji("failed", 101, failure(false, "no"))},
		{
			name:  "after an asking whose answer was lost, a second task is looked for when it must have turned up",
			given: []any{lookedAt, koji("free", 100, func(b *event.Build) { b.Unsure = true })}, when: passes(10 * time.Minute),
			says: []string{"cancel all 1/build/1 but task 100"},
		},
		{
			name: "a cancelling that found nothing, of a build that may yet turn up, is repeated as a search",
			given: []any{lookedAt, shut(false, time.Minute), func(p *play) any {
				return event.Build{PullRequestID: bash, Label: p.openAsk("cancel"), Of: label(1, "build", 1), Koji: "fedora", Unsure: true}
			}},
			when: passes(10 * time.Minute), says: []string{"cancel all 1/build/1 but "},
		},
		{
			name: "a build that waits in Koji's queue for a day is waited for", given: []any{building(), passes(24 * time.Hour)},
			when: koji("free", 100, nil), phase: pipeline.Checking,
		},
		{
			name: "a build that takes longer than the limit is given up and cancelled", given: []any{building(), passes(49 * time.Hour)},
			when: koji("free", 100, nil), says: []string{"cancel 1/build/1"}, phase: pipeline.Over,
			checks: map[string]string{"build": "error: Given up: Koji has not finished the build in 48 h"},
		},
		{
			name: "Koji that cannot be asked is no verdict", given: building(),
			when: func(*play) any { return event.Build{PullRequestID: bash, Koji: "fedora", Task: 100, Reason: "502"} }, phase: pipeline.Checking,
			checks: map[string]string{"build": "running: RPM build is waiting for a Koji builder"},
		},
		{
			name: "Koji that could not be asked again and again ends in words", given: building(),
			when:   func(p *play) any { return event.Passed{PullRequestID: bash, At: p.now, Stuck: "koji.fedora"} },
			phase:  pipeline.Over,
			checks: map[string]string{"build": "error: Infrastructure error: koji.fedora could not be asked what became of it"},
		},
		{
			name: "another system that is stuck is no affair of the build", given: building(),
			when: func(p *play) any { return event.Passed{PullRequestID: bash, At: p.now, Stuck: "koji.cbs"} }, phase: pipeline.Checking,
		},
		{
			name: "what Koji says of nothing of ours changes nothing", given: building(),
			when: event.Build{PullRequestID: bash, Koji: "fedora", Task: 7, State: "closed"},
		},
	})
}

func label(run int, what string, attempt int) string {
	return pipeline.Label{PullRequest: bash, Run: run, What: what, Attempt: attempt}.String()
}

// An order that nobody answers is said again, each time after a longer while,
// and then given up in words.
func TestABuildThatNobodyAnswersAbout(t *testing.T) {
	p, _ := story(t, rules(), pushed("a"), looked(nil), released(nil))
	again := []string{"build aaa for f45-rebuild: 1/build/1"}
	for _, minutes := range []int{5, 10, 20, 40} {
		wait := time.Duration(minutes) * time.Minute
		if early := asked(p.hear(t, passes(wait-time.Second))); len(early) > 0 {
			t.Errorf("before %d minutes: %v", minutes, early)
		}
		if said := asked(p.hear(t, passes(time.Second))); len(said) != 1 || said[0] != again[0] {
			t.Errorf("after %d minutes: %v", minutes, said)
		}
	}
	p.hear(t, passes(80*time.Minute))
	check := p.doc.Run.Checks[pipeline.Build]
	if want := "Infrastructure error: Koji gave no answer to the build request"; check.Text != want || p.doc.Run.Phase != pipeline.Over {
		t.Errorf("%s: %q, the run is %s", check.State, check.Text, p.doc.Run.Phase)
	}
}
