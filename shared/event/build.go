package event

import "time"

// What Koji is asked to do.
const (
	// BuildWanted asks for one scratch build.
	BuildWanted Kind[BuildOrder] = "distaff.build.wanted"
	// BuildCancelWanted asks to stop one, or to never start it.
	BuildCancelWanted Kind[BuildCancel] = "distaff.build.cancel-wanted"
	// BuildLookWanted asks what became of tasks.
	BuildLookWanted Kind[BuildLook] = "distaff.build.look-wanted"
	// KojiTaskChanged is what the bus says of a task: a hint, never the truth.
	KojiTaskChanged Kind[KojiTask] = "distaff.koji.task-changed"
)

// What Koji answered.
const (
	// BuildStarted: Koji took the build and gave it a task.
	BuildStarted Kind[Build] = "distaff.build.started"
	// BuildRefused: Koji will not do it, and asking again is no use.
	BuildRefused Kind[Build] = "distaff.build.refused"
	// BuildSeen: the task is not finished yet, or Koji could not be asked.
	BuildSeen Kind[Build] = "distaff.build.seen"
	// BuildEnded: the task is finished, in one way or another.
	BuildEnded Kind[Build] = "distaff.build.ended"
	// BuildCancelled: what was to be cancelled runs no longer.
	BuildCancelled Kind[Build] = "distaff.build.cancelled"
)

// BuildOrder is one scratch build to be started.
type BuildOrder struct {
	PullRequestID
	Label string `json:"label"`
	// Koji is the instance; Target the build target there.
	Koji   string `json:"koji"`
	Target string `json:"target"`
	// Source is Koji's SCM address: git+https://host/path.git#commit.
	Source string `json:"source"`
}

// Subject is the pull request.
func (o BuildOrder) Subject() string { return o.String() }

// Attributes are the Koji instance.
func (o BuildOrder) Attributes() map[string]string { return attributes("koji", o.Koji) }

// BuildCancel is a build that is to run no longer.
type BuildCancel struct {
	PullRequestID
	// Label is the cancelling's own; Of is the build's.
	Label string `json:"label"`
	Of    string `json:"of"`
	Koji  string `json:"koji"`
	// Task is the one to stop where it is not the one Of stands for: a second
	// task with one label.
	Task int64 `json:"task,omitempty"`
	// Keep says that Task is the one that stays and every other task with the
	// label is to go.
	Keep bool `json:"keep,omitempty"`
}

// Subject is the pull request.
func (c BuildCancel) Subject() string { return c.String() }

// Attributes are the Koji instance.
func (c BuildCancel) Attributes() map[string]string { return attributes("koji", c.Koji) }

// BuildLook asks about tasks of many pull requests at once.
type BuildLook struct {
	Koji  string   `json:"koji"`
	Tasks []Remote `json:"tasks"`
}

// Remote is a thing of ours at an outside system.
type Remote struct {
	PullRequestID
	// ID is the remote's own id of it.
	ID string `json:"id"`
	// Due is the key of the due/ entry that asks.
	Due string `json:"due,omitempty"`
}

// Subject is the Koji instance.
func (l BuildLook) Subject() string { return l.Koji }

// Attributes are the Koji instance.
func (l BuildLook) Attributes() map[string]string { return attributes("koji", l.Koji) }

// KojiTask is a message about a task on the bus.
type KojiTask struct {
	Koji  string `json:"koji"`
	Task  int64  `json:"task"`
	State string `json:"state"` // OPEN, CLOSED, CANCELED, FAILED, ASSIGNED
	Owner string `json:"owner,omitempty"`
	// Label is what the task's request says ours is. Nothing rests on it.
	Label string `json:"label,omitempty"`
}

// Subject is the label, where there is one.
func (t KojiTask) Subject() string { return t.Label }

// Attributes are the Koji instance and the task's state.
func (t KojiTask) Attributes() map[string]string {
	return attributes("koji", t.Koji, "state", t.State)
}

// Build is what is known of a build.
type Build struct {
	PullRequestID
	Label string `json:"label"`
	Koji  string `json:"koji"`
	Task  int64  `json:"task,omitempty"`
	// URL is the task's page.
	URL string `json:"url,omitempty"`
	// Of is the label a cancelling was about.
	Of string `json:"of,omitempty"`
	// State is open or free (BuildSeen); closed, failed or canceled (BuildEnded).
	State string `json:"state,omitempty"`
	// Reason is why it was refused, or why Koji could not be asked.
	Reason string `json:"reason,omitempty"`
	// Unsure tells that an earlier answer was lost, so that a second task with
	// this label may turn up.
	Unsure bool `json:"unsure,omitempty"`
	// Created, Started and Ended are Koji's own times.
	Created time.Time `json:"created,omitzero"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Arches  []string  `json:"arches,omitempty"`
	// Artifacts are what it made, by name, with the address of each.
	Artifacts []Link `json:"artifacts,omitempty"`
	// Failure says what went wrong in a failed one.
	Failure *Failure `json:"failure,omitempty"`
}

// Subject is the pull request.
func (b Build) Subject() string { return b.String() }

// Attributes are the Koji instance and the task's state.
func (b Build) Attributes() map[string]string {
	return attributes("koji", b.Koji, "state", b.State)
}

// Link is a name with an address.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Failure is what a person has to read to understand a failed check.
type Failure struct {
	// Reason is one line without the place: undefined reference to 'foo'.
	Reason string `json:"reason"`
	// Place is where: build.log:412. Arch is on which architecture.
	Place string `json:"place,omitempty"`
	Arch  string `json:"arch,omitempty"`
	// LogURL is the whole log; First the number of Lines' first line in it, and
	// Line the number of the one that decides.
	LogURL string   `json:"log_url,omitempty"`
	First  int      `json:"first,omitempty"`
	Line   int      `json:"line,omitempty"`
	Lines  []string `json:"lines,omitempty"`
	// Rule is the rule that found it; empty: not recognised, the last lines.
	Rule string `json:"rule,omitempty"`
	// Infra tells that the machinery failed, not the package.
	Infra bool `json:"infra,omitempty"`
	// Target is the build target Koji has not. Then this instance is not set up
	// right, and trying again is of no use.
	Target string `json:"target,omitempty"`
}
