package event

import "time"

// What a forge is asked about a pull request, and what it answered.
const (
	// ChangeLookWanted asks for the truth about a pull request.
	ChangeLookWanted Kind[ChangeLook] = "distaff.change.look-wanted"
	// ChangeLooked is that truth.
	ChangeLooked Kind[Change] = "distaff.change.looked"
)

// ChangeLook asks a forge what a pull request is now.
type ChangeLook struct {
	PullRequestID
	Label string `json:"label"`
	// Commit is the head the asker knows of.
	Commit string `json:"commit,omitempty"`
}

// Subject is the pull request.
func (l ChangeLook) Subject() string { return l.String() }

// Attributes are the forge.
func (l ChangeLook) Attributes() map[string]string { return attributes("forge", l.Forge) }

// Change is a pull request as its forge shows it when asked.
type Change struct {
	PullRequestID
	Label string `json:"label"`
	// Head is the commit the pull request has now, Branch its target.
	Head   string `json:"head,omitempty"`
	Branch string `json:"branch,omitempty"`
	Source string `json:"source,omitempty"`
	Title  string `json:"title,omitempty"`
	Author string `json:"author,omitempty"`
	URL    string `json:"url,omitempty"`
	// Updated is the forge's own time of the last change.
	Updated time.Time `json:"updated,omitzero"`
	Open    bool      `json:"open,omitempty"`
	Merged  bool      `json:"merged,omitempty"`
	// Files are the paths it touches, up to 1,000 of them.
	Files []string `json:"files,omitempty"`
	// NoSpec: the head has no spec file, or the pull request removes it.
	NoSpec bool `json:"no_spec,omitempty"`
	// Dead: the head has a dead.package file: the package is retired.
	Dead bool `json:"dead,omitempty"`
	// FMF: the head has .fmf/version, so it brings tests of its own.
	FMF bool `json:"fmf,omitempty"`
	// Trouble says why the forge gave no answer; then all else is empty.
	Trouble string `json:"trouble,omitempty"`
}

// Subject is the pull request.
func (c Change) Subject() string { return c.String() }

// Attributes are the forge.
func (c Change) Attributes() map[string]string { return attributes("forge", c.Forge) }

// What Bodhi is asked about a branch, and what it answered.
const (
	// ReleaseLookWanted asks which release a dist-git branch belongs to.
	ReleaseLookWanted Kind[ReleaseLook] = "distaff.release.look-wanted"
	// ReleaseLooked is the answer.
	ReleaseLooked Kind[Release] = "distaff.release.looked"
)

// ReleaseLook asks which release a branch belongs to.
type ReleaseLook struct {
	PullRequestID
	Label  string `json:"label"`
	Branch string `json:"branch"`
}

// Subject is the pull request the question is for.
func (l ReleaseLook) Subject() string { return l.String() }

// Attributes are none.
func (l ReleaseLook) Attributes() map[string]string { return nil }

// Release is what a dist-git branch stands for.
type Release struct {
	PullRequestID
	Label string `json:"label"`
	// Branch is the dist-git branch asked about.
	Branch string `json:"branch"`
	// Found is false where no release has the branch; Reason then says so.
	Found  bool   `json:"found,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Name is the short name of the branch in statuses: rawhide, f44.
	Name string `json:"name,omitempty"`
	// Target is Koji's build target.
	Target string `json:"target,omitempty"`
	// Distro is Testing Farm's name of it: fedora-rawhide.
	Distro string `json:"distro,omitempty"`
	// Trouble says why Bodhi gave no answer; then all else is empty.
	Trouble string `json:"trouble,omitempty"`
}

// Subject is the pull request the answer is for.
func (r Release) Subject() string { return r.String() }

// Attributes are none.
func (r Release) Attributes() map[string]string { return nil }
