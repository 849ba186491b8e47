package statuspage

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
)

func (s site) pullRequest(ctx context.Context, id event.PullRequestID) (reply, error) {
	d, ok, err := s.read(ctx, id)
	if err != nil {
		return reply{}, err
	}
	if !ok {
		return missing(page.Missing{
			Title: "Nothing is known of " + id.String(),
			Text:  "No message about it arrived, or its package takes no part in the checks. distaff why " + id.String() + " tells which.",
			Back:  placeOfPackage(id), BackText: "All pull requests to " + packageName(id),
		}), nil
	}
	view := d.View(d.Run, s.Now())
	p := page.PullRequest{
		Name: id.String(), Package: packageName(id), At: placeOfPackage(id),
		Forge: page.Link{Text: "on the forge", URL: d.URL}, Title: d.Title, Author: d.Author, Branch: d.Branch,
		Open: d.Opened, State: view.State, Verdict: view.Sentence(), Updated: d.Updated,
		Waits: waits(d), Runs: runs(d, view),
	}
	if d.URL == "" {
		p.Forge = page.Link{}
	}
	if d.Run.Number == 0 {
		p.State, p.Verdict = page.Queued, "Not checked yet"
	}
	for _, line := range slices.Backward(d.Trail) {
		p.Trail = append(p.Trail, page.Happened{At: line.At, Text: line.Text})
	}
	out := reply{code: http.StatusOK, tags: []string{d.tag}, make: of(p)}
	if view.State.Alive() && d.Run.Number > 0 {
		out.refresh = frontRefresh
	}
	return out, nil
}

// runs gives the newest run and those before it.
func runs(d document, view page.Run) []page.RunRow {
	var rows []page.RunRow
	if d.Run.Number > 0 {
		rows = append(rows, page.RunRow{
			Number: d.Run.Number, Page: placeOfRun(d.PullRequestID, d.Run.Number), Commit: first(d.Run.Commit, 12),
			State: view.State, Verdict: view.Sentence(), Started: d.Run.Started, Ended: d.Run.Ended,
		})
	}
	for _, past := range slices.Backward(d.Past) {
		rows = append(rows, page.RunRow{
			Number: past.Number, Page: placeOfRun(d.PullRequestID, past.Number), Commit: first(past.Commit, 12),
			State: page.State(past.Outcome), Verdict: past.Verdict, Ended: past.Ended,
		})
	}
	return rows
}

// waits says in words what the document has asked for and has no answer to.
func waits(d document) []page.Wait {
	var all []page.Wait
	for _, label := range d.Under("") {
		a := d.Asks[label]
		all = append(all, page.Wait{What: awaitedOf(d.PullRequest, label, a), Since: a.Since, Until: a.Due, Times: a.Times})
	}
	slices.SortStableFunc(all, func(a, b page.Wait) int {
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.What, b.What))
	})
	return all
}

func awaitedOf(p pipeline.PullRequest, label string, a ask.Ask) string {
	what := words(a.Draft.Type)
	if l, err := pipeline.ParseLabel(label); err == nil && l.Run == p.Run.Number {
		if check, ok := p.Run.Checks[l.What]; ok && check.Name != "" {
			what = check.Name
		}
	}
	switch {
	case a.Remote != "":
		return what + ": " + a.System + ", " + a.Remote
	case a.Later:
		return what + ", to be asked for later"
	}
	return what + ": asked for, no answer yet"
}

// words makes words of an event's type: distaff.build.wanted is a build.
func words(kind string) string {
	kind = strings.TrimSuffix(strings.TrimPrefix(kind, "distaff."), ".wanted")
	return strings.NewReplacer(".", " ", "-", " ").Replace(kind)
}

func first(text string, most int) string { return text[:min(len(text), most)] }
