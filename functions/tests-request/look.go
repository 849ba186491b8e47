package testsrequest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/excerpt"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

const (
	// casesMost is how many single results a document keeps; the artifacts'
	// page has them all.
	casesMost = 50
	// logMost is how much of a log's end is read for its excerpt, in bytes.
	logMost = 512 << 10
)

// hint follows a call of the webhook to the truth. The label in the request
// must be the one in the address: else somebody points at a request that is
// not ours.
func (r requester) hint(ctx context.Context, in fn.In[event.FarmRequest]) ([]event.Draft, error) {
	farm, err := r.farm(in.Data.Farm)
	if err != nil {
		return nil, err
	}
	result, err := farm.Look(ctx, in.Data.Request)
	switch {
	case errors.Is(err, testingfarm.ErrNotFound):
		return nil, fn.Permanent(fmt.Errorf("request %s: %w", in.Data.Request, err))
	case err != nil:
		return nil, fmt.Errorf("look at request %s: %w", in.Data.Request, err)
	case result.Label != in.Data.Label:
		return nil, fn.Permanent(fmt.Errorf("request %s is not the one %s asked for", in.Data.Request, in.Data.Label))
	}
	label, err := pipeline.ParseLabel(result.Label)
	if err != nil {
		return nil, nil //nolint:nilerr // not ours
	}
	tests := event.Tests{PullRequestID: label.PullRequest, Farm: in.Data.Farm}
	if result.Outcome.Final() {
		tests.Tests = []event.Test{standing(ctx, farm, result)}
		return []event.Draft{event.TestsEnded.Say(tests)}, nil
	}
	if tests.Tests = running(ctx, farm, label, result); len(tests.Tests) == 0 {
		return nil, nil
	}
	return []event.Draft{event.TestsSeen.Say(tests)}, nil
}

// look asks what became of requests. All that one entry in due/ asks about is
// told in one event, so the document is written once. If Testing Farm cannot be
// asked, the document is told so, and goes on waiting.
func (r requester) look(ctx context.Context, in fn.In[event.TestsLook]) ([]event.Draft, error) {
	farm, err := r.farm(in.Data.Farm)
	if err != nil {
		return nil, err
	}
	var drafts []event.Draft
	for _, some := range byEntry(in.Data.Requests) {
		tests := event.Tests{PullRequestID: some[0].PullRequestID, Farm: in.Data.Farm}
		kind := event.TestsSeen
		for _, remote := range some {
			test, over := lookAt(ctx, farm, remote)
			tests.Tests = append(tests.Tests, test)
			if over {
				kind = event.TestsEnded
			}
		}
		drafts = append(drafts, kind.Say(tests).With(event.Due, some[0].Due))
	}
	return drafts, nil
}

// lookAt gives how a request stands, and whether it has ended. If it could not
// be asked for, or is not ours, the text says so and the label is missing.
func lookAt(ctx context.Context, farm Farm, remote event.Remote) (test event.Test, over bool) {
	result, err := farm.Look(ctx, remote.ID)
	if err != nil {
		return event.Test{Request: remote.ID, Text: err.Error()}, false
	}
	label, err := pipeline.ParseLabel(result.Label)
	if err != nil || label.PullRequest != remote.PullRequestID {
		return event.Test{Request: remote.ID, Text: "Testing Farm knows no such request of ours"}, false
	}
	return standing(ctx, farm, result), result.Outcome.Final()
}

// byEntry puts together what one entry in due/ asks about: it is of one pull
// request.
func byEntry(remotes []event.Remote) [][]event.Remote {
	type entry struct {
		event.PullRequestID
		due string
	}
	at := map[entry]int{}
	var out [][]event.Remote
	for _, remote := range remotes {
		of := entry{remote.PullRequestID, remote.Due}
		n, known := at[of]
		if !known {
			n, at[of] = len(out), len(out)
			out = append(out, nil)
		}
		out[n] = append(out[n], remote)
	}
	return out
}

// standing is what is known of a request: with what was found, if it has ended.
func standing(ctx context.Context, farm Farm, result testingfarm.Result) event.Test {
	test := event.Test{
		Label: result.Label, Request: result.ID, State: word(result.Outcome),
		Text: testingfarm.Summary(result), URL: result.Artifacts,
		Created: result.Created, Queued: result.Queued, Ran: result.Ran,
	}
	if !result.Outcome.Final() {
		return test
	}
	cases(&test, result.Report.Tests)
	if result.Outcome == testingfarm.Failed || result.Outcome == testingfarm.Error {
		test.Failure = failure(ctx, farm, result)
		test.Text = because(test)
	}
	return test
}

// because is the outcome with its reason, where the log gives one: that says
// more than the names of tests.
func because(test event.Test) string {
	f := test.Failure
	switch {
	case f.Rule == "" || f.Reason == "":
		return test.Text
	case test.State == string(testingfarm.Error), test.Count == 0:
		return f.Place + " " + f.Reason
	}
	return fmt.Sprintf("%d of %d failed: %s %s", test.Bad, test.Count, f.Place, f.Reason)
}

// word is the outcome as events say it.
func word(o testingfarm.Outcome) string {
	if o == testingfarm.NeedsInspection {
		return "needs-inspection"
	}
	return string(o)
}

// cases keeps the single results, the worst first.
func cases(test *event.Test, results []testingfarm.Test) {
	for _, result := range results {
		test.Cases = append(test.Cases, event.Case{
			Name: result.Name, Result: result.Result, Seconds: result.Seconds, URL: result.Log,
		})
		if badness(result.Result) == 0 {
			test.Bad++
		}
	}
	test.Count = len(results)
	slices.SortStableFunc(test.Cases, func(a, b event.Case) int { return badness(a.Result) - badness(b.Result) })
	test.Cases = test.Cases[:min(len(test.Cases), casesMost)]
}

func badness(result string) int {
	switch result {
	case "failed", "error":
		return 0
	case "needs_inspection", "undefined", "pending":
		return 1
	case "passed", "info":
		return 2
	}
	return 3
}

// failure reads the log that tells why. Without it the summary has to do: a
// verdict does not wait for a log.
func failure(ctx context.Context, farm Farm, result testingfarm.Result) *event.Failure {
	address := result.LogURL()
	out := &event.Failure{Reason: testingfarm.Summary(result), LogURL: address}
	if address == "" {
		return out
	}
	raw, err := farm.Log(ctx, result, address, logMost)
	if err != nil {
		return out
	}
	name := path.Base(address)
	found, _ := excerpt.Find(raw, name)
	out.Reason, out.Rule, out.Lines, out.Place, out.Infra = found.Reason, found.Rule, found.Lines, name, found.Infra
	if len(raw) < logMost && found.Line > 0 {
		out.Line, out.First, out.Place = found.Line, found.First, name+":"+strconv.Itoa(found.Line)
	}
	return out
}
