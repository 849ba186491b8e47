// Package rule makes composes by themselves: when a build is tagged, an update
// is pushed, a module is built or another compose is done, and only if what is
// installed would be different.
package rule

import (
	"encoding/json"
	"path"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
)

// Rule is one wish of an operator.
type Rule struct {
	// Name is its name, and that of its document.
	Name string
	When When
	// Request is the body of the POST that would make the compose.
	Request json.RawMessage
	// Koji is the instance its packages come from.
	Koji string
	// Gate is nil where nothing has to be passed.
	Gate *Gate
	// Quiet is how long nothing more may happen before work begins: a mass
	// rebuild is one compose, not a thousand. 0: at once.
	Quiet time.Duration
	// Always makes a compose also when it would be the same as the last.
	Always bool
	// Latest is the name under which the newest is found; empty: none.
	Latest string
}

// When says what a rule waits for. Names are globs (path.Match).
type When struct {
	// Tags are Koji tags. What happens in a tag they inherit counts.
	Tags     []string
	Updates  *Updates
	Modules  []string // N:S
	Composes []string // names of rules, or labels of composes
}

// Updates say which updates of Bodhi count. Empty lists are all.
type Updates struct {
	Status   []string // stable, testing
	Releases []string // F45
	Types    []string // security, bugfix, …
}

// Gate is what Greenwave is asked.
type Gate struct {
	Context string
	Product string
}

// State is the document of a rule.
type State struct {
	ask.Book
	Name  string `json:"name"`
	Phase Phase  `json:"phase,omitempty"`
	// Round counts how often work began.
	Round int `json:"round,omitempty"`
	// Pending is what happened that no work has begun for; Working is what this
	// round is for.
	Pending *Reason `json:"pending,omitempty"`
	Working *Reason `json:"working,omitempty"`
	// Shut is what a gate was shut for: it is asked about again in the next
	// round, because it would be in that round's compose.
	Shut []event.GateSubject `json:"shut,omitempty"`
	// Last is what its newest compose was made of; Next what the one that is
	// awaited is to be made of.
	Last Last `json:"last,omitzero"`
	Next Next `json:"next,omitzero"`
	// TagNames are its tags and all they inherit, as last looked at.
	TagNames []string `json:"tag_names,omitempty"`
	// Trail tells what happened, the newest last.
	Trail []Line `json:"trail,omitempty"`
}

// Phase is what a rule is doing.
type Phase string

// The phases of a round. A rule that does nothing has the empty one.
const (
	Idle     Phase = ""
	Quieting Phase = "quiet"
	Gating   Phase = "gate"
	Checking Phase = "check"
	Making   Phase = "compose"
)

// Reason is what happened.
type Reason struct {
	First time.Time `json:"first"`
	Times int       `json:"times"`
	// Texts are the first and latest of it, in words.
	Texts []string `json:"texts,omitempty"`
	// Subjects are what a gate is asked about.
	Subjects []event.GateSubject `json:"subjects,omitempty"`
	// Unasked is how many more there were than a gate is asked about.
	Unasked int `json:"unasked,omitempty"`
	// Gated is how often the gate was asked.
	Gated int `json:"gated,omitempty"`
}

// Last is what a compose of the rule was made of.
type Last struct {
	Compose int64 `json:"compose,omitempty"` // the newest that is done
	// Dir is the compose whose directory it is, Content its digest.
	Dir     int64     `json:"dir,omitempty"`
	Content string    `json:"content,omitempty"`
	Arches  []string  `json:"arches,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Next
}

// Next is when a rule's tags were looked at.
type Next struct {
	// Event is Koji's; Tags are the ids of the tags and all they inherit.
	Event int64   `json:"event,omitempty"`
	Tags  []int64 `json:"tags,omitempty"`
}

// Line is one thing that happened.
type Line struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

const (
	// DocumentPrefix is where the documents of rules lie in the bucket.
	DocumentPrefix = "compose/rule/"
	// System is that of their due entries.
	System = "compose-rule"
)

// Happened is news for a rule: something it may wait for.
type Happened struct {
	At time.Time
	// Text says it in words: bash-5.2-1.fc45 was tagged into f45-updates.
	Text     string
	Subjects []event.GateSubject
	// Gone is a build that left a tag; it may be in others still.
	Gone event.GateSubject
}

// matches tells whether one of the globs matches name.
func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, name)
		return err == nil && ok
	})
}

// among tells the same of a list that is all where it is empty.
func among(globs []string, name string) bool { return len(globs) == 0 || matches(globs, name) }

// Tag tells whether the rule waits for what happens in a tag, which it may
// inherit: from tells what the rule's tags were last found to inherit.
func (r Rule) Tag(koji, tag string, from []string) bool {
	return koji == r.Koji && len(r.When.Tags) > 0 && (matches(r.When.Tags, tag) || slices.Contains(from, tag))
}

// Update tells whether the rule waits for an update.
func (r Rule) Update(u event.BodhiUpdate) bool {
	w := r.When.Updates
	return w != nil && among(w.Status, u.Status) && among(w.Releases, u.Release) && among(w.Types, u.Type)
}

// Module tells whether the rule waits for a module build.
func (r Rule) Module(m event.ModuleBuild) bool { return matches(r.When.Modules, m.Name+":"+m.Stream) }

// Compose tells whether the rule waits for a compose that is done: by the rule
// that wanted it, or its label. A rule never waits for its own.
func (r Rule) Compose(rule, label string) bool {
	return rule != r.Name && (rule != "" && matches(r.When.Composes, rule) || label != "" && matches(r.When.Composes, label))
}
