// Package compose is what a compose is: what somebody asked for, what became of
// it, how long it lives, and which packages it was made of.
package compose

import (
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
)

// Compose is the document of one compose.
type Compose struct {
	ask.Book
	event.ComposeID

	// Owner is who asked for it: a user, or "rule:" and the name of a rule.
	Owner string `json:"owner"`
	// Request is what was asked for, complete: defaults are filled in, and
	// what it was short for is written out once the making began.
	Request Request `json:"request"`
	State   State   `json:"state"`
	// Reason explains the state in words.
	Reason string `json:"reason,omitempty"`

	Submitted time.Time `json:"submitted"`
	Started   time.Time `json:"started,omitzero"`
	Done      time.Time `json:"done,omitzero"` // not of one that failed
	Ended     time.Time `json:"ended,omitzero"`
	Removed   time.Time `json:"removed,omitzero"`
	Expires   time.Time `json:"expires"`
	// Removing tells that its removal was decided on. It cannot be extended any
	// more.
	Removing  bool   `json:"removing,omitempty"`
	RemovedBy string `json:"removed_by,omitempty"`

	// PungiID is its name for Pungi's tools: odcs-12-1-20261121.t.0.
	PungiID string `json:"pungi_id,omitempty"`
	// Content is the digest of what lies in its directory, Lock that of the list
	// of its packages. Dir is the compose whose directory it is; 0: its own.
	Content string `json:"content,omitempty"`
	Lock    string `json:"lock,omitempty"`
	Dir     int64  `json:"dir,omitempty"`
	// From is the compose that this is a copy of (PATCH); its lock is made again.
	From int64 `json:"from,omitempty"`
	// Leader is one being made that will be the same; Followers wait for this
	// one. Sharers have the same content.
	Leader    int64   `json:"leader,omitempty"`
	Followers []int64 `json:"followers,omitempty"`
	Sharers   []int64 `json:"sharers,omitempty"`

	// Moved is when there was last news of its making.
	Moved time.Time `json:"moved,omitzero"`
	// Large tells that its making is for a job.
	Large bool `json:"large,omitempty"`
	// Trouble is why the making cannot go on at present; it is tried again.
	Trouble string `json:"trouble,omitempty"`
	// Finished of Total packages are described so far.
	Finished int   `json:"finished,omitempty"`
	Total    int   `json:"total,omitempty"`
	Packages int   `json:"packages,omitempty"`
	Bytes    int64 `json:"bytes,omitempty"`
	// Missing are RPMs of the lock that Koji has no more, or has signed anew.
	Missing []string `json:"missing,omitempty"`
	// Rule is the rule that wanted it, RuleLabel the asking's label, and Why
	// what had happened.
	Rule      string `json:"rule,omitempty"`
	RuleLabel string `json:"rule_label,omitempty"`
	Why       string `json:"why,omitempty"`
	// Trail tells what happened to it.
	Trail []Line `json:"trail,omitempty"`
	// Said is what it said last that nobody answers.
	Said []Saying `json:"said,omitempty"`
}

// Line is one thing that happened to a compose.
type Line struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	// Event is the id of the event it came of.
	Event string `json:"event,omitempty"`
}

// Saying is something a compose said that nobody answers: that its state
// changed, or what concerns other composes. It is kept for an event that comes
// again because what it led to may not have been sent.
type Saying struct {
	Rev int64 `json:"rev"`
	// N is its place among what was said at that revision.
	N int `json:"n,omitempty"`
	// Cause is the id of the event it came of.
	Cause string `json:"cause,omitempty"`

	// To are the composes it was for, one draft each; none: it was a change of
	// state. Kind is the type of event.
	To      []int64   `json:"to,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Sharing bool      `json:"sharing,omitempty"`

	// State, Reason and Expires are as they were then.
	State   State     `json:"state,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// State is where a compose stands. The numbers are ODCS's.
type State int

// The states of a compose.
const (
	Wait       State = 0
	Generating State = 1
	Done       State = 2
	Removed    State = 3
	Failed     State = 4
)

// String is ODCS's word for the state.
func (s State) String() string {
	words := [...]string{"wait", "generating", "done", "removed", "failed"}
	if s < 0 || int(s) >= len(words) {
		return "unknown"
	}
	return words[s]
}

// DocumentPrefix is where the documents of composes lie in the bucket.
const DocumentPrefix = "compose/doc/"

// Self is the system of the due entries that concern a compose alone.
const Self = "compose"

// Over tells that the compose has failed, or that its end was decided on:
// nothing more is to be made for it.
func (c Compose) Over() bool { return c.Removing || c.State == Removed || c.State == Failed }

// Wants tells whether an answer is awaited to what was asked for under label.
func (c Compose) Wants(label string) bool {
	order, open := c.Get(label)
	return open && !order.Later
}

// DirOf is the compose whose directory the content lies in.
func (c Compose) DirOf() int64 {
	if c.Dir != 0 {
		return c.Dir
	}
	return c.ID
}
