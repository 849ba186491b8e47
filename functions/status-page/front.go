package statuspage

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	// dueLists is in how many requests deadlines are read, a thousand each.
	dueLists = 2
	// goingMost, failedMost and endedMost are how many rows there are.
	goingMost  = 12
	failedMost = 8
	endedMost  = 15
	// countedMost is how many runs are counted.
	countedMost = 200
	// frontRefresh is after how many seconds the front page renews itself while
	// something runs.
	frontRefresh = 30
)

// front finds what runs by what is awaited: every run that goes on has a
// deadline, so no index of its own is needed.
func (s site) front(ctx context.Context) (reply, error) {
	due, more, err := s.due(ctx)
	if err != nil {
		return reply{}, err
	}
	latest, err := find.Latest(ctx, s.Lister, countedMost)
	if err != nil {
		return reply{}, err
	}
	ids, until := awaited(due)
	shown := ids[:min(len(ids), goingMost)]
	documents, err := s.readAll(ctx, shown)
	if err != nil {
		return reply{}, err
	}
	out := reply{code: http.StatusOK, section: "front"}
	front := page.Front{MoreGoing: len(ids) - len(shown)}
	if more {
		out.tags = append(out.tags, "more")
	}
	for _, d := range documents {
		out.tags = append(out.tags, d.String(), d.tag)
		if d.Run.Number > 0 && d.Run.Phase != pipeline.Over {
			front.Going = append(front.Going, going(d, until[d.PullRequestID], s.Now()))
		}
	}
	slices.SortStableFunc(front.Going, func(a, b page.Going) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.PullRequest, b.PullRequest))
	})
	ended(&front, latest)
	out.tags = append(out.tags, fmt.Sprint(front.MoreGoing))
	for _, o := range latest {
		out.tags = append(out.tags, find.OverKey(o))
	}
	for _, g := range front.Going {
		out.tags = append(out.tags, g.Until.Format(time.RFC3339))
	}
	if len(front.Going) > 0 {
		out.refresh = frontRefresh
	}
	out.make = of(front)
	return out, nil
}

// due lists the deadlines that stand, the first ones; more tells that there are
// others.
func (s site) due(ctx context.Context) (entries []state.Entry, more bool, err error) {
	after := ""
	for range dueLists {
		infos, err := s.List(ctx, state.DuePrefix, after, blob.ListMax)
		if err != nil {
			return nil, false, fmt.Errorf("list what is awaited: %w", err)
		}
		for _, info := range infos {
			after = info.Key
			if e, err := state.ParseDue(info.Key); err == nil {
				entries = append(entries, e)
			}
		}
		if len(infos) < blob.ListMax {
			return entries, false, nil
		}
	}
	return entries, true, nil
}

// awaited gives the pull requests of deadlines, those that an outside system
// works for first, and for each its nearest deadline.
func awaited(entries []state.Entry) ([]event.PullRequestID, map[event.PullRequestID]time.Time) {
	until := map[event.PullRequestID]time.Time{}
	outside := map[event.PullRequestID]bool{}
	var ids []event.PullRequestID
	for _, e := range entries {
		id, err := event.ParseDocument(e.Document)
		if err != nil || !good(id) {
			continue
		}
		if _, known := until[id]; !known {
			until[id] = e.At
			ids = append(ids, id)
		}
		outside[id] = outside[id] || e.System != state.Self
	}
	slices.SortStableFunc(ids, func(a, b event.PullRequestID) int {
		switch {
		case outside[a] == outside[b]:
			return 0
		case outside[a]:
			return -1
		}
		return 1
	})
	return ids, until
}

func going(d document, until, now time.Time) page.Going {
	view := d.View(d.Run, now)
	return page.Going{
		PullRequest: d.String(), Place: placeOf(d.PullRequestID),
		Run: d.Run.Number, Page: placeOfRun(d.PullRequestID, d.Run.Number),
		Title: d.Title, Branch: d.Branch, State: view.State, Verdict: view.Sentence(), Started: d.Run.Started, Until: until,
	}
}

func ended(front *page.Front, latest []find.Over) {
	count := map[page.State]int{}
	for _, o := range latest {
		row := page.Ended{
			PullRequest: o.PullRequest.String(), Place: placeOf(o.PullRequest),
			Run: o.Number, Page: placeOfRun(o.PullRequest, o.Number),
			State: page.State(o.State), Verdict: o.Verdict, At: o.At,
		}
		count[row.State]++
		bad := row.State == page.Failed || row.State == page.InfraError
		if bad && len(front.Failed) < failedMost {
			front.Failed = append(front.Failed, row)
		}
		if len(front.Ended) < endedMost {
			front.Ended = append(front.Ended, row)
		}
		front.Since = o.At
	}
	front.Counted, front.Counts = len(latest), counts(count)
}

// counts puts states in the order people look for them.
func counts(of map[page.State]int) []page.Count {
	var all []page.Count
	for _, state := range []page.State{page.Passed, page.Failed, page.InfraError, page.Skipped, page.Cancelled, page.Superseded, page.Running, page.Queued} {
		if of[state] > 0 {
			all = append(all, page.Count{State: state, Count: of[state]})
		}
	}
	return all
}
