package event

import "time"

// TimePassed tells a document that something it waits for is due.
const TimePassed Kind[Passed] = "distaff.time.passed"

// Passed is one due entry of a document.
type Passed struct {
	PullRequestID
	// At is when it was found due.
	At time.Time `json:"at"`
	// Fact names the stored fact that the entry stands behind, if one does.
	Fact string `json:"fact,omitempty"`
	// Stuck names an outside system that could not be asked, however often it
	// was tried: koji.fedora.
	Stuck string `json:"stuck,omitempty"`
}

// Subject is the document's pull request.
func (p Passed) Subject() string { return p.String() }

// Attributes are none.
func (p Passed) Attributes() map[string]string { return nil }

// TickType is what Knative's PingSource sends; the attribute "tick" says which
// timer it was.
const TickType = "dev.knative.sources.ping"

// Tick is an empty event of a timer.
const Tick Kind[Nothing] = TickType

// Nothing is the data of an event that has none.
type Nothing struct{}

// Subject is empty.
func (Nothing) Subject() string { return "" }

// Attributes are none.
func (Nothing) Attributes() map[string]string { return nil }
