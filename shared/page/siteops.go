package page

import "time"

// Ops is what an operator looks at.
type Ops struct {
	// Verdict says in one sentence whether a person is needed.
	Verdict string `json:"verdict"`
	State   State  `json:"state"`
	// Dead are the dead letters that failed alike, the largest group first, kept
	// since Since; More: there are others.
	Dead  []Dead    `json:"dead"`
	Since time.Time `json:"since,omitzero"`
	More  bool      `json:"more_dead,omitempty"`
	// Held is what waits for paused Triggers.
	Held []Held `json:"held"`
	// Stuck are deadlines nobody dealt with, Late those that have passed.
	Stuck []Due `json:"stuck"`
	Late  []Due `json:"late"`
	// Waiting counts the deadlines that stand; Next is the first.
	Waiting     int       `json:"waiting"`
	WaitingMore bool      `json:"waiting_more,omitempty"`
	Next        time.Time `json:"next,omitzero"`
	// Clock is when clock-tick last wrote, which it does only while something is
	// due; Bus when the message bus was last heard.
	Clock time.Time `json:"clock,omitzero"`
	Bus   time.Time `json:"bus,omitzero"`
	// Graph is where the graph of events is.
	Graph Place `json:"graph,omitempty"`
}

// Dead is a group of dead letters.
type Dead struct {
	Type     string    `json:"type"`
	To       string    `json:"to,omitempty"`
	Code     int       `json:"code,omitempty"`
	Cause    string    `json:"cause,omitempty"`
	Count    int       `json:"count"`
	Replayed int       `json:"replayed,omitempty"`
	Oldest   time.Time `json:"oldest,omitzero"`
	Newest   time.Time `json:"newest,omitzero"`
	Lines    []string  `json:"lines"`
}

// Held is what waits for one paused Trigger.
type Held struct {
	Trigger string    `json:"trigger"`
	Count   int       `json:"count"`
	More    bool      `json:"more,omitempty"`
	Oldest  time.Time `json:"oldest,omitzero"`
}

// Due is a deadline.
type Due struct {
	At     time.Time `json:"at,omitzero"`
	By     Seconds   `json:"late_seconds"`
	System string    `json:"system"`
	About  string    `json:"about"`
	Place  Place     `json:"place,omitempty"`
	What   string    `json:"what,omitempty"`
}
