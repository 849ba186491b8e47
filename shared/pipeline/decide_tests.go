package pipeline

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

func (t *turn) farmSystem() string { return "testing-farm." + t.Farm }

// orderTests asks for all tests that may begin, in one order.
func (t *turn) orderTests() {
	var ready []string
	for _, rule := range t.checks(t.p.PullRequestID) {
		check := t.p.Run.Checks[rule.ID]
		if rule.ID != Build && check.State == Queued && check.Label == "" && t.needsMet(rule) {
			ready = append(ready, rule.ID)
		}
	}
	if draft, batch := t.testsOrder(ready); batch != "" {
		t.ask(batch, draft, again(1))
	}
}

// needsMet tells whether what a check needs has passed; what has ended
// otherwise ends the check.
func (t *turn) needsMet(rule CheckRule) bool {
	for _, need := range rule.Needs {
		state := t.p.Run.Checks[need].State
		if state.Final() && state != Passed && state != Neutral {
			t.set(rule.ID, Skipped, "Skipped: it needs "+need+", which has not passed")
			return false
		}
		if !state.Final() {
			return false
		}
	}
	return true
}

// testsOrder is the command to run tests; each gets its label in the batch.
func (t *turn) testsOrder(ids []string) (event.Draft, string) {
	if len(ids) == 0 {
		return event.Draft{}, ""
	}
	t.p.Run.Batches++
	batch := t.label("tests", t.p.Run.Batches)
	order := event.TestsOrder{
		PullRequestID: t.p.PullRequestID, Batch: batch, Farm: t.Farm,
		Branch: t.p.Branch, Distro: t.p.Run.Release.Distro, Source: t.p.Run.Source, Commit: t.p.Run.Commit,
	}
	if build, has := t.p.Run.Checks[Build]; has {
		order.Task, _ = strconv.ParseInt(build.Remote, 10, 64)
	}
	for _, id := range ids {
		label := t.label(id, t.p.Run.Checks[id].Attempt)
		t.edit(id, func(c *Check) { c.Label, c.Batch, c.Asked, c.Remote, c.Looks = label, batch, t.at, "", 0 })
		order.Checks = append(order.Checks, event.TestOrder{Check: id, Label: label})
	}
	return event.TestsWanted.Say(order), batch
}

// tests deals with what Testing Farm says of tests of ours.
func (t *turn) tests(news event.Tests) {
	looked := t.lookWasDue(news.Tests)
	for _, test := range news.Tests {
		t.test(test, looked)
	}
	t.answered(news.Batch)
	t.dependents()
}

// lookWasDue tells whether these tests are told of because it was time to look,
// and not because of a hint: then it has to be said when to look again.
func (t *turn) lookWasDue(tests []event.Test) bool {
	for _, test := range tests {
		label := test.Label
		if label == "" {
			label = t.labelOf(test.Request)
		}
		if a, open := t.p.Get(label); open && !a.Due.After(t.at) {
			return true
		}
	}
	return false
}

// answered closes an order when every test of it is accounted for.
func (t *turn) answered(batch string) {
	if what(batch) != "tests" {
		return
	}
	for _, check := range t.p.Run.Checks {
		if check.Batch == batch && !check.State.Final() && check.Remote == "" && t.current(batch) {
			return
		}
	}
	t.p.Close(batch)
}

func (t *turn) test(test event.Test, looked bool) {
	if test.Label == "" {
		test.Label = t.labelOf(test.Request) // Testing Farm could not be asked
	}
	l, err := ParseLabel(test.Label)
	if err != nil {
		return
	}
	if l.What == "cancel" || l.What == "sweep" {
		t.p.Close(test.Label)
		if test.Unsure && test.Of != "" {
			t.sweepTest(event.Test{Label: test.Of}, "")
		}
		return
	}
	check, has := t.p.Run.Checks[l.What]
	ours := has && l.What != Build && check.Label == test.Label
	other := check.Remote != "" && test.Request != "" && check.Remote != test.Request
	switch {
	case !ours, other, check.State == Cancelled, check.State.Final() && check.Remote == "":
		if !endedTest(test.State) {
			t.cancelStrayTest(test)
		}
	case !check.State.Final() && t.current(test.Label):
		t.testNews(l.What, test, looked)
	}
}

// labelOf gives the label of the check a request runs for.
func (t *turn) labelOf(request string) string {
	for _, check := range t.p.Run.Checks {
		if request != "" && check.Remote == request {
			return check.Label
		}
	}
	return ""
}

func (t *turn) testNews(id string, test event.Test, looked bool) {
	switch test.State {
	case "passed":
		t.endTest(id, Passed, test)
	case "failed":
		t.endTest(id, Failed, test)
	case "needs-inspection":
		t.endTest(id, Neutral, test)
	case "skipped":
		t.endTest(id, Skipped, test)
	case "cancelled":
		t.endTest(id, Cancelled, test)
	case "refused":
		t.endTest(id, Error, test)
	case "error":
		t.testError(id, test)
	default:
		t.testSeen(id, test, looked)
	}
}

// cancelStrayTest stops a request that is not the one that counts.
func (t *turn) cancelStrayTest(test event.Test) {
	if test.Request == "" || t.p.Run.Number == 0 {
		return
	}
	attempt := 0
	for _, c := range []byte(test.Request) {
		attempt = (attempt*31 + int(c)) % 1_000_003
	}
	label := t.label("cancel", attempt+1)
	if _, open := t.p.Get(label); open {
		return
	}
	t.note("request %s is not one that counts; it is cancelled", test.Request)
	t.ask(label, event.TestsCancelWanted.Say(event.TestsCancel{
		PullRequestID: t.p.PullRequestID, Label: label, Of: test.Label, Farm: t.Farm, Request: test.Request,
	}), again(1))
}

// testSeen notes that a test waits or runs, and when to look again.
func (t *turn) testSeen(id string, test event.Test, looked bool) {
	check := t.p.Run.Checks[id]
	if t.TestLimit > 0 && t.at.Sub(check.Asked) > t.TestLimit {
		test.Text = "Given up: Testing Farm has not finished in " + hours(t.TestLimit)
		t.cancelStrayTest(event.Test{Label: test.Label, Request: check.Remote})
		t.endTest(id, Error, test)
		return
	}
	took := check.Remote == "" && test.State == "requested" && test.Request != ""
	if took {
		t.edit(id, func(c *Check) { c.Remote, c.URL = test.Request, test.URL })
		t.set(id, Running, "Waiting for a machine at Testing Farm")
		if test.Unsure {
			t.sweepTest(test, check.Batch)
		}
	}
	if check = t.p.Run.Checks[id]; check.Remote == "" {
		return // which request counts, only the answer to the order tells
	}
	if test.State == "running" && check.Started.IsZero() {
		t.testRuns(id, test)
	}
	if took || looked {
		t.edit(id, func(c *Check) { c.Looks++ })
		t.p.Watch(check.Label, t.farmSystem(), check.Remote, pollAfter(check.Looks))
	}
}

// testRuns shows that a test waits no longer.
func (t *turn) testRuns(id string, test event.Test) {
	t.edit(id, func(c *Check) {
		c.Started = t.at
		if !test.Created.IsZero() && test.Queued > 0 {
			c.Started = test.Created.Add(test.Queued) // it may have been a while
		}
		if test.URL != "" {
			c.URL = test.URL
		}
	})
	t.set(id, Running, "Tests are in progress at Testing Farm")
}

func (t *turn) sweepTest(test event.Test, batch string) {
	label := t.label("sweep", int(t.p.Rev)*100+len(t.p.Under(t.p.Document())))
	draft := event.TestsCancelWanted.Say(event.TestsCancel{
		PullRequestID: t.p.PullRequestID, Label: label, Of: test.Label, Batch: batch, Farm: t.Farm,
		Request: test.Request, Keep: true,
	})
	t.p.OpenLater(label, draft, 10*time.Minute)
}

// testError tries again what Testing Farm's machinery failed to do.
func (t *turn) testError(id string, test event.Test) {
	check := t.p.Run.Checks[id]
	test.Text = strings.TrimPrefix(test.Text, "infrastructure: ") // it is said already
	pause, ok := retries(check.Attempt)
	if !ok {
		test.Text = "Infrastructure error: " + test.Text
		t.endTest(id, Error, test)
		return
	}
	t.p.Close(check.Label)
	failure := event.Failure{Reason: test.Text}
	t.edit(id, func(c *Check) {
		c.Tries = append(c.Tries[:len(c.Tries):len(c.Tries)], line("attempt "+strconv.Itoa(c.Attempt), failure))
		c.Attempt++
		c.Started = time.Time{}
	})
	t.set(id, Queued, retryText(check.Attempt+1, t.at.Add(pause), failure))
	draft, batch := t.testsOrder([]string{id})
	t.p.OpenLater(batch, draft, pause)
}

func (t *turn) endTest(id string, state State, test event.Test) {
	check := t.p.Run.Checks[id]
	t.p.Close(check.Label)
	t.edit(id, func(c *Check) {
		c.Failure, c.Count, c.Bad = test.Failure, test.Count, test.Bad
		c.Cases = within(test.Cases, casesMost, sizeOfCase)
		if test.URL != "" {
			c.URL = test.URL
		}
		if test.Request != "" {
			c.Remote = test.Request
		}
		if !test.Created.IsZero() && test.Ran > 0 {
			c.Started = test.Created.Add(test.Queued)
		}
	})
	t.set(id, state, upper(test.Text))
	t.note("%s: %s", id, test.Text)
}

// dependents starts, or skips, what waited for a check that has ended.
func (t *turn) dependents() {
	if t.p.Run.Phase != Checking || t.p.Run.Release == nil {
		return
	}
	if build, has := t.p.Run.Checks[Build]; has && build.State != Passed {
		return
	}
	// Skipping one may decide another, so go on until nothing changes.
	for {
		before := maps.Clone(t.p.Run.Checks)
		t.orderTests()
		if slices.Equal(states(before), states(t.p.Run.Checks)) {
			return
		}
	}
}

func states(checks map[string]Check) []State {
	var out []State
	for _, id := range slices.Sorted(maps.Keys(checks)) {
		out = append(out, checks[id].State)
	}
	return out
}

func endedTest(state string) bool {
	switch state {
	case "passed", "failed", "needs-inspection", "skipped", "cancelled", "refused", "error":
		return true
	}
	return false
}
