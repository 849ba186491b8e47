package page

import "time"

// PullRequest is one pull request with all its runs.
type PullRequest struct {
	Name    string    `json:"name"`
	Package string    `json:"package"`
	At      Place     `json:"package_place"`
	Forge   Link      `json:"forge"` // its page there
	Title   string    `json:"title,omitempty"`
	Author  string    `json:"author,omitempty"`
	Branch  string    `json:"branch,omitempty"`
	Open    bool      `json:"open"`
	State   State     `json:"state"`
	Verdict string    `json:"verdict"`
	Updated time.Time `json:"updated,omitzero"`
	// Waits is what is awaited, the nearest end first.
	Waits []Wait `json:"waits,omitempty"`
	// Runs are the runs, the newest first.
	Runs []RunRow `json:"runs"`
	// Trail is what happened last, the newest first.
	Trail []Happened `json:"trail,omitempty"`
}

// Wait is something a pull request waits for.
type Wait struct {
	What  string    `json:"what"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Times is how often it was asked for.
	Times int `json:"times,omitempty"`
}

// RunRow is one run of a pull request.
type RunRow struct {
	Number  int       `json:"number"`
	Page    Place     `json:"page"`
	Commit  string    `json:"commit"`
	State   State     `json:"state,omitempty"`
	Verdict string    `json:"verdict"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
}

// Happened is one line of what happened.
type Happened struct {
	At   time.Time `json:"at,omitzero"`
	Text string    `json:"text"`
}
