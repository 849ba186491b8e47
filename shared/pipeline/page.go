package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/state"
)

// pages writes a run's result page whenever the state of a check has changed,
// and the same as JSON once the run is over: then it does not change any more.
// What the run is found by is written along.
func pages(now func() time.Time) func(before, after PullRequest) ([]state.Object, error) {
	return func(before, after PullRequest) ([]state.Object, error) {
		objects := found(before, after)
		if old := after.Retired; old != nil {
			made, err := pageOf(after, *old, now())
			if err != nil {
				return nil, err
			}
			objects = append(objects, made...)
		}
		if after.Run.Number == 0 || !looksDifferent(before.Run, after.Run) {
			return objects, nil
		}
		made, err := pageOf(after, after.Run, now())
		return append(objects, made...), err
	}
}

func looksDifferent(before, after Run) bool {
	if before.Number != after.Number || before.Phase != after.Phase && after.Phase == Over {
		return true
	}
	for id, check := range after.Checks {
		if was := before.Checks[id]; was.State != check.State || was.Attempt != check.Attempt {
			return true
		}
	}
	return false
}

func pageOf(p PullRequest, run Run, now time.Time) ([]state.Object, error) {
	view := p.View(run, now)
	if run.Phase == Over {
		view.JSON = "run.json"
	}
	html, data, err := page.Render(view)
	if err != nil {
		return nil, fmt.Errorf("page of run %d: %w", run.Number, err)
	}
	key := RunKey(p.PullRequestID, run.Number)
	objects := []state.Object{{Key: key + "index.html", Type: "text/html; charset=utf-8", Body: html}}
	if run.Phase == Over {
		objects = append(objects, state.Object{Key: key + "run.json", Type: "application/json", Body: data})
	}
	return objects, nil
}

// View is a run of the pull request as its page shows it at a moment.
func (p PullRequest) View(run Run, now time.Time) page.Run {
	out := page.Run{
		ID: p.String() + "/" + fmt.Sprint(run.Number), State: stateOf(run), Verdict: run.Verdict,
		Package: p.Package(), Title: p.Title, Author: p.Author, Branch: p.Branch,
		Commit:      page.Link{Text: short(run.Commit)},
		PullRequest: page.Link{Text: p.String(), URL: p.URL},
		Number:      run.Number, Created: run.Started, Ended: run.Ended, Generated: now,
		Again: []page.Again{
			{How: "Push to the pull request", Text: "git commit --amend --no-edit && git push --force"},
			{How: "Or close the pull request and reopen it"},
		},
	}
	if run.By != "" {
		out.SupersededBy = page.Link{Text: short(run.By), URL: fmt.Sprintf("../%d/index.html", run.Number+1)}
	}
	for _, id := range ordered(run) {
		showCheck(&out, id, run.Checks[id])
	}
	if run.Release != nil && run.Release.Found {
		out.Covered = append(out.Covered, page.Note{What: "Built for the Koji target " + run.Release.Target, Why: "tested as " + run.Release.Distro})
	}
	for _, line := range p.Trail {
		if line.Event != "" && !line.At.Before(run.Started) {
			out.Events = append(out.Events, page.Event{ID: line.Event, Type: line.Type, Time: line.At})
		}
	}
	return out
}

func showCheck(out *page.Run, id string, check Check) {
	shown := page.Check{
		Name: check.Name, State: pageState(check.State), Text: check.Text, Required: check.Required,
		Attempt: check.Attempt, Attempts: attemptsMost,
	}
	if check.URL != "" {
		shown.Links = append(shown.Links, page.Link{Text: where(id), URL: check.URL})
	}
	end := check.Ended
	if end.IsZero() {
		end = out.Generated
	}
	if began := check.Started; !began.IsZero() {
		shown.Waiting, shown.Working = seconds(began.Sub(check.Asked)), seconds(end.Sub(began))
		out.Steps = append(
			out.Steps,
			page.Step{Name: check.Name, Wait: true, Start: check.Asked, End: began},
			page.Step{Name: check.Name, Start: began, End: check.Ended, State: pageState(check.State)},
		)
	} else if check.Remote != "" {
		shown.Waiting = seconds(end.Sub(check.Asked))
		out.Steps = append(out.Steps, page.Step{Name: check.Name, Wait: true, Start: check.Asked, End: check.Ended, State: pageState(check.State)})
	}
	out.Checks = append(out.Checks, shown)
	if check.State == Skipped {
		out.NotCovered = append(out.NotCovered, page.Note{What: check.Name, Why: check.Text})
	}
	if f := check.Failure; f != nil && (check.State == Failed || check.State == Error) {
		out.Failures = append(out.Failures, failureOf(check.Name, f))
	}
	for _, c := range check.Cases {
		out.Tests = append(out.Tests, page.Test{
			Name: c.Name, Suite: check.Name, Result: caseState(c.Result), Time: page.Seconds(c.Seconds),
			Log: page.Link{Text: "log", URL: c.URL},
		})
	}
	out.MoreTests += max(0, check.Count-len(check.Cases))
	for _, a := range check.Artifacts {
		out.Artifacts = append(out.Artifacts, page.Artifact{Name: a.Name, URL: a.URL})
	}
}

// attemptsMost is how often a check is attempted at most.
const attemptsMost = 4

func failureOf(name string, f *event.Failure) page.Failure {
	place, _, _ := strings.Cut(f.Place, ":")
	return page.Failure{
		Check: name, Reason: f.Reason, Log: page.Link{Text: place, URL: f.LogURL},
		Line: f.Line, First: f.First, Lines: f.Lines, Rule: f.Rule, Infra: f.Infra,
	}
}

// ordered gives the checks with the build first and the rest by name.
func ordered(run Run) []string {
	ids := slices.Sorted(maps.Keys(run.Checks))
	slices.SortStableFunc(ids, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == Build:
			return -1
		case b == Build:
			return 1
		}
		return 0
	})
	return ids
}

func where(id string) string {
	if id == Build {
		return "Koji task"
	}
	return "Testing Farm"
}

func pageState(s State) page.State {
	if s == Error {
		return page.InfraError
	}
	return page.State(s)
}

func caseState(result string) page.State {
	if result == "error" {
		return page.InfraError
	}
	return page.State(result)
}

func seconds(d time.Duration) page.Seconds { return page.Seconds(max(0, d) / time.Second) }

// stateOf is how a run stands as a whole.
func stateOf(run Run) page.State {
	has := map[State]bool{}
	for _, check := range run.Checks {
		if check.State != Failed || check.Required {
			has[check.State] = true
		}
	}
	switch {
	case run.By != "":
		return page.Superseded
	case run.Phase == Looking:
		return page.Queued
	case run.Phase != Over:
		return page.Running
	case has[Failed]:
		return page.Failed
	case has[Error]:
		return page.InfraError
	case has[Cancelled]:
		return page.Cancelled
	case has[Passed] || has[Neutral]:
		return page.Passed
	}
	return page.Skipped
}
