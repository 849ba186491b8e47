package event

import "time"

// What Testing Farm is asked to do.
const (
	// TestsWanted asks for tests.
	TestsWanted Kind[TestsOrder] = "distaff.tests.wanted"
	// TestsCancelWanted asks to stop one, or to never start it.
	TestsCancelWanted Kind[TestsCancel] = "distaff.tests.cancel-wanted"
	// TestsLookWanted asks what became of requests.
	TestsLookWanted Kind[TestsLook] = "distaff.tests.look-wanted"
	// TestingFarmChanged is what its webhook says: a hint without content.
	TestingFarmChanged Kind[FarmRequest] = "distaff.testing-farm.request-changed"
)

// What Testing Farm answered.
const (
	// TestsRequested: requests were taken or refused, each told apart.
	TestsRequested Kind[Tests] = "distaff.tests.requested"
	// TestsSeen: requests are not finished yet, or could not be asked for.
	TestsSeen Kind[Tests] = "distaff.tests.seen"
	// TestsEnded: a request is finished, in one way or another; of others that
	// were looked at with it, it tells how they stand.
	TestsEnded Kind[Tests] = "distaff.tests.ended"
	// TestsCancelled: what was to be cancelled runs no longer.
	TestsCancelled Kind[Tests] = "distaff.tests.cancelled"
)

// TestsOrder is a batch of tests of one build: one claim covers them.
type TestsOrder struct {
	PullRequestID
	// Batch is the claim's label.
	Batch string `json:"batch"`
	// Farm is the Testing Farm instance.
	Farm string `json:"farm"`
	// Checks are the tests: name and label of each.
	Checks []TestOrder `json:"checks"`
	// Branch is the dist-git branch as the forge names it, Distro what Testing
	// Farm calls the release.
	Branch string `json:"branch"`
	Distro string `json:"distro"`
	// Source is the Git address of the pull request's head, and Commit its sha.
	Source string `json:"source,omitempty"`
	Commit string `json:"commit"`
	// Task is the Koji task whose packages are tested; 0 where there is none.
	Task int64 `json:"task,omitempty"`
}

// TestOrder is one test of a batch.
type TestOrder struct {
	Check string `json:"check"`
	Label string `json:"label"`
}

// Subject is the pull request.
func (o TestsOrder) Subject() string { return o.String() }

// Attributes are the Testing Farm instance.
func (o TestsOrder) Attributes() map[string]string { return attributes("farm", o.Farm) }

// TestsCancel is a test that is to run no longer.
type TestsCancel struct {
	PullRequestID
	// Label is the cancelling's own; Batch and Of name the test.
	Label string `json:"label"`
	Batch string `json:"batch"`
	Of    string `json:"of"`
	Farm  string `json:"farm"`
	// Request is the one to stop where it is not the one Of stands for.
	Request string `json:"request,omitempty"`
	// Keep says that Request is the one that stays and every other one with
	// the label is to go.
	Keep bool `json:"keep,omitempty"`
}

// Subject is the pull request.
func (c TestsCancel) Subject() string { return c.String() }

// Attributes are the Testing Farm instance.
func (c TestsCancel) Attributes() map[string]string { return attributes("farm", c.Farm) }

// TestsLook asks about requests of many pull requests at once.
type TestsLook struct {
	Farm     string   `json:"farm"`
	Requests []Remote `json:"requests"`
}

// Subject is the Testing Farm instance.
func (l TestsLook) Subject() string { return l.Farm }

// Attributes are the Testing Farm instance.
func (l TestsLook) Attributes() map[string]string { return attributes("farm", l.Farm) }

// FarmRequest is a request something happened to.
type FarmRequest struct {
	Farm    string `json:"farm"`
	Request string `json:"request"`
	// Label comes from the webhook's address, whose MAC was checked.
	Label string `json:"label"`
}

// Subject is the label.
func (r FarmRequest) Subject() string { return r.Label }

// Attributes are the Testing Farm instance.
func (r FarmRequest) Attributes() map[string]string { return attributes("farm", r.Farm) }

// Tests is what is known of tests of one pull request.
type Tests struct {
	PullRequestID
	Farm  string `json:"farm"`
	Batch string `json:"batch,omitempty"`
	// Tests are the tests told of, each by its label.
	Tests []Test `json:"tests"`
}

// Test is what is known of one test.
type Test struct {
	Label   string `json:"label"`
	Request string `json:"request,omitempty"`
	// Of is the label a cancelling was about.
	Of string `json:"of,omitempty"`
	// State is one of requested, refused, queued, running, passed, failed,
	// error (the machinery failed), skipped, cancelled, needs-inspection; empty
	// where Testing Farm could not be asked.
	State string `json:"state,omitempty"`
	// Text is the outcome in words, result first: 2 of 31 failed: /smoke/cli.
	Text string `json:"text,omitempty"`
	// URL is the artifacts' page.
	URL string `json:"url,omitempty"`
	// Unsure tells that an earlier answer was lost, so that a second request
	// with this label may turn up.
	Unsure  bool      `json:"unsure,omitempty"`
	Created time.Time `json:"created,omitzero"`
	// Queued and Ran are how long it waited for a machine and then worked.
	Queued time.Duration `json:"queued,omitempty"`
	Ran    time.Duration `json:"ran,omitempty"`
	// Cases are the single results, worst first, cut to the first 50; Count
	// and Bad count them all.
	Cases   []Case   `json:"cases,omitempty"`
	Count   int      `json:"count,omitempty"`
	Bad     int      `json:"bad,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
}

// Case is one result inside a test.
type Case struct {
	Name    string  `json:"name"`
	Result  string  `json:"result"`
	Seconds float64 `json:"seconds,omitempty"`
	URL     string  `json:"url,omitempty"`
}

// Subject is the pull request.
func (t Tests) Subject() string { return t.String() }

// Attributes are the Testing Farm instance.
func (t Tests) Attributes() map[string]string { return attributes("farm", t.Farm) }
