package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/distaff-project/distaff/shared/event"
)

// State is how a check stands. Each adapter says in a table how its forge
// shows it.
type State string

// The states of a check. The first two are not final.
const (
	// Queued: it waits for something: a machine, another check, Koji's queue.
	Queued State = "queued"
	// Running: somebody works on it.
	Running State = "running"
	// Passed: it found nothing wrong.
	Passed State = "passed"
	// Failed: it found the change wrong.
	Failed State = "failed"
	// Error: the machinery failed and the change was not judged.
	Error State = "error"
	// Skipped: it does not apply to the change.
	Skipped State = "skipped"
	// Cancelled: it was stopped, by a person or because it was overtaken.
	Cancelled State = "cancelled"
	// Neutral: it has a result for people to read that judges nothing.
	Neutral State = "neutral"
)

// Final tells whether nothing more is to come.
func (s State) Final() bool { return s != Queued && s != Running }

func (s State) known() bool {
	switch s {
	case Queued, Running, Passed, Failed, Error, Skipped, Cancelled, Neutral:
		return true
	}
	return false
}

// Status is one line shown on a pull request.
type Status struct {
	PullRequest event.PullRequestID
	// Commit is the commit that was checked.
	Commit string
	// Name is what the check is called there: distaff - scratch build - rawhide.
	Name string
	// UID is the key under which the forge overwrites it; see UID.
	UID   string
	State State
	// Text is the result in one line; forges cut it at 140 bytes or later.
	Text string
	// URL is where more is to be read. Empty: the pull request.
	URL string
	// Percent is how far a running check has got, 1 to 100; 0 is unknown.
	Percent int
	// Summary is more text, in Markdown, for forges that show it.
	Summary string
}

// UID is the key of a check's status: the same for one check of one commit in
// one pull request, and another in any other. Two pull requests with one
// commit so keep a status each. It has 32 characters, which is all that Pagure
// keeps.
func UID(id event.PullRequestID, commit, check string) string {
	sum := sha256.Sum256([]byte(id.String() + "\x00" + commit + "\x00" + check))
	return hex.EncodeToString(sum[:16])
}

// Check tells what is wrong with s before a forge is asked to show it.
func (s Status) Check(forge string) error {
	if err := CheckID(s.PullRequest, forge); err != nil {
		return err
	}
	if err := CheckCommit(s.Commit); err != nil {
		return err
	}
	if s.URL != "" {
		if err := CheckURL(s.URL); err != nil {
			return err
		}
	}
	switch {
	case s.Name == "" || s.Text == "":
		return fmt.Errorf("a status needs a name and a text: %q, %q", s.Name, s.Text)
	case s.UID == "" || len(s.UID) > 32:
		return fmt.Errorf("the uid of a status has 1 to 32 characters: %q", s.UID)
	case !s.State.known():
		return fmt.Errorf("%q is not the state of a check", s.State)
	case s.Percent < 0 || s.Percent > 100:
		return fmt.Errorf("%d is not a percentage", s.Percent)
	}
	return nil
}
