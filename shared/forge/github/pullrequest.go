package github

import (
	"strings"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// fromAPI takes a pull request of the REST interface.
func fromAPI(p *github.PullRequest) *pullRequest {
	at := func(b *github.PullRequestBranch) place {
		to := place{Ref: b.GetRef(), SHA: b.GetSHA()}
		if b.GetRepo() != nil {
			to.Repo = &repository{HTMLURL: b.GetRepo().GetHTMLURL()}
		}
		return to
	}
	out := &pullRequest{
		Number: p.GetNumber(), Title: p.GetTitle(), Merged: p.GetMerged(), User: user{p.GetUser().GetLogin()},
		Head: at(p.GetHead()), Base: at(p.GetBase()),
	}
	if p.UpdatedAt != nil {
		out.Updated = p.GetUpdatedAt().UTC().Format(time.RFC3339)
	}
	return out
}

// read makes our form of a pull request of the repository repo.
func (c Config) read(p *pullRequest, repo string) (event.PullRequest, error) {
	pr := event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: c.Name, Repo: repo, Number: p.Number},
		Title:         forge.Title(p.Title),
		Author:        forge.Title(p.User.Login),
		Branch:        p.Base.Ref,
		Commit:        p.Head.SHA,
		SourceBranch:  p.Head.Ref,
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
	var err error
	if pr.Updated, err = moment(p.Updated); err != nil {
		return pr, err
	}
	from := repo // of a deleted fork the repository itself has the commits
	if p.Head.Repo != nil {
		path, ours, err := c.path(p.Head.Repo.HTMLURL)
		if err == nil && !ours {
			err = forge.Malformed("its fork is on another instance: %s", forge.Line(p.Head.Repo.HTMLURL, 200))
		}
		if err != nil {
			return pr, err
		}
		from = path
	}
	pr.Source, pr.SourceURL = c.base()+"/"+from+".git", c.base()+"/"+from
	return pr, nil
}

// moment reads a time. Empty is none.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if y := t.Year(); err != nil || y < 1970 || y > 9998 { // years JSON can hold, in any zone
		return time.Time{}, forge.Malformed("%q is not a time", forge.Line(text, 40))
	}
	return t.UTC(), nil
}

// owner cuts OWNER/NAME. It is checked wherever it comes from.
func owner(repo string) (name, rest string) {
	name, rest, _ = strings.Cut(repo, "/")
	return name, rest
}
