package page

import "time"

// ComposeState is how a compose stands, in a word or two.
type ComposeState string

// The states of a compose as people are told.
const (
	ComposeWaiting   ComposeState = "waiting"
	ComposeMaking    ComposeState = "being made"
	ComposeDone      ComposeState = "done"
	ComposeFailed    ComposeState = "failed"
	ComposeCancelled ComposeState = "cancelled"
	ComposeRemoved   ComposeState = "removed"
)

// composeMark names the icon and colour of a state, one of those of runs.
func composeMark(s ComposeState) string {
	marks := map[ComposeState]State{
		ComposeWaiting: Queued, ComposeMaking: Running, ComposeDone: Passed, ComposeFailed: Failed,
		ComposeCancelled: Cancelled, ComposeRemoved: Superseded,
	}
	return mark(marks[s])
}

// Composes is a list of composes.
type Composes struct {
	// Asked says in words what is listed, if not all: made from tag f45-updates.
	Asked string       `json:"asked,omitempty"`
	Rows  []ComposeRow `json:"composes"`
	// Choices are lists like this one of fewer composes, or of all.
	Choices []Choice `json:"choices"`
	Total   int      `json:"total"`
	Pager
	// Near says what else was looked for where nothing was found.
	Near string `json:"near,omitempty"`
}

// Pager leads through pages of something.
type Pager struct {
	Page  int   `json:"page,omitempty"`
	Pages int   `json:"pages,omitempty"`
	Prev  Place `json:"prev,omitempty"`
	Next  Place `json:"next,omitempty"`
}

// Choice is a link to one of several views; that of the page itself is On.
type Choice struct {
	Text  string `json:"text"`
	Place Place  `json:"place"`
	On    bool   `json:"on,omitempty"`
}

// ComposeRow is one compose in a list.
type ComposeRow struct {
	ID        int64        `json:"id"`
	Place     Place        `json:"place"`
	State     ComposeState `json:"state"`
	From      string       `json:"from"` // tag f45-updates
	Arches    string       `json:"arches"`
	Owner     string       `json:"owner"`
	Submitted time.Time    `json:"submitted,omitzero"`
	// Until is when it is removed; zero while nobody knows.
	Until time.Time `json:"until,omitzero"`
}

// Compose is one compose.
type Compose struct {
	ID    int64        `json:"id"`
	State ComposeState `json:"state"`
	// Verdict says in a sentence how it stands, From what it is made of.
	Verdict string `json:"verdict"`
	From    string `json:"from"`
	// Reason are the lines of what went wrong.
	Reason []string `json:"reason"`
	// Described of Total packages are described so far.
	Described int    `json:"described,omitempty"`
	Total     int    `json:"total,omitempty"`
	Owner     string `json:"owner"`
	// Why is what a rule wanted it for, and Rule that rule.
	Why       string    `json:"why,omitempty"`
	Rule      string    `json:"rule,omitempty"`
	RulePlace Place     `json:"rule_place,omitempty"`
	Submitted time.Time `json:"submitted,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	Removed   time.Time `json:"removed,omitzero"`
	// Left is how long it is still there.
	Left Seconds `json:"left_seconds,omitempty"`

	// Asked is what was asked for, as far as it is not in From.
	Asked []Fact `json:"asked"`
	// Others are composes it has to do with.
	Others []Fact `json:"others"`

	RepoFile Link  `json:"repo_file,omitzero"`
	Files    Place `json:"files,omitempty"` // its directory
	API      Link  `json:"api,omitzero"`
	// Install and Renew are lines to copy into a terminal; Call is Renew for
	// those without distaff.
	Install    []string `json:"install"`
	RenewTitle string   `json:"renew_title,omitempty"`
	Renew      []string `json:"renew"`
	Call       []string `json:"call"`

	Packages int           `json:"packages,omitempty"`
	Bytes    int64         `json:"metadata_bytes,omitempty"`
	Trees    []ComposeTree `json:"trees"`
	// Missing are RPMs that Koji has no more, or has signed anew.
	Missing     []string `json:"missing"`
	MoreMissing int      `json:"more_missing,omitempty"`
	// Difference is that to the compose before it, and Since says what that is.
	Difference ComposeDifference `json:"difference,omitzero"`
	Since      string            `json:"since,omitempty"`
	Trail      []Happened        `json:"trail"`
}

// Fact is something known by a name.
type Fact struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Place Place  `json:"place,omitempty"`
}

// ComposeTree is one repository of a compose.
type ComposeTree struct {
	Name  string `json:"name"` // x86_64, x86_64 debuginfo, sources
	Count int    `json:"count"`
	Place Place  `json:"place"`
}

// ComposePackage is one RPM of a compose.
type ComposePackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch"`
	Build   string `json:"build,omitempty"`
	Sigkey  string `json:"sigkey,omitempty"`
	Size    int64  `json:"size,omitempty"`
	// File leads to the RPM.
	File Place `json:"file,omitempty"`
}

// ComposePackages are the packages of one tree of a compose, a page of them.
type ComposePackages struct {
	ID    int64    `json:"id"`
	At    Place    `json:"compose_place"`
	From  string   `json:"from"`
	Tree  string   `json:"tree"`
	Trees []Choice `json:"trees"`
	// Wanted is what their names are to hold.
	Wanted string           `json:"wanted,omitempty"`
	Self   Place            `json:"self"`
	Rows   []ComposePackage `json:"packages"`
	Total  int              `json:"total"`
	Pager
}

// ComposeDifference is what is otherwise between two composes.
type ComposeDifference struct {
	// Was and Is are the composes, the older first.
	Was      int64 `json:"was,omitempty"`
	Is       int64 `json:"is,omitempty"`
	WasPlace Place `json:"was_place,omitempty"`
	IsPlace  Place `json:"is_place,omitempty"`
	// Said is it in a sentence.
	Said   string          `json:"said"`
	Groups []ComposeChange `json:"groups"`
	// All leads to the difference with every line, Debug to that with debug and
	// source packages.
	All   Place `json:"all,omitempty"`
	Debug Place `json:"debug,omitempty"`
}

// ComposeChange are packages that changed in the same way.
type ComposeChange struct {
	Title string          `json:"title"`
	Rows  []ComposeBecame `json:"rows"`
	More  int             `json:"more,omitempty"`
}

// ComposeBecame is one package that is otherwise.
type ComposeBecame struct {
	Name  string `json:"name"`
	Was   string `json:"was,omitempty"`
	Is    string `json:"is,omitempty"`
	Trees string `json:"trees"`
	Note  string `json:"note,omitempty"`
}

// ComposeRules are the rules that make composes by themselves.
type ComposeRules struct {
	Rows []ComposeRule `json:"rules"`
}

// ComposeRule is one rule.
type ComposeRule struct {
	Name  string `json:"name"`
	Place Place  `json:"place,omitempty"`
	// Does says what it is doing, When what it waits for.
	Does string `json:"does"`
	When []Fact `json:"when"`
	// Busy tells that it is at work.
	Busy bool `json:"busy,omitempty"`
	// Pending is what happened that it has not begun with.
	Pending []string `json:"pending"`
	// Last is its newest compose that is done.
	Last      int64     `json:"last,omitempty"`
	LastPlace Place     `json:"last_place,omitempty"`
	LastAt    time.Time `json:"last_at,omitzero"`
	// Latest is the .repo file that leads to the newest always.
	Latest  Link       `json:"latest,omitzero"`
	Install []string   `json:"install"`
	Trail   []Happened `json:"trail"`
	// Request is the body of the POST it stands for.
	Request []string `json:"request"`
}

// Folder is what lies in a directory of a compose.
type Folder struct {
	Path string `json:"path"`
	// Up leads to the directory above, About to the compose.
	Up      Place     `json:"up,omitempty"`
	About   Place     `json:"about"`
	Entries []Entered `json:"entries"`
	More    int       `json:"more,omitempty"`
}

// Entered is one entry of a directory.
type Entered struct {
	Name  string    `json:"name"`
	Place Place     `json:"place,omitempty"`
	File  Link      `json:"file,omitzero"`
	Size  int64     `json:"size,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

func composeTemplateOf(data any) string {
	switch data.(type) {
	case Composes:
		return "composes.tmpl"
	case Compose:
		return "compose.tmpl"
	case ComposePackages:
		return "composepackages.tmpl"
	case ComposeDifference:
		return "composedifference.tmpl"
	case ComposeRules:
		return "composerules.tmpl"
	case ComposeRule:
		return "composerule.tmpl"
	case Folder:
		return "composefolder.tmpl"
	case NoCompose:
		return "composemissing.tmpl"
	}
	return ""
}

// NoCompose is a page that is not there, among those of composes.
type NoCompose Missing

// Icon is the mark of the pages: a distaff, by the fibre on its staff.
const Icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1v14" stroke="#7a5230" stroke-width="1.6" stroke-linecap="round"/><path d="M8 2.2c3 1.4 3.4 5 0 8.3-3.4-3.3-3-6.9 0-8.3z" fill="#2f6fb3"/><path d="M5.9 5.4h4.2M6.3 7.6h3.4" stroke="#fff" stroke-width=".8"/></svg>`
