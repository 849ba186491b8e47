package event

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// What a forge tells about a pull request.
const (
	// PullRequestOpened: a pull request was made.
	PullRequestOpened Kind[PullRequest] = "distaff.pull-request.opened"
	// PullRequestUpdated: its head, target branch or title changed.
	PullRequestUpdated Kind[PullRequest] = "distaff.pull-request.updated"
	// PullRequestReopened: a closed one is open again.
	PullRequestReopened Kind[PullRequest] = "distaff.pull-request.reopened"
	// PullRequestClosed: it was closed without being merged.
	PullRequestClosed Kind[PullRequest] = "distaff.pull-request.closed"
	// PullRequestMerged: it was merged.
	PullRequestMerged Kind[PullRequest] = "distaff.pull-request.merged"
	// PullRequestCommented: somebody wrote a comment.
	PullRequestCommented Kind[PullRequest] = "distaff.pull-request.commented"
)

// PullRequestID names one pull request of one forge.
type PullRequestID struct {
	// Forge is the instance's name in the configuration: fedora.
	Forge string `json:"forge"`
	// Repo is the path of the repository it is made to: rpms/bash.
	Repo string `json:"repo"`
	// Number is the forge's own number of it.
	Number int `json:"number"`
}

// String gives the form people write: fedora/rpms/bash#12.
func (id PullRequestID) String() string {
	return id.Forge + "/" + id.Repo + "#" + strconv.Itoa(id.Number)
}

// Package is the last part of the repository's path: bash.
func (id PullRequestID) Package() string { return path.Base(id.Repo) }

// ParsePullRequestID reads the form String writes.
func ParsePullRequestID(text string) (PullRequestID, error) {
	place, number, ok := strings.Cut(text, "#")
	forge, repo, ok2 := strings.Cut(place, "/")
	n, err := strconv.Atoi(number)
	if !ok || !ok2 || err != nil || n < 1 || forge == "" || repo == "" {
		return PullRequestID{}, fmt.Errorf("%q is not a pull request: write FORGE/REPOSITORY#NUMBER, as in fedora/rpms/bash#12", text)
	}
	return PullRequestID{Forge: forge, Repo: repo, Number: n}, nil
}

// PullRequest is a pull request as its forge described it in one message.
type PullRequest struct {
	PullRequestID
	// URL is its page on the forge.
	URL string `json:"url,omitempty"`
	// Title is what its author called it.
	Title string `json:"title,omitempty"`
	// Author opened it; Agent did what this message tells of.
	Author string `json:"author,omitempty"`
	Agent  string `json:"agent,omitempty"`
	// Branch is the branch it is to be merged into: rawhide.
	Branch string `json:"branch,omitempty"`
	// Commit is its head: a full sha. Empty where the message has none.
	Commit string `json:"commit,omitempty"`
	// Source is the address Git fetches Commit from (https, of the fork).
	Source string `json:"source,omitempty"`
	// SourceBranch is the branch of Source that it is made from.
	SourceBranch string `json:"source_branch,omitempty"`
	// SourceURL is the web page of the repository Source is of.
	SourceURL string `json:"source_url,omitempty"`
	// Updated is when it last changed, by the forge's own clock. It orders heads.
	Updated time.Time `json:"updated,omitzero"`
	// Comment is set in PullRequestCommented.
	Comment *Comment `json:"comment,omitempty"`
}

// Comment is one remark on a pull request.
type Comment struct {
	ID     string `json:"id"`
	Author string `json:"author"`
	Text   string `json:"text"`
	// Edited tells that an older comment was changed.
	Edited bool `json:"edited,omitempty"`
}

// Subject is the pull request.
func (p PullRequest) Subject() string { return p.String() }

// Attributes are the forge, repository and branch.
func (p PullRequest) Attributes() map[string]string {
	return attributes("forge", p.Forge, "repo", p.Repo, "branch", p.Branch)
}

// ID is the pull request that data is about.
func (id PullRequestID) ID() PullRequestID { return id }
