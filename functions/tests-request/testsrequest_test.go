package testsrequest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// farm is a Testing Farm of a few lines.
type farm struct {
	requests  []testingfarm.Result
	unlisted  error    // why it gives no list
	hooks     []string // addresses it was given
	composes  int      // how often its list was fetched
	offers    []testingfarm.Compose
	cancelled []string
	logs      map[string]string
	// down is why it does not answer; lost how many requests work and do not
	// say so; broken a label whose request fails; refuse one it will not take.
	down           error
	lost           int
	broken, refuse string
}

func (f *farm) Request(_ context.Context, body json.RawMessage) (string, error) {
	var b struct {
		Environments []struct{ Variables map[string]string }
		Notification struct{ Webhook struct{ URL string } }
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return "", err
	}
	label := b.Environments[0].Variables[testingfarm.LabelVariable]
	switch {
	case f.down != nil:
		return "", f.down
	case f.refuse != "" && strings.Contains(label, f.refuse):
		return "", &testingfarm.Refused{Code: 400, Reason: "no such plan"}
	case f.broken != "" && strings.Contains(label, f.broken):
		return "", errors.New("503")
	}
	id := fmt.Sprintf("00000000-0000-0000-0000-%012d", len(f.requests)+1)
	f.requests = append(f.requests, testingfarm.Result{ID: id, Label: label, Outcome: testingfarm.Queued})
	f.hooks = append(f.hooks, b.Notification.Webhook.URL)
	if f.lost > 0 {
		f.lost--
		return "", fmt.Errorf("post: %w", testingfarm.ErrUnknown)
	}
	return id, nil
}

func (f *farm) Find(_ context.Context, label string, _ time.Time) ([]testingfarm.Result, error) {
	var found []testingfarm.Result
	for _, r := range f.requests {
		if r.Label == label {
			found = append(found, r)
		}
	}
	return found, f.down
}

func (f *farm) Cancel(_ context.Context, id string) error {
	if f.down == nil {
		f.cancelled = append(f.cancelled, strings.TrimLeft(id, "0-"))
	}
	return f.down
}

func (f *farm) Composes(context.Context) ([]testingfarm.Compose, error) {
	f.composes++
	return f.offers, f.down
}

func (f *farm) Look(_ context.Context, id string) (testingfarm.Result, error) {
	for _, r := range f.requests {
		if r.ID == id {
			return r, f.down
		}
	}
	return testingfarm.Result{}, errors.Join(f.down, testingfarm.ErrNotFound)
}

func (f *farm) Around(_ context.Context, then time.Time) ([]testingfarm.Result, error) {
	var some []testingfarm.Result
	for _, r := range f.requests {
		if !r.Outcome.Final() && r.Created.Equal(then) {
			some = append(some, r)
		}
	}
	return some, f.unlisted
}

func (f *farm) Log(_ context.Context, _ testingfarm.Result, address string, _ int64) ([]byte, error) {
	text, ok := f.logs[address]
	if !ok {
		return nil, errors.New("404")
	}
	return []byte(text), nil
}

var bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}

const run = "fedora/rpms/bash/12/1/"

// desk is the function with its farm and bucket.
type desk struct {
	fn.Function
	*farm
	now    time.Time
	events int
}

func newDesk() *desk {
	d := &desk{
		farm: &farm{offers: []testingfarm.Compose{{Name: "Fedora-Rawhide", Type: "compose"}}},
		now:  time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	}
	bucket := state.New(mem.New())
	bucket.Now = func() time.Time { return d.now }
	d.Function = testsrequest.New(bucket, map[string]testsrequest.Farm{"public": {
		API: d.farm, Results: d.farm, Deployment: "stg", Hooks: "https://hooks.example", Key: []byte("0123456789abcdef"),
	}})
	return d
}

func (d *desk) say(t *testing.T, draft event.Draft) ([]event.Draft, error) {
	t.Helper()
	d.events++
	draft.ID = fmt.Sprint("event-", d.events)
	return d.Hear(t.Context(), fn.Sent("test", draft, d.now))
}

// want says a draft and compares the answers in short.
func (d *desk) want(t *testing.T, what string, draft event.Draft, want ...string) {
	t.Helper()
	drafts, err := d.say(t, draft)
	if diff := cmp.Diff(want, answers(t, drafts, err)); diff != "" {
		t.Errorf("%s (-want +got):\n%s\n%v", what, diff, err)
	}
}

func answers(t *testing.T, drafts []event.Draft, err error) []string {
	t.Helper()
	if err != nil {
		code, _ := fn.Verdict(err)
		return []string{fmt.Sprint(code)}
	}
	var out []string
	for _, d := range drafts {
		for _, test := range decode(t, d).Tests {
			text := strings.TrimPrefix(d.Type, "distaff.tests.") + " " + strings.TrimPrefix(test.Label, run)
			if test.Request != "" {
				text += " as " + strings.TrimLeft(test.Request, "0-")
			}
			if test.State != "" {
				text += " " + test.State
			}
			if test.Unsure {
				text += " unsure"
			}
			if test.Text != "" {
				text += ": " + test.Text
			}
			out = append(out, text)
		}
	}
	return out
}

func decode(t *testing.T, d event.Draft) event.Tests {
	t.Helper()
	var tests event.Tests
	if err := json.Unmarshal(d.Data, &tests); err != nil {
		t.Fatal(err)
	}
	return tests
}

func order(checks ...string) event.Draft {
	o := event.TestsOrder{
		PullRequestID: bash, Batch: run + "tests/1", Farm: "public", Branch: "rawhide", Distro: "fedora-rawhide",
		Source: "https://src.example/bash.git", Commit: strings.Repeat("a", 40), Task: 100,
	}
	for _, check := range checks {
		o.Checks = append(o.Checks, event.TestOrder{Check: check, Label: run + check + "/1"})
	}
	return event.TestsWanted.Say(o)
}

func TestTestsAreAskedForOnceHoweverOftenTheyAreDelivered(t *testing.T) {
	d := newDesk()
	for range 3 {
		d.want(t, "the order", order("installability", "rpmlint"), "requested installability/1 as 1 requested", "requested rpmlint/1 as 2 requested")
		d.now = d.now.Add(time.Minute)
	}
	if len(d.requests) != 2 || d.composes != 1 {
		t.Errorf("%d requests, the list of systems fetched %d times", len(d.requests), d.composes)
	}
	label, ok := testingfarm.Verify(strings.TrimPrefix(d.hooks[0], "https://hooks.example/public"), []byte("0123456789abcdef"))
	if !ok || label != run+"installability/1" {
		t.Errorf("the hook is %s", d.hooks[0])
	}
}

func TestRefusalsAreAnswers(t *testing.T) {
	d := newDesk()
	d.refuse = "rpmlint"
	for range 2 {
		d.want(t, "one of two is refused", order("installability", "rpmlint"),
			"requested installability/1 as 1 requested", "requested rpmlint/1 refused: Testing Farm refused the request: no such plan")
	}
	d = newDesk()
	d.offers = nil
	d.want(t, "a release Testing Farm has no system for is not tested where one is needed", order("installability", "rpmlint", "custom"),
		"requested installability/1 refused: Not run: Testing Farm has no system for fedora-rawhide",
		"requested rpmlint/1 as 1 requested", "requested custom/1 refused: Not run: Testing Farm has no system for fedora-rawhide")
	d = newDesk()
	d.want(t, "a check nobody knows", order("nosuch"), "requested nosuch/1 refused: Not run: request nosuch of bash: no such check")
}

func TestWhatWasAnsweredBeforeAFailureIsKept(t *testing.T) {
	d := newDesk()
	d.broken = "rpmlint"
	d.want(t, "the second fails", order("installability", "rpmlint"), "500")
	d.broken = ""
	d.want(t, "at once again", order("installability", "rpmlint"), "503")
	d.now = d.now.Add(state.Patience)
	d.want(t, "when the claim is old", order("installability", "rpmlint"),
		"requested installability/1 as 1 requested unsure", "requested rpmlint/1 as 2 requested unsure")
	if len(d.requests) != 2 {
		t.Errorf("%d requests", len(d.requests))
	}
}

func TestALostAnswerIsLookedForBeforeAskingAgain(t *testing.T) {
	d := newDesk()
	d.lost = 1
	d.want(t, "the answer is lost", order("rpmlint"), "500")
	d.now = d.now.Add(state.Patience)
	d.requests = append(d.requests, testingfarm.Result{ID: "00000000-0000-0000-0000-000000000009", Label: run + "rpmlint/1", Outcome: testingfarm.Running})
	d.want(t, "then two are found", order("rpmlint"), "requested rpmlint/1 as 1 requested unsure")
	if diff := cmp.Diff([]string{"9"}, d.cancelled); diff != "" || len(d.requests) != 2 {
		t.Errorf("%d requests, cancelled:\n%s", len(d.requests), diff)
	}
}

func cancel(check string, edit func(*event.TestsCancel)) event.Draft {
	c := event.TestsCancel{PullRequestID: bash, Label: run + "cancel/100", Of: run + check + "/1", Batch: run + "tests/1", Farm: "public"}
	if edit != nil {
		edit(&c)
	}
	return event.TestsCancelWanted.Say(c)
}

func TestCancelling(t *testing.T) {
	cancelled := func(t *testing.T, d *desk, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, d.cancelled); diff != "" {
			t.Errorf("cancelled:\n%s", diff)
		}
	}
	t.Run("what was not asked for yet never is", func(t *testing.T) {
		d := newDesk()
		d.want(t, "cancel", cancel("rpmlint", nil), "cancelled cancel/100")
		d.want(t, "order", order("rpmlint"))
		if len(d.requests) > 0 {
			t.Error("it was asked for")
		}
	})
	t.Run("what runs is stopped, and only that", func(t *testing.T) {
		d := newDesk()
		d.want(t, "order", order("installability", "rpmlint"), "requested installability/1 as 1 requested", "requested rpmlint/1 as 2 requested")
		d.want(t, "cancel", cancel("rpmlint", nil), "cancelled cancel/100")
		cancelled(t, d, "2")
	})
	t.Run("what was refused needs no stopping", func(t *testing.T) {
		d := newDesk()
		d.refuse = "rpmlint"
		d.want(t, "order", order("rpmlint"), "requested rpmlint/1 refused: Testing Farm refused the request: no such plan")
		d.want(t, "cancel", cancel("rpmlint", nil), "cancelled cancel/100")
		cancelled(t, d)
	})
	t.Run("each of a batch that was asked for and never answered is looked for", func(t *testing.T) {
		d := newDesk()
		d.broken = "custom"
		d.want(t, "order", order("installability", "rpmlint", "custom"), "500")
		// The run before this one died without writing down what it got.
		d.requests = append(d.requests, testingfarm.Result{ID: "00000000-0000-0000-0000-000000000009", Label: run + "custom/1", Outcome: testingfarm.Queued})
		d.want(t, "cancel at once", cancel("custom", nil), "503")
		d.now = d.now.Add(state.Patience)
		d.want(t, "cancel the last", cancel("custom", nil), "cancelled cancel/100 unsure")
		d.want(t, "cancel the first", cancel("installability", nil), "cancelled cancel/100")
		d.want(t, "cancel the second", cancel("rpmlint", nil), "cancelled cancel/100")
		cancelled(t, d, "9", "1", "2")
	})
	t.Run("also when none of it was answered", func(t *testing.T) {
		d := newDesk()
		d.lost = 1
		d.want(t, "order", order("installability", "rpmlint"), "500")
		d.requests = append(d.requests, testingfarm.Result{ID: "00000000-0000-0000-0000-000000000002", Label: run + "rpmlint/1", Outcome: testingfarm.Queued})
		d.now = d.now.Add(state.Patience)
		d.want(t, "cancel the first", cancel("installability", nil), "cancelled cancel/100 unsure")
		d.want(t, "cancel the second", cancel("rpmlint", nil), "cancelled cancel/100 unsure")
		cancelled(t, d, "1", "2")
	})
	t.Run("a single request is stopped by its id", func(t *testing.T) {
		d := newDesk()
		d.want(t, "cancel", cancel("rpmlint", func(c *event.TestsCancel) { c.Request = "77" }), "cancelled cancel/100")
		cancelled(t, d, "77")
	})
	t.Run("all but one are stopped", func(t *testing.T) {
		d := newDesk()
		d.requests = []testingfarm.Result{
			{ID: "1", Label: run + "rpmlint/1"},
			{ID: "2", Label: run + "rpmlint/1", Outcome: testingfarm.Queued},
			{ID: "3", Label: run + "rpmlint/1", Outcome: testingfarm.Passed},
			{ID: "4", Label: run + "custom/1", Outcome: testingfarm.Queued},
		}
		d.want(t, "sweep", cancel("rpmlint", func(c *event.TestsCancel) { c.Keep, c.Request = true, "1" }), "cancelled cancel/100")
		cancelled(t, d, "2")
	})
	t.Run("a farm that is down is asked again by the broker", func(t *testing.T) {
		d := newDesk()
		d.want(t, "order", order("rpmlint"), "requested rpmlint/1 as 1 requested")
		d.down = errors.New("502")
		d.want(t, "cancel", cancel("rpmlint", nil), "500")
	})
}

func TestLooking(t *testing.T) {
	d := newDesk()
	d.requests = []testingfarm.Result{
		{ID: "1", Label: run + "rpmlint/1", Outcome: testingfarm.Queued},
		{ID: "2", Label: run + "rpmlint/1", Outcome: testingfarm.Passed},
		{ID: "3", Label: run + "rpmlint/1", Outcome: testingfarm.NeedsInspection},
		{ID: "4", Label: "somebody else's", Outcome: testingfarm.Passed},
		{ID: "5", Label: "fedora/rpms/zsh/3/1/rpmlint/1", Outcome: testingfarm.Running},
	}
	zsh := event.PullRequestID{Forge: "fedora", Repo: "rpms/zsh", Number: 3}
	look := event.TestsLookWanted.Say(event.TestsLook{Farm: "public", Requests: []event.Remote{
		{PullRequestID: bash, ID: "1", Due: "due/1"},
		{PullRequestID: zsh, ID: "5", Due: "due/2"},
		{PullRequestID: bash, ID: "9", Due: "due/1"},
		{PullRequestID: bash, ID: "2", Due: "due/3"},
		{PullRequestID: bash, ID: "3", Due: "due/3"},
		{PullRequestID: bash, ID: "4", Due: "due/3"},
		{PullRequestID: bash, ID: "5", Due: "due/4"},
	}})
	d.want(t, "what one entry asks about is told in one event, as an end if one has ended", look,
		"seen rpmlint/1 as 1 queued: queued", "seen  as 9: Testing Farm does not know this request",
		"seen fedora/rpms/zsh/3/1/rpmlint/1 as 5 running: running",
		"ended rpmlint/1 as 2 passed: passed", "ended rpmlint/1 as 3 needs-inspection: needs inspection",
		"ended  as 4: Testing Farm knows no such request of ours",
		"seen  as 5: Testing Farm knows no such request of ours")
	drafts, err := d.say(t, look)
	var due []string
	for _, draft := range drafts {
		due = append(due, decode(t, draft).Repo+" "+draft.Attributes[event.Due])
	}
	if diff := cmp.Diff([]string{"rpms/bash due/1", "rpms/zsh due/2", "rpms/bash due/3", "rpms/bash due/4"}, due); diff != "" || err != nil {
		t.Errorf("each is about its entry (-want +got):\n%s\n%v", diff, err)
	}
	d.down = errors.New("502 Bad Gateway")
	drafts, err = d.say(t, look)
	if err != nil || len(drafts) != 4 || decode(t, drafts[1]).Tests[0].Text != "502 Bad Gateway" {
		t.Errorf("a farm that is down is told to each: %v, %v", drafts, err)
	}
}

func TestWhatTestsFound(t *testing.T) {
	d := newDesk()
	result := testingfarm.Result{ID: "1", Label: run + "rpmlint/1", Outcome: testingfarm.Failed, Artifacts: "https://artifacts.example/1"}
	for n := range 80 {
		result.Report.Tests = append(result.Report.Tests, testingfarm.Test{Name: fmt.Sprint("/test/", n), Result: []string{"passed", "skipped", "failed"}[n%3]})
	}
	d.requests = []testingfarm.Result{result}
	drafts, err := d.say(t, event.TestsLookWanted.Say(event.TestsLook{Farm: "public", Requests: []event.Remote{{PullRequestID: bash, ID: "1"}}}))
	if err != nil {
		t.Fatal(err)
	}
	test := decode(t, drafts[0]).Tests[0]
	if test.Count != 80 || test.Bad != 26 || len(test.Cases) != 50 || test.Cases[0].Result != "failed" || test.Cases[25].Result != "failed" || test.Cases[26].Result != "passed" {
		t.Errorf("%d of %d, %d kept: %v", test.Bad, test.Count, len(test.Cases), test.Cases)
	}
	if test.Failure == nil || test.Failure.Reason == "" {
		t.Errorf("a failure without a log has no reason: %+v", test.Failure)
	}
}

// A call of the webhook is a hint: what Testing Farm itself says counts, and
// only of the request that the address was made for.
func TestHints(t *testing.T) {
	hint := func(request, check string) event.Draft {
		return event.TestingFarmChanged.Say(event.FarmRequest{Farm: "public", Request: request, Label: run + check + "/1"})
	}
	d := newDesk()
	d.requests = []testingfarm.Result{{ID: "1", Label: run + "rpmlint/1", Outcome: testingfarm.Passed}, {ID: "2", Label: run + "custom/1", Outcome: testingfarm.Running}, {ID: "3"}}
	d.want(t, "an end is told", hint("1", "rpmlint"), "ended rpmlint/1 as 1 passed: passed")
	d.want(t, "and so is a beginning", hint("2", "custom"), "seen custom/1 as 2 running: running")
	d.want(t, "the request of another test of ours", hint("1", "custom"), "422")
	d.want(t, "the request of somebody else", hint("3", "rpmlint"), "422")
	d.want(t, "a request nobody knows", hint("9", "rpmlint"), "422")
	d.down = errors.New("502")
	d.want(t, "a farm that is down", hint("1", "rpmlint"), "500")
}

// The tests of a run are told of together, by the last of them to begin.
func TestBeginnings(t *testing.T) {
	hint := event.TestingFarmChanged.Say(event.FarmRequest{Farm: "public", Request: "1", Label: run + "rpmlint/1"})
	rpmlint := testingfarm.Result{ID: "1", Label: run + "rpmlint/1", Outcome: testingfarm.Running}
	told := "seen rpmlint/1 as 1 running: running"
	for _, c := range []struct {
		name   string
		edit   func(*testingfarm.Result)
		others []testingfarm.Result
		want   []string
	}{
		{"one that waits is known to", func(r *testingfarm.Result) { r.Outcome = testingfarm.Queued }, nil, nil},
		{"one that is being stopped", func(r *testingfarm.Result) { r.State = "cancel-requested" }, nil, nil},
		{"one alone", nil, nil, []string{told}},
		{"another of its run runs, too", nil, []testingfarm.Result{{ID: "2", Label: run + "custom/1", Outcome: testingfarm.Running}}, []string{told, "seen custom/1 as 2 running: running"}},
		{"another of its run waits", nil, []testingfarm.Result{{ID: "2", Label: run + "custom/1", Outcome: testingfarm.Queued}}, nil},
		{
			"another waits for long", func(r *testingfarm.Result) { r.Queued = 5 * time.Minute },
			[]testingfarm.Result{{ID: "2", Label: run + "custom/1", Outcome: testingfarm.Queued}},
			[]string{told},
		},
		{"another of its run has ended", nil, []testingfarm.Result{{ID: "2", Label: run + "custom/1", Outcome: testingfarm.Passed}}, []string{told}},
		{
			"others are of another run, another pull request, or somebody's", nil, []testingfarm.Result{
				{ID: "2", Label: "fedora/rpms/bash/12/2/custom/1", Outcome: testingfarm.Queued},
				{ID: "3", Label: "fedora/rpms/zsh/12/1/custom/1", Outcome: testingfarm.Running},
				{ID: "4", Outcome: testingfarm.Queued},
			}, []string{told},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, first := newDesk(), rpmlint
			if c.edit != nil {
				c.edit(&first)
			}
			d.requests = append([]testingfarm.Result{first}, c.others...)
			d.want(t, "the hint", hint, c.want...)
		})
	}
	d := newDesk()
	d.requests, d.unlisted = []testingfarm.Result{rpmlint}, errors.New("502")
	d.want(t, "where there is no list, the one is told of", hint, told)
}

func TestAnotherFarmIsNoneOfOurs(t *testing.T) {
	d := newDesk()
	for _, draft := range []event.Draft{
		event.TestsWanted.Say(event.TestsOrder{Farm: "redhat"}), event.TestsCancelWanted.Say(event.TestsCancel{Farm: "redhat"}),
		event.TestsLookWanted.Say(event.TestsLook{Farm: "redhat"}), event.TestingFarmChanged.Say(event.FarmRequest{Farm: "redhat"}),
	} {
		d.want(t, draft.Type, draft, "422")
	}
}
