package event

import "strconv"

// What is to be shown on a pull request, and that it was.
const (
	// StatusWanted asks to show the statuses of checks.
	StatusWanted Kind[Statuses] = "distaff.status.wanted"
	// StatusShown tells that a revision, or a newer one, is shown.
	StatusShown Kind[Shown] = "distaff.status.shown"
)

// Statuses are what the checks of one run are to show.
type Statuses struct {
	PullRequestID
	Label  string `json:"label"`
	Run    int    `json:"run"`
	Commit string `json:"commit"`
	// Checks are the statuses; each knows the revision it is of.
	Checks []Status `json:"checks"`
	// Confirm asks for a StatusShown when all is shown. Only the last word of a
	// run asks: what is overtaken anyway needs no proof.
	Confirm bool `json:"confirm,omitempty"`
	// Force shows them again although they are shown: an older text whose
	// answer was lost may have come after them.
	Force bool `json:"force,omitempty"`
}

// Status is what one check is to show.
type Status struct {
	// Check is its stable name: scratch build - rawhide.
	Check string `json:"check"`
	// Rev is the document's revision that says so: a higher one is newer.
	Rev int64 `json:"rev"`
	// State is one of queued, running, passed, failed, error, skipped, cancelled.
	State string `json:"state"`
	// Text is the result in at most 80 characters.
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
}

// Subject is the pull request.
func (s Statuses) Subject() string { return s.String() }

// Attributes are the forge.
func (s Statuses) Attributes() map[string]string { return attributes("forge", s.Forge) }

// Shown is a proof that statuses are shown.
type Shown struct {
	PullRequestID
	Label string `json:"label"`
	Run   int    `json:"run"`
	// Rev is the highest revision shown.
	Rev int64 `json:"rev"`
	// Unsure are what is to be shown once more, on Commit, some time later: the
	// answer to an older one was lost, and it may yet come after them.
	Unsure []Status `json:"unsure,omitempty"`
	Commit string   `json:"commit,omitempty"`
}

// Subject is the pull request.
func (s Shown) Subject() string { return s.String() }

// Attributes are the forge and the run.
func (s Shown) Attributes() map[string]string {
	return attributes("forge", s.Forge, "run", strconv.Itoa(s.Run))
}
