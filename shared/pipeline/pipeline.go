// Package pipeline is the life of one pull request through its checks: a
// scratch build, the tests of what it built, and what the pull request shows of
// both.
//
// A run begins with each new head. It looks at the pull request and its
// release, builds, tests, and ends when every check has ended; a newer head or
// a closing ends it before. Only the newest run is alive.
package pipeline

import (
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
)

// PullRequest is the document: one pull request and its newest run.
type PullRequest struct {
	ask.Book
	event.PullRequestID
	URL    string `json:"url,omitempty"`
	Title  string `json:"title,omitempty"`
	Author string `json:"author,omitempty"`
	Branch string `json:"branch,omitempty"`
	Opened bool   `json:"opened,omitempty"`
	// Updated is the forge's time of the newest head known. Older news is
	// dropped.
	Updated time.Time `json:"updated,omitzero"`
	// HeadRev is the revision in which a message about the head came last. A
	// look that was asked for before may be older than it.
	HeadRev int64 `json:"head_rev,omitempty"`
	Run     Run   `json:"run"`
	// Past are the runs before, newest last, at most pastMost.
	Past []Past `json:"past,omitempty"`
	// Retired is the run that a decision has just put an end to by beginning
	// another; it is not kept here, but its page is written once more.
	Retired *Run `json:"-"`
	// Trail is what happened last, oldest first, at most trailMost lines.
	Trail []Line `json:"trail,omitempty"`
}

const (
	pastMost  = 20
	trailMost = 60
)

// Run is the checking of one head.
type Run struct {
	Number int    `json:"number,omitempty"`
	Commit string `json:"commit,omitempty"`
	Source string `json:"source,omitempty"`
	Phase  Phase  `json:"phase,omitempty"`
	// Change and Release are what the looks found; nil while they are awaited.
	Change  *event.Change    `json:"change,omitempty"`
	Release *event.Release   `json:"release,omitempty"`
	Checks  map[string]Check `json:"checks,omitempty"`
	// Batches counts the orders of tests.
	Batches int       `json:"batches,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Verdict is the outcome in one sentence.
	Verdict string `json:"verdict,omitempty"`
	// By is the commit of the run that took this one's place.
	By string `json:"by,omitempty"`
}

// Phase is where a run is.
type Phase string

// A run goes from Looking to Checking to Over, and from anywhere to Over.
const (
	// Looking: the pull request and its release are being looked at.
	Looking Phase = "looking"
	// Checking: the build or tests are under way.
	Checking Phase = "checking"
	// Over: every check has ended.
	Over Phase = "over"
)

// Past is a run that is over.
type Past struct {
	Number int    `json:"number"`
	Commit string `json:"commit"`
	// Outcome is how it ended, in the word its page has for it; lines of before
	// have none.
	Outcome string    `json:"outcome,omitempty"`
	Verdict string    `json:"verdict"`
	Ended   time.Time `json:"ended,omitzero"`
}

// Line is one line of the trail.
type Line struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	// Event is the id of the event that brought it, and Type its type.
	Event string `json:"event,omitempty"`
	Type  string `json:"type,omitempty"`
}

// State is how a check stands.
type State string

// A check goes from Queued to Running to one of the others, which are final;
// it may go back to Queued when the machinery failed and it is tried again.
const (
	Queued  State = "queued"
	Running State = "running"
	Passed  State = "passed"
	// Failed: the package is at fault.
	Failed State = "failed"
	// Error: the machinery is at fault, and trying again did not help.
	Error State = "error"
	// Skipped: there was nothing to check, or no way to.
	Skipped State = "skipped"
	// Cancelled: the run was superseded, or somebody stopped it.
	Cancelled State = "cancelled"
	// Neutral: a person has to look.
	Neutral State = "neutral"
)

// Final tells whether a check in this state has ended.
func (s State) Final() bool { return s != Queued && s != Running }

// Check is one check of a run.
type Check struct {
	// Name is what the pull request shows it as.
	Name     string `json:"name"`
	State    State  `json:"state"`
	Text     string `json:"text"`
	Required bool   `json:"required,omitempty"`
	// Rev is the revision that said State and Text.
	Rev int64 `json:"rev"`
	// Attempt counts from 1; more than one means that the machinery failed.
	Attempt int `json:"attempt"`
	// Label is what the outside system knows it by.
	Label string `json:"label,omitempty"`
	// Batch is the order of tests it belongs to.
	Batch string `json:"batch,omitempty"`
	// Remote is the outside system's id of it, and URL the page there.
	Remote string `json:"remote,omitempty"`
	URL    string `json:"url,omitempty"`
	// Looks counts how often it was looked at without news.
	Looks int `json:"looks,omitempty"`
	// Asked, Started and Ended tell waiting from working.
	Asked   time.Time `json:"asked,omitzero"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// What it found.
	Failure   *event.Failure `json:"failure,omitempty"`
	Artifacts []event.Link   `json:"artifacts,omitempty"`
	Cases     []event.Case   `json:"cases,omitempty"`
	Count     int            `json:"count,omitempty"`
	Bad       int            `json:"bad,omitempty"`
	// Tries are the attempts before, each in one line.
	Tries []string `json:"tries,omitempty"`
}

// Fact is news for a document: what, when, and by which event.
type Fact struct {
	At    time.Time
	Event string
	Type  string
	News  any
}

// Moved is the news that a pull request was opened, updated or reopened.
type Moved struct{ event.PullRequest }

// Shut is the news that a pull request was closed, or merged.
type Shut struct {
	event.PullRequest
	Merged bool
	// Looked tells that the forge itself says so, and not a message.
	Looked bool
}
