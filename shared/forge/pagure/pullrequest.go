package pagure

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// pullRequest is a pull request as Pagure writes it, in messages and answers.
type pullRequest struct {
	ID         int       `json:"id"`
	Title      string    `json:"title"`
	Branch     string    `json:"branch"`
	BranchFrom string    `json:"branch_from"`
	CommitStop string    `json:"commit_stop"`
	Project    *project  `json:"project"`
	RepoFrom   *project  `json:"repo_from"`
	RemoteGit  string    `json:"remote_git"`
	User       user      `json:"user"`
	Status     string    `json:"status"`
	Comments   []comment `json:"comments"`
	Updated    stamp     `json:"last_updated"`
	UpdatedOn  stamp     `json:"updated_on"`
}

type project struct {
	URLPath string `json:"url_path"`
	FullURL string `json:"full_url"`
}

type user struct {
	Name string `json:"name"`
}

type comment struct {
	ID           json.Number `json:"id"`
	Comment      string      `json:"comment"`
	Notification bool        `json:"notification"`
	User         user        `json:"user"`
}

// stamp is a time: Pagure writes a string of seconds, older ones a number.
type stamp string

func (s *stamp) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if text == "null" {
		text = ""
	}
	*s = stamp(text)
	return nil
}

// path is where the project is below the instance: rpms/bash, fork/USER/rpms/bash.
// ok is false where it is of another instance.
func (c Config) path(p *project) (path string, ok bool, err error) {
	if p == nil {
		return "", false, forge.Malformed("it names no project")
	}
	path = p.URLPath
	// The full address decides: it alone tells the instance. Old Pagures give none.
	if p.FullURL != "" {
		path, ok = strings.CutPrefix(strings.TrimSuffix(p.FullURL, "/"), c.base()+"/")
		if !ok {
			return "", false, nil
		}
	}
	return path, true, forge.CheckRepo(path)
}

// read makes our form of p. foreign is the address of the project where that
// is on another instance.
func (c Config) read(p *pullRequest) (pr event.PullRequest, foreign string, err error) {
	repo, ours, err := c.path(p.Project)
	if err != nil || !ours {
		if p.Project != nil {
			foreign = p.Project.FullURL
		}
		return pr, foreign, err
	}
	pr = event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: c.Name, Repo: repo, Number: p.ID},
		Title:         forge.Title(p.Title),
		Author:        forge.Title(p.User.Name),
		Branch:        p.Branch,
		Commit:        p.CommitStop,
		SourceBranch:  p.BranchFrom,
	}
	pr.URL = c.PageURL(pr.PullRequestID)
	if err := forge.CheckID(pr.PullRequestID, c.Name); err != nil {
		return pr, "", err
	}
	if err := forge.CheckBranch(p.Branch); err != nil {
		return pr, "", err
	}
	if forge.CheckBranch(p.BranchFrom) != nil {
		pr.SourceBranch = "" // told only for people; a remote one may have any form
	}
	if p.CommitStop != "" {
		if err := forge.CheckCommit(p.CommitStop); err != nil {
			return pr, "", err
		}
	}
	if pr.Updated, err = p.updated(); err != nil {
		return pr, "", err
	}
	pr.Source, pr.SourceURL, err = c.source(p, repo)
	return pr, "", err
}

// source tells where the head is fetched from, and the page of that place.
func (c Config) source(p *pullRequest, repo string) (git, page string, err error) {
	switch {
	case p.RepoFrom != nil:
		from, ours, err := c.path(p.RepoFrom)
		if err == nil && !ours {
			err = forge.Malformed("its fork is on another instance: %s", forge.Line(p.RepoFrom.FullURL, 200))
		}
		return c.GitURL(from), c.base() + "/" + from, err
	case p.RemoteGit != "" && forge.CheckURL(p.RemoteGit) == nil:
		return p.RemoteGit, strings.TrimSuffix(p.RemoteGit, ".git"), nil
	default:
		// The fork was deleted. The project itself still has the commits.
		return c.GitURL(repo), c.base() + "/" + repo, nil
	}
}

// updated is the later of Pagure's two times. updated_on moves with what people
// do, last_updated with every write; in the message of a push only the second
// has moved yet.
func (p *pullRequest) updated() (time.Time, error) {
	last, err := unix(string(p.Updated))
	if err != nil {
		return last, err
	}
	on, err := unix(string(p.UpdatedOn))
	if err != nil {
		return on, err
	}
	if on.After(last) {
		return on, nil
	}
	return last, nil
}

func agentOf(agent string, p *pullRequest) string {
	return forge.Title(cmp.Or(agent, p.User.Name))
}
