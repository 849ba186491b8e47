package pipeline

import (
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

func (t *turn) kojiSystem() string { return "koji." + t.Koji }

// buildOrder is the command to build the run's head.
func (t *turn) buildOrder(label string) event.Draft {
	source := t.p.Run.Source
	if t.SCM != nil {
		source = t.SCM(t.p.Run.Source, t.p.Run.Commit)
	}
	return event.BuildWanted.Say(event.BuildOrder{
		PullRequestID: t.p.PullRequestID, Label: label, Koji: t.Koji,
		Target: t.p.Run.Release.Target, Source: source,
	})
}

func (t *turn) orderBuild(attempt int) {
	label := t.label(Build, attempt)
	t.edit(Build, func(c *Check) { c.Label, c.Attempt, c.Asked, c.Remote, c.Looks = label, attempt, t.at, "", 0 })
	t.ask(label, t.buildOrder(label), again(1))
}

// build deals with what Koji says of a build of ours.
func (t *turn) build(b event.Build) {
	if l, err := ParseLabel(b.Label); err == nil && (l.What == "cancel" || l.What == "sweep") {
		t.p.Close(b.Label)
		if b.Unsure && b.Of != "" {
			t.sweepBuild(event.Build{Label: b.Of})
		}
		return
	}
	check, has := t.p.Run.Checks[Build]
	if b.Label == "" && b.Task != 0 && check.Remote == strconv.FormatInt(b.Task, 10) {
		b.Label = check.Label // Koji could not be asked, so nobody knows better
	}
	ours := has && b.Label == check.Label
	other := check.Remote != "" && b.Task != 0 && check.Remote != strconv.FormatInt(b.Task, 10)
	switch {
	case !ours || other:
		t.strayBuild(b)
		return
	case check.State == Cancelled, check.State.Final() && check.Remote == "":
		t.strayBuild(b) // it was not known by its number when it was cancelled, or given up
		return
	case check.State.Final() || !t.current(b.Label):
		return
	}
	switch b.State {
	case "refused":
		if b.Failure != nil && b.Failure.Target != "" {
			t.noTarget(b)
			return
		}
		t.endBuild(Error, "Koji refused the build: "+b.Reason, b)
	case "closed":
		t.buildPassed(b)
	case "failed":
		t.buildFailed(b)
	case "canceled":
		t.endBuild(Cancelled, "Cancelled in Koji: task "+strconv.FormatInt(b.Task, 10), b)
	default:
		t.buildSeen(b)
	}
}

// strayBuild stops a task that runs for what is no longer wanted.
func (t *turn) strayBuild(b event.Build) {
	if b.Task == 0 || b.State == "closed" || b.State == "failed" || b.State == "canceled" {
		return
	}
	t.cancelStray(b)
}

// cancelStray stops a second task with a label of ours: a first asking whose
// answer was lost had worked after all.
func (t *turn) cancelStray(b event.Build) {
	if _, err := ParseLabel(b.Label); err != nil || b.State == "closed" || b.State == "failed" || b.State == "canceled" {
		return
	}
	label := Label{t.p.PullRequestID, t.p.Run.Number, "cancel", int(b.Task)}.String()
	if _, open := t.p.Get(label); open {
		return
	}
	t.note("task %d is not the one that counts; it is cancelled", b.Task)
	t.ask(label, event.BuildCancelWanted.Say(event.BuildCancel{
		PullRequestID: t.p.PullRequestID, Label: label, Of: b.Label, Koji: t.Koji, Task: b.Task,
	}), again(1))
}

// buildSeen notes that a build runs, and when it is to be looked at again.
func (t *turn) buildSeen(b event.Build) {
	check := t.p.Run.Checks[Build]
	a, open := t.p.Get(b.Label)
	if !open {
		return
	}
	if b.Reason != "" {
		t.note("Koji could not be asked: %s", b.Reason)
	}
	if t.BuildLimit > 0 && !a.Since.IsZero() && t.at.Sub(a.Since) > t.BuildLimit {
		t.cancelRemotes()
		t.endBuild(Error, "Given up: Koji has not finished the build in "+hours(t.BuildLimit), b)
		return
	}
	if check.Remote == "" && b.Task != 0 {
		t.note("Koji took the build as task %d", b.Task)
		t.edit(Build, func(c *Check) { c.Remote, c.URL = strconv.FormatInt(b.Task, 10), b.URL })
		t.set(Build, Running, "RPM build is waiting for a Koji builder")
		if b.Unsure {
			t.sweepBuild(b)
		}
	}
	if b.State == "open" && check.Started.IsZero() {
		t.edit(Build, func(c *Check) { c.Started = b.Started })
		t.set(Build, Running, "RPM build is in progress")
	}
	if check = t.p.Run.Checks[Build]; check.Remote != "" {
		t.edit(Build, func(c *Check) { c.Looks++ })
		t.p.Watch(b.Label, t.kojiSystem(), check.Remote, pollAfter(check.Looks))
	}
}

// sweepBuild looks for a second task once it must have turned up.
func (t *turn) sweepBuild(b event.Build) {
	label := t.label("sweep", int(t.p.Rev))
	draft := event.BuildCancelWanted.Say(event.BuildCancel{
		PullRequestID: t.p.PullRequestID, Label: label, Of: b.Label, Koji: t.Koji, Task: b.Task, Keep: true,
	})
	t.p.OpenLater(label, draft, 10*time.Minute)
}

func (t *turn) buildPassed(b event.Build) {
	text := "RPM build succeeded"
	if len(b.Arches) > 0 {
		text += " on " + strings.Join(b.Arches, ", ")
	}
	t.endBuild(Passed, text, b)
	t.orderTests()
}

func (t *turn) buildFailed(b event.Build) {
	check := t.p.Run.Checks[Build]
	failure := event.Failure{Reason: "no reason is known"}
	if b.Failure != nil {
		failure = *b.Failure
	}
	if failure.Target != "" {
		t.noTarget(b)
		return
	}
	if failure.Infra {
		if pause, ok := retries(check.Attempt); ok {
			t.retryBuild(b, failure, pause)
			return
		}
		t.endBuild(Error, line("Infrastructure error", failure), b)
		return
	}
	prefix := "rpm build failed"
	if failure.Arch != "" {
		prefix += " on " + failure.Arch
	}
	t.endBuild(Failed, line(prefix, failure), b)
}

// noTarget ends a build for a target Koji has not. It would have none the next
// time either, so the package's maintainer is told who can mend that.
func (t *turn) noTarget(b event.Build) {
	t.endBuild(Error, "Infrastructure error: no Koji target "+b.Failure.Target+"; tell the operators", b)
}

// retryBuild tries again what the machinery failed to do.
func (t *turn) retryBuild(b event.Build, failure event.Failure, pause time.Duration) {
	check := t.p.Run.Checks[Build]
	t.p.Close(b.Label)
	attempt := check.Attempt + 1
	label := t.label(Build, attempt)
	t.edit(Build, func(c *Check) {
		c.Tries = append(c.Tries[:len(c.Tries):len(c.Tries)], line("attempt "+strconv.Itoa(check.Attempt), failure))
		c.Label, c.Attempt, c.Asked, c.Remote, c.Looks, c.Started = label, attempt, t.at, "", 0, time.Time{}
	})
	t.set(Build, Queued, retryText(attempt, t.at.Add(pause), failure))
	t.p.OpenLater(label, t.buildOrder(label), pause)
}

func (t *turn) endBuild(state State, text string, b event.Build) {
	t.p.Close(b.Label)
	t.edit(Build, func(c *Check) {
		c.Failure, c.Artifacts = b.Failure, within(b.Artifacts, artifactsMost, sizeOfLink)
		if b.URL != "" {
			c.URL = b.URL
		}
		if b.Task != 0 {
			c.Remote = strconv.FormatInt(b.Task, 10)
		}
		if !b.Started.IsZero() {
			c.Started = b.Started
		}
	})
	t.set(Build, state, text)
	t.note("scratch build: %s", text)
	if state == Passed {
		return
	}
	for id, check := range t.p.Run.Checks {
		if !check.State.Final() {
			t.set(id, Skipped, "Skipped: there is no build to test")
		}
	}
}

// pollAfter is when to look again after so many looks without news: messages
// come first, so this is for those that get lost.
func pollAfter(looks int) time.Duration {
	return min(5*time.Minute<<min(looks, 4), time.Hour)
}
