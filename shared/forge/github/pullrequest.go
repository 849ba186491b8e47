package github

import (
	"strings"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// read makes our form of a pull request of the repository repo.
func (c Config) read(p *github.PullRequest, repo string) (event.PullRequest, error) {
	pr := event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: c.Name, Repo: repo, Number: p.GetNumber()},
		Title:         forge.Title(p.GetTitle()),
		Author:        forge.Title(p.GetUser().GetLogin()),
		Branch:        p.GetBase().GetRef(),
		Commit:        p.GetHead().GetSHA(),
		SourceBranch:  p.GetHead().GetRef(),
		Updated:       moment(p.GetUpdatedAt()),
	}
	pr.URL = c.PageURL(pr.PullRequestID)
	if err := forge.CheckID(pr.PullRequestID, c.Name); err != nil {
		return pr, err
	}
	if err := forge.CheckBranch(pr.Branch); err != nil {
		return pr, err
	}
	if err := forge.CheckBranch(pr.SourceBranch); err != nil {
		return pr, err
	}
	if err := forge.CheckCommit(pr.Commit); err != nil {
		return pr, err
	}
	from := repo // of a deleted fork the repository itself has the commits
	if page := p.GetHead().GetRepo().GetHTMLURL(); page != "" {
		path, ours, err := c.path(page)
		if err == nil && !ours {
			err = forge.Malformed("its fork is on another instance: %s", forge.Line(page, 200))
		}
		if err != nil {
			return pr, err
		}
		from = path
	}
	pr.Source, pr.SourceURL = c.base()+"/"+from+".git", c.base()+"/"+from
	return pr, nil
}

// moment keeps times JSON can hold.
func moment(t github.Timestamp) time.Time {
	if y := t.Year(); y < 1970 || y > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

// owner cuts OWNER/NAME. It is checked wherever it comes from.
func owner(repo string) (name, rest string) {
	name, rest, _ = strings.Cut(repo, "/")
	return name, rest
}
