package statuspage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// packageMost is how many pull requests of a package are read.
const packageMost = 20

// flakyFrom is from which share of runs on, one of so many, a check that was
// tried again is called flaky.
const flakyFrom = 10

// packagePage shows a package by its last pull requests. Whether anything
// changed since, one listing tells.
func (s site) packagePage(ctx context.Context, id event.PullRequestID) (reply, error) {
	ids, tags, err := s.pullRequests(ctx, id)
	if err != nil {
		return reply{}, err
	}
	if len(ids) == 0 {
		return missing(page.Missing{
			Title: "Nothing is known of " + packageName(id),
			Text:  "No pull request to it was heard of, or it takes no part in the checks.",
		}), nil
	}
	return reply{code: http.StatusOK, tags: tags, make: func(in page.Site) ([]byte, []byte, error) {
		shown := ids[:min(len(ids), packageMost)]
		documents, err := s.readAll(ctx, shown)
		if err != nil {
			return nil, nil, err
		}
		p := summed(documents, s.Now())
		p.Name, p.More = packageName(id), len(ids)-len(shown)
		return page.RenderSite(in, p)
	}}, nil
}

// pullRequests lists those of a package, at most a thousand, the highest numbers
// first, with the tags of their documents.
func (s site) pullRequests(ctx context.Context, id event.PullRequestID) ([]event.PullRequestID, []string, error) {
	key := state.DocumentKey(id.Document())
	prefix := key[:strings.LastIndexByte(key, '/')+1]
	infos, err := s.List(ctx, prefix, "", blob.ListMax)
	if err != nil {
		return nil, nil, fmt.Errorf("list pull requests of %s: %w", packageName(id), err)
	}
	var ids []event.PullRequestID
	var tags []string
	for _, info := range infos {
		n, ok := number(strings.TrimSuffix(strings.TrimPrefix(info.Key, prefix), ".json"))
		if !ok {
			continue // of another repository, whose path begins with this one's
		}
		one := id
		one.Number = n
		ids = append(ids, one)
		tags = append(tags, info.Key+string(info.Tag))
	}
	slices.SortFunc(ids, func(a, b event.PullRequestID) int { return cmp.Compare(b.Number, a.Number) })
	return ids, tags, nil
}

// summed sums up the newest runs of pull requests.
func summed(documents []document, now time.Time) page.Package {
	p := page.Package{Rate: -1}
	count := map[page.State]int{}
	checks := map[string]*page.CheckSum{}
	var took []page.Seconds
	for _, d := range documents {
		p.PullRequests = append(p.PullRequests, packageRow(d, now))
		if d.Run.Number == 0 {
			continue
		}
		view := d.View(d.Run, now)
		count[view.State]++
		for id, check := range d.Run.Checks {
			sumCheck(checks, check)
			if check.Started.IsZero() || check.Ended.IsZero() {
				continue
			}
			worked := page.Seconds(max(0, check.Ended.Sub(check.Started)) / time.Second)
			if id == pipeline.Build {
				p.Koji += worked
			} else {
				p.Farm += worked
			}
		}
		if decided(view.State) {
			took = append(took, page.Seconds(max(0, d.Run.Ended.Sub(d.Run.Started))/time.Second))
		}
	}
	if all := len(took); all > 0 {
		slices.Sort(took)
		p.Rate, p.Median = count[page.Passed]*100/all, took[all/2]
	}
	p.Counts = counts(count)
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if sum := checks[name]; sum.Passed+sum.Failed+sum.Infra > 0 { // else it never ran
			p.Checks = append(p.Checks, *sum)
		}
	}
	return p
}

// decided tells whether a run ended with a verdict on the package.
func decided(s page.State) bool { return s == page.Passed || s == page.Failed }

func sumCheck(checks map[string]*page.CheckSum, check pipeline.Check) {
	sum := checks[check.Name]
	if sum == nil {
		sum = &page.CheckSum{Name: check.Name}
		checks[check.Name] = sum
	}
	switch check.State {
	case pipeline.Passed:
		sum.Passed++
	case pipeline.Failed:
		sum.Failed++
	case pipeline.Error:
		sum.Infra++
	default:
	}
	if check.Attempt > 1 {
		sum.Retried++
	}
	sum.Flaky = sum.Retried*flakyFrom > sum.Passed+sum.Failed+sum.Infra
}

func packageRow(d document, now time.Time) page.PackageRow {
	view := d.View(d.Run, now)
	row := page.PackageRow{
		PullRequest: d.String(), Number: d.Number, Place: placeOf(d.PullRequestID),
		Title: d.Title, Author: d.Author, Branch: d.Branch, State: view.State, Verdict: view.Sentence(),
		Changed: d.Run.Started,
	}
	if !d.Run.Ended.IsZero() {
		row.Changed = d.Run.Ended
	}
	if d.Run.Number > 0 {
		row.Page = placeOfRun(d.PullRequestID, d.Run.Number)
	} else {
		row.State, row.Verdict = page.Queued, "Not checked yet"
	}
	return row
}
