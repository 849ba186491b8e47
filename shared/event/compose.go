package event

import (
	"encoding/json"
	"strconv"
	"time"
)

// What is asked of compose-make and compose-expire.
const (
	// ComposeMakeWanted asks to make a compose, or to go on making it.
	ComposeMakeWanted Kind[ComposeOrder] = "distaff.compose.make-wanted"
	// ComposeExpireWanted asks to remove what a compose holds, if nobody else
	// holds it.
	ComposeExpireWanted Kind[ComposeOrder] = "distaff.compose.expire-wanted"
)

// What became of it.
const (
	// ComposeBegan: what the compose is made of is settled, and it is being made.
	ComposeBegan Kind[ComposeAnswer] = "distaff.compose.began"
	// ComposeProgressed: a part is done and kept; it wants to be asked again.
	ComposeProgressed Kind[ComposeAnswer] = "distaff.compose.progressed"
	// ComposeFollows: another compose that is being made will be the same.
	ComposeFollows Kind[ComposeAnswer] = "distaff.compose.follows"
	// ComposeMade: it can be installed from.
	ComposeMade Kind[ComposeAnswer] = "distaff.compose.made"
	// ComposeFailed: it cannot be made, and asking again is no use.
	ComposeFailed Kind[ComposeAnswer] = "distaff.compose.failed"
	// ComposeRemoved: nothing of it is left in the bucket but its document.
	ComposeRemoved Kind[ComposeAnswer] = "distaff.compose.removed"
)

// What one compose tells another.
const (
	// ComposeFollowed tells a compose that another waits for it.
	ComposeFollowed Kind[ComposeTie] = "distaff.compose.followed"
	// ComposeLeaderEnded tells a compose that the one it waits for is done or
	// has failed.
	ComposeLeaderEnded Kind[ComposeTie] = "distaff.compose.leader-ended"
	// ComposeExtended tells a compose that one that shares its content lives on.
	ComposeExtended Kind[ComposeTie] = "distaff.compose.extended"
)

const (
	// ComposeStateChanged is what everybody is told of a compose, as ODCS does.
	ComposeStateChanged Kind[ComposeState] = "distaff.compose.state-changed"
	// ComposeWanted asks for a compose as a rule wants it.
	ComposeWanted Kind[ComposeRequest] = "distaff.compose.wanted"
	// ComposeTimePassed tells a compose that something it waits for is due.
	ComposeTimePassed Kind[ComposePassed] = "distaff.compose.time-passed"
)

// ComposeID is embedded in all that is about one compose.
type ComposeID struct {
	ID int64 `json:"id"`
}

// Subject is the compose's number.
func (c ComposeID) Subject() string { return strconv.FormatInt(c.ID, 10) }

// Document gives the path of the compose's document: its number.
func (c ComposeID) Document() string { return c.Subject() }

// Attributes are none.
func (c ComposeID) Attributes() map[string]string { return nil }

// ComposeOrder is something to be done for a compose. What it is to be made of
// is in its document.
type ComposeOrder struct {
	ComposeID
	Label string `json:"label"`
	// Attempt counts how often it was asked for under this label.
	Attempt int `json:"attempt,omitempty"`
	// Koji is the instance the packages come from.
	Koji string `json:"koji,omitempty"`
	// Large tells that it is known to be longer than a request may take, and is
	// for a job.
	Large bool `json:"large,omitempty"`
}

// Attributes are the Koji instance, and whether it is for a job.
func (o ComposeOrder) Attributes() map[string]string {
	size := "usual"
	if o.Large {
		size = "large"
	}
	return attributes("koji", o.Koji, "size", size)
}

// Answer begins an answer to the order.
func (o ComposeOrder) Answer() ComposeAnswer {
	return ComposeAnswer{ComposeID: o.ComposeID, Label: o.Label, Attempt: o.Attempt}
}

// ComposeAnswer is what became of an order.
type ComposeAnswer struct {
	ComposeID
	Label string `json:"label"`
	// Attempt is the order's.
	Attempt int       `json:"attempt,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Reason says in words why it failed, or what is being done.
	Reason string `json:"reason,omitempty"`
	// Done of Total packages are described so far.
	Done  int `json:"done,omitempty"`
	Total int `json:"total,omitempty"`
	// Resolved is what the request came to mean; nil: no news of that.
	Resolved *ComposeResolved `json:"resolved,omitempty"`
	// Leader is the compose whose content is shared, or waited for.
	Leader int64 `json:"leader,omitempty"`
	// Until is how long the content is held: of what was made, for the compose
	// itself; of what was removed, for others, and zero if nobody holds it.
	Until time.Time `json:"until,omitzero"`
	// Content is the digest of what lies in the directory; Lock that of the
	// list of its packages.
	Content string `json:"content,omitempty"`
	Lock    string `json:"lock,omitempty"`
	// Dir is the compose whose directory the content lies in.
	Dir int64 `json:"dir,omitempty"`
	// Packages and Bytes are how many RPMs it lists, and the size of its
	// metadata.
	Packages int   `json:"packages,omitempty"`
	Bytes    int64 `json:"bytes,omitempty"`
	// Large tells that what is left is for a job.
	Large bool `json:"large,omitempty"`
	// Missing are RPMs of a lock that Koji has no more, or has signed anew.
	Missing []string `json:"missing,omitempty"`
	// Over tells that the order came when the compose was over already: what was
	// made for it, if anything, is to be removed.
	Over bool `json:"over,omitempty"`
}

// ComposeResolved is what a request came to mean when the making began.
type ComposeResolved struct {
	// Source replaces the request's where it was short for something: modules.
	Source []string `json:"source,omitempty"`
	Arches []string `json:"arches,omitempty"`
	// Sigkeys replaces the request's; nil: as they are.
	Sigkeys []string `json:"sigkeys,omitempty"`
	// Event is the Koji event, or of a repository its revision.
	Event   int64  `json:"event,omitempty"`
	PungiID string `json:"pungi_id,omitempty"`
}

// ComposeTie is what one compose tells another.
type ComposeTie struct {
	ComposeID
	// Other is the compose that tells it.
	Other int64     `json:"other"`
	Until time.Time `json:"until,omitzero"`
	// Sharing tells that Other has come to share the content; else it had done
	// so before, and somebody renewed it.
	Sharing bool `json:"sharing,omitempty"`
}

// ComposeState is the message ODCS sends whenever the state of a compose
// changes.
type ComposeState struct {
	Event string `json:"event"` // state-changed
	// Compose is the compose as the API shows it, without its dump of Pungi's
	// configuration.
	Compose json.RawMessage `json:"compose"`
}

// Shown is what of a compose's JSON events are routed by.
func (s ComposeState) Shown() (id int64, state string) {
	var shown struct {
		ID    int64  `json:"id"`
		State string `json:"state_name"`
	}
	_ = json.Unmarshal(s.Compose, &shown) // ours: what is not there is empty
	return shown.ID, shown.State
}

// Subject is the compose's number.
func (s ComposeState) Subject() string {
	id, _ := s.Shown()
	return ComposeID{id}.Subject()
}

// Attributes are the state by name.
func (s ComposeState) Attributes() map[string]string {
	_, state := s.Shown()
	return attributes("composestate", state)
}

// ComposeRequest is a compose that a rule wants.
type ComposeRequest struct {
	// Rule is the rule's name; Label is the asking's, by which it is made once.
	Rule  string `json:"rule"`
	Label string `json:"label"`
	// Request is the body of a POST to the API.
	Request json.RawMessage `json:"request"`
	// Event is the Koji event the content was found changed at; 0: now.
	Event int64 `json:"event,omitempty"`
	// Why says what it was that happened.
	Why string `json:"why,omitempty"`
}

// Subject is the rule.
func (r ComposeRequest) Subject() string { return r.Rule }

// Attributes are the rule.
func (r ComposeRequest) Attributes() map[string]string { return attributes("rule", r.Rule) }

// ComposePassed is one due entry of a compose.
type ComposePassed struct {
	ComposeID
	At time.Time `json:"at"`
}
