// Package page makes the page a packager sees when a status is clicked: what
// happened, why, and what to do next, as one HTML file without scripts or
// outside parts, and the same as JSON. Both are plain objects in a bucket and
// stay readable when nothing of distaff runs any more.
package page

import "time"

// State is how far a run, check, test or step is, and how it ended.
type State string

// The states. Any other word is shown as it is, with a neutral mark.
const (
	Queued     State = "queued"
	Running    State = "running"
	Passed     State = "passed"
	Failed     State = "failed"
	InfraError State = "infrastructure_error" // the machinery's fault, not the package's
	Cancelled  State = "cancelled"
	Skipped    State = "skipped"
	Superseded State = "superseded"
)

// Alive tells if more is to come.
func (s State) Alive() bool { return s == Queued || s == Running }

// Run is everything about one run that is worth showing. All texts may come
// from outside; Render escapes and bounds them. Times are shown in UTC, a zero
// time is not shown.
type Run struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	// Verdict is the answer in one sentence. Empty: it is made of the checks.
	Verdict string `json:"verdict"`

	Package     string `json:"package"`
	Title       string `json:"title,omitempty"` // of the pull request
	Author      string `json:"author,omitempty"`
	Branch      string `json:"branch,omitempty"`
	Commit      Link   `json:"commit,omitzero"`
	PullRequest Link   `json:"pull_request,omitzero"`
	// Number counts the runs of one pull request from 1.
	Number       int  `json:"number,omitempty"`
	SupersededBy Link `json:"superseded_by,omitzero"`
	// Cause says who or what started the run: "pushed by anna", "retest asked by ben".
	Cause string `json:"cause,omitempty"`

	Created time.Time `json:"created,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`

	Checks    []Check    `json:"checks,omitempty"`
	Failures  []Failure  `json:"failures,omitempty"`
	Tests     []Test     `json:"tests,omitempty"`
	Steps     []Step     `json:"steps,omitempty"`
	Artifacts []Artifact `json:"artifacts,omitempty"`
	Events    []Event    `json:"events,omitempty"`
	// Again are ways to run again.
	Again []Again `json:"again,omitempty"`
	// Covered is what was checked and in which buildroot; NotCovered is what
	// was left out, and why.
	Covered    []Note `json:"covered,omitempty"`
	NotCovered []Note `json:"not_covered,omitempty"`

	// Generated is when this page was made.
	Generated time.Time `json:"generated,omitzero"`
	// JSON is where the machine-readable twin lies, relative or absolute.
	JSON string `json:"json,omitempty"`
	// Index leads to the overview, relative or absolute.
	Index string `json:"index,omitempty"`
	// Within are the pages this one belongs to, where it is part of a site: the
	// package, the pull request. They stand in place of their names.
	Within []Link `json:"within,omitempty"`

	// MoreTests and the like say how many rows the bounds of Render left out.
	MoreTests  int `json:"more_tests,omitempty"`
	MoreEvents int `json:"more_events,omitempty"`
}

// Link is a text and where it leads. Addresses that are neither http(s) nor
// relative are shown as text.
type Link struct {
	Text string `json:"text,omitempty"`
	URL  string `json:"url,omitempty"`
}

// Check is one check of the run: the scratch build, installability, a tmt plan.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Text is what the status on the pull request says.
	Text     string `json:"text,omitempty"`
	Required bool   `json:"required"`
	// Attempt counts from 1, of at most Attempts.
	Attempt  int `json:"attempt,omitempty"`
	Attempts int `json:"attempts,omitempty"`
	// Waiting is the time spent in queues, Working the time something was done.
	Waiting Seconds `json:"waiting_seconds"`
	Working Seconds `json:"working_seconds"`
	// WaitsFor says what a check that waits is waiting for: "a Koji builder (s390x)".
	WaitsFor string `json:"waits_for,omitempty"`
	Links    []Link `json:"links,omitempty"`
}

// Failure is why a check failed, with the lines of its log that matter.
type Failure struct {
	Check string `json:"check"`
	// Reason is one line: "undefined reference to 'foo'".
	Reason string `json:"reason"`
	Log    Link   `json:"log,omitzero"`
	// Line is the decisive line's number, First that of Lines[0], both from 1.
	Line  int      `json:"line,omitempty"`
	First int      `json:"first,omitempty"`
	Lines []string `json:"lines,omitempty"`
	// Rule recognised the failure. Empty: Lines are only the last ones.
	Rule  string `json:"rule,omitempty"`
	Infra bool   `json:"infra,omitempty"`
	Links []Link `json:"links,omitempty"`
}

// Test is one test of a suite.
type Test struct {
	Name   string  `json:"name"`
	Suite  string  `json:"suite,omitempty"`
	Result State   `json:"result"`
	Text   string  `json:"text,omitempty"`
	Time   Seconds `json:"time_seconds"`
	Log    Link    `json:"log,omitzero"`
}

// Step is a stretch of time in which the run waited for something or worked.
type Step struct {
	Name  string    `json:"name"`
	Wait  bool      `json:"wait"` // waiting, not working
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"` // zero: it goes on
	State State     `json:"state,omitempty"`
}

// Artifact is a file the run made.
type Artifact struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
	Size int64  `json:"size_bytes,omitempty"`
}

// Event is one of the CloudEvents that made the run what it is.
type Event struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"`
	Source string    `json:"source,omitempty"`
	Time   time.Time `json:"time,omitzero"`
}

// Again is a way to run again: how, and the text to type.
type Again struct {
	How  string `json:"how"`  // "Comment on the pull request"
	Text string `json:"text"` // "/ci retest failed"
}

// Note is a thing and what is to be said of it.
type Note struct {
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
}

// Entry is one row of the overview.
type Entry struct {
	Package     string    `json:"package"`
	Title       string    `json:"title,omitempty"`
	PullRequest Link      `json:"pull_request,omitzero"`
	Branch      string    `json:"branch,omitempty"`
	Number      int       `json:"number,omitempty"`
	State       State     `json:"state"`
	Verdict     string    `json:"verdict"`
	Changed     time.Time `json:"changed,omitzero"`
	// Page is where the run's page lies, relative or absolute.
	Page string `json:"page"`
}

// Seconds is a duration in whole seconds.
type Seconds int64
