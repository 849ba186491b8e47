package event

import (
	"encoding/json"
	"time"
)

// What happens outside that a compose may be made for.
const (
	// KojiTagChanged: a build was tagged, or untagged.
	KojiTagChanged Kind[TagChange] = "distaff.koji.tag-changed"
	// BodhiUpdateChanged: an update was pushed, or its state changed.
	BodhiUpdateChanged Kind[BodhiUpdate] = "distaff.bodhi.update-changed"
	// ModuleChanged: a module build changed its state.
	ModuleChanged Kind[ModuleBuild] = "distaff.module.changed"
)

// What a rule asks before it wants a compose, and what is answered.
const (
	// GateAskWanted asks Greenwave whether something may pass.
	GateAskWanted Kind[GateQuestion] = "distaff.gate.ask-wanted"
	// GateAnswered is Greenwave's decision.
	GateAnswered Kind[GateAnswer] = "distaff.gate.answered"
	// ComposeCheckWanted asks whether the content of a rule's compose changed.
	ComposeCheckWanted Kind[ComposeCheck] = "distaff.compose.check-wanted"
	// ComposeChecked answers that.
	ComposeChecked Kind[ComposeCheckAnswer] = "distaff.compose.checked"
	// ComposeKeepWanted asks that a compose lives on, because it is the newest.
	ComposeKeepWanted Kind[ComposeKeep] = "distaff.compose.keep-wanted"
	// RuleTimePassed tells a rule that something it waits for is due.
	RuleTimePassed Kind[RulePassed] = "distaff.rule.time-passed"
)

// TagChange is a build that came into a tag, or left it.
type TagChange struct {
	Koji  string `json:"koji"`
	Tag   string `json:"tag"`
	TagID int64  `json:"tag_id,omitempty"`
	// Build is its NVR.
	Build    string    `json:"build"`
	BuildID  int64     `json:"build_id,omitempty"`
	User     string    `json:"user,omitempty"`
	Untagged bool      `json:"untagged,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// Subject is the tag.
func (c TagChange) Subject() string { return c.Tag }

// Attributes are the Koji instance and the tag.
func (c TagChange) Attributes() map[string]string { return attributes("koji", c.Koji, "tag", c.Tag) }

// BodhiUpdate is an update as Bodhi tells of it.
type BodhiUpdate struct {
	// Alias is FEDORA-2026-abcdef.
	Alias string `json:"alias"`
	// Status is what it has now: testing, stable, obsolete.
	Status  string `json:"status"`
	Request string `json:"request,omitempty"`
	Type    string `json:"type,omitempty"` // security, bugfix, …
	// Release is Bodhi's name: F45; Tag the tag its builds are in by now.
	Release string    `json:"release,omitempty"`
	Tag     string    `json:"tag,omitempty"`
	Builds  []string  `json:"builds,omitempty"` // NVRs
	User    string    `json:"user,omitempty"`
	Topic   string    `json:"topic,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// Subject is the update.
func (u BodhiUpdate) Subject() string { return u.Alias }

// Attributes are the status, the release and the type.
func (u BodhiUpdate) Attributes() map[string]string {
	return attributes("updatestatus", u.Status, "release", u.Release, "updatetype", u.Type)
}

// ModuleBuild is a module build whose state changed.
type ModuleBuild struct {
	Name    string    `json:"name"`
	Stream  string    `json:"stream"`
	Version string    `json:"version"`
	Context string    `json:"context"`
	State   string    `json:"state"` // ready, done, failed
	At      time.Time `json:"at,omitzero"`
}

// Subject is the module's N:S:V:C.
func (m ModuleBuild) Subject() string {
	return m.Name + ":" + m.Stream + ":" + m.Version + ":" + m.Context
}

// Attributes are its state.
func (m ModuleBuild) Attributes() map[string]string { return attributes("modulestate", m.State) }

// GateQuestion is a question to Greenwave.
type GateQuestion struct {
	Rule  string `json:"rule"`
	Label string `json:"label"`
	// Context and Product choose Greenwave's policies.
	Context string `json:"context"`
	Product string `json:"product"`
	// Subjects are what is asked about: NVRs, or an update's alias.
	Subjects []GateSubject `json:"subjects"`
}

// What Greenwave is asked about, in its words.
const (
	SubjectBuild  = "koji_build"
	SubjectUpdate = "bodhi_update"
	SubjectModule = "redhat-module"
)

// GateSubject is one thing Greenwave is asked about.
type GateSubject struct {
	Type string `json:"type"` // SubjectBuild, SubjectUpdate, SubjectModule
	Item string `json:"item"`
	// Tag is where a build was tagged that came by that.
	Tag string `json:"tag,omitempty"`
}

// Subject is the rule.
func (q GateQuestion) Subject() string { return q.Rule }

// Attributes are the rule.
func (q GateQuestion) Attributes() map[string]string { return attributes("rule", q.Rule) }

// GateAnswer is what Greenwave decided.
type GateAnswer struct {
	Rule  string    `json:"rule"`
	Label string    `json:"label"`
	At    time.Time `json:"at,omitzero"`
	// Pass tells that all requirements are met; Summary says it in words.
	Pass    bool     `json:"pass,omitempty"`
	Summary string   `json:"summary,omitempty"`
	Unmet   []string `json:"unmet,omitempty"`
	// Waiting tells that what is not met are tests without a result yet.
	Waiting bool `json:"waiting,omitempty"`
	// Trouble says why there is no decision; then all else is empty.
	Trouble string `json:"trouble,omitempty"`
}

// Subject is the rule.
func (a GateAnswer) Subject() string { return a.Rule }

// Attributes are the rule.
func (a GateAnswer) Attributes() map[string]string { return attributes("rule", a.Rule) }

// ComposeCheck asks what a request would come to now, and whether that differs
// from what it came to before.
type ComposeCheck struct {
	Rule  string `json:"rule"`
	Label string `json:"label"`
	Koji  string `json:"koji,omitempty"`
	// Request is the body of a POST to the API.
	Request json.RawMessage `json:"request"`
	// Tags are the ids of the tag and all it inherits, as they were at Event;
	// empty the first time. Content is the digest it came to then.
	Event   int64   `json:"event,omitempty"`
	Tags    []int64 `json:"tags,omitempty"`
	Content string  `json:"content,omitempty"`
}

// Subject is the rule.
func (c ComposeCheck) Subject() string { return c.Rule }

// Attributes are the rule and the Koji instance.
func (c ComposeCheck) Attributes() map[string]string {
	return attributes("rule", c.Rule, "koji", c.Koji)
}

// ComposeCheckAnswer is the answer to a ComposeCheck.
type ComposeCheckAnswer struct {
	Rule    string    `json:"rule"`
	Label   string    `json:"label"`
	At      time.Time `json:"at,omitzero"`
	Changed bool      `json:"changed,omitempty"`
	// Event, Tags, TagNames and Content are what it is now. TagNames are the tag
	// and all it inherits.
	Event    int64    `json:"event,omitempty"`
	Tags     []int64  `json:"tags,omitempty"`
	TagNames []string `json:"tag_names,omitempty"`
	Content  string   `json:"content,omitempty"`
	// Trouble says why there is no answer.
	Trouble string `json:"trouble,omitempty"`
}

// Subject is the rule.
func (a ComposeCheckAnswer) Subject() string { return a.Rule }

// Attributes are the rule.
func (a ComposeCheckAnswer) Attributes() map[string]string { return attributes("rule", a.Rule) }

// ComposeKeep is until when a rule wants its newest compose to live.
type ComposeKeep struct {
	ComposeID
	Rule  string    `json:"rule"`
	Until time.Time `json:"until"`
}

// RulePassed is one due entry of a rule.
type RulePassed struct {
	Rule string    `json:"rule"`
	At   time.Time `json:"at"`
}

// Subject is the rule.
func (p RulePassed) Subject() string { return p.Rule }

// Attributes are the rule.
func (p RulePassed) Attributes() map[string]string { return attributes("rule", p.Rule) }
