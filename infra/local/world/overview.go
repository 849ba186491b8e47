package world

import (
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// Entries are the rows of an overview: the newest run of each pull request, what
// changed last first.
func Entries(all []pipeline.PullRequest, rules pipeline.Rules) []page.Entry {
	var entries []page.Entry
	for _, p := range all {
		if p.Run.Number == 0 {
			continue
		}
		e := page.Entry{
			Package: p.Package(), Title: p.Title, Branch: p.Branch, Number: p.Run.Number, State: State(p.Run),
			Verdict: p.Run.Verdict, Changed: p.Run.Started, Page: rules.Page(p.PullRequestID, p.Run.Number),
			PullRequest: page.Link{Text: fmt.Sprintf("#%d", p.Number), URL: p.URL},
		}
		if !p.Run.Ended.IsZero() {
			e.Changed = p.Run.Ended
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b page.Entry) int { return b.Changed.Compare(a.Changed) })
	return entries
}

// State is how a run stands: the worst of its checks.
func State(run pipeline.Run) page.State {
	if run.Phase != pipeline.Over {
		return page.Running
	}
	if run.By != "" {
		return page.Superseded
	}
	worst, rank := page.Skipped, 0
	for _, check := range run.Checks {
		state, r := page.Passed, 1
		switch check.State {
		case pipeline.Passed, pipeline.Neutral:
		case pipeline.Skipped:
			state, r = page.Skipped, 0
		case pipeline.Failed:
			state, r = page.Failed, 4
		case pipeline.Error:
			state, r = page.InfraError, 3
		case pipeline.Cancelled:
			state, r = page.Cancelled, 2
		default:
			state, r = page.Running, 5
		}
		if r > rank {
			worst, rank = state, r
		}
	}
	return worst
}
