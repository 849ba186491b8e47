package page

import "time"

// Front is the first page: what runs, what failed, and the search box.
type Front struct {
	// Going are the pull requests something is awaited for, those that began
	// last first; MoreGoing is how many there are besides, at least.
	Going     []Going `json:"going"`
	MoreGoing int     `json:"more_going,omitempty"`
	// Failed are runs that ended badly, Ended all that ended, the newest first.
	Failed []Ended `json:"failed"`
	Ended  []Ended `json:"ended"`
	// Counts are how the last runs ended, of Counted runs since Since.
	Counts  []Count   `json:"counts"`
	Counted int       `json:"counted"`
	Since   time.Time `json:"since,omitzero"`
}

// Going is a run that goes on.
type Going struct {
	PullRequest string    `json:"pull_request"`
	Place       Place     `json:"place"`
	Run         int       `json:"run"`
	Page        Place     `json:"page"`
	Title       string    `json:"title,omitempty"`
	Branch      string    `json:"branch,omitempty"`
	State       State     `json:"state"`
	Verdict     string    `json:"verdict"`
	Started     time.Time `json:"started,omitzero"`
	// Until is when what it waits for is looked after at the latest.
	Until time.Time `json:"until,omitzero"`
}

// Ended is a run that is over.
type Ended struct {
	PullRequest string    `json:"pull_request"`
	Place       Place     `json:"place"`
	Run         int       `json:"run"`
	Page        Place     `json:"page"`
	State       State     `json:"state"`
	Verdict     string    `json:"verdict"`
	At          time.Time `json:"at,omitzero"`
}

// Count is how often something was.
type Count struct {
	State State `json:"state"`
	Count int   `json:"count"`
}
