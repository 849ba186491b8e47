package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

const perPage = 100

// Look asks what a pull request is now. commit is the head the asker knows of,
// or empty. An error may pass by itself if wire.Temporary says so.
func (c *Client) Look(ctx context.Context, id event.PullRequestID, commit string) (forge.Look, error) {
	look, err := c.look(ctx, id, commit)
	if err != nil {
		return forge.Look{}, fmt.Errorf("look at %s: %w", id, c.done(id.Repo, err))
	}
	return look, nil
}

func (c *Client) look(ctx context.Context, id event.PullRequestID, commit string) (forge.Look, error) {
	if err := forge.CheckID(id, c.config.Name); err != nil {
		return forge.Look{}, err
	}
	api, err := c.as(ctx, id.Repo)
	if err != nil {
		return forge.Look{}, err
	}
	name, rest := owner(id.Repo)
	p, _, err := api.PullRequests.Get(ctx, name, rest, id.Number)
	if err != nil {
		return forge.Look{}, err
	}
	pr, err := c.config.read(fromAPI(p), id.Repo)
	if err != nil {
		return forge.Look{}, err
	}
	if pr.Number != id.Number {
		return forge.Look{}, forge.Malformed("the answer is about #%d", pr.Number)
	}
	look := forge.Look{
		PullRequest: id, URL: pr.URL, Title: pr.Title, Author: pr.Author, Branch: pr.Branch, Head: pr.Commit,
		Source: pr.Source, SourceURL: pr.SourceURL, SourceBranch: pr.SourceBranch, Updated: pr.Updated,
		Open: p.GetState() == "open", Merged: p.GetMerged(),
		Moved: commit != "" && commit != pr.Commit,
	}
	if !look.Open {
		return look, nil
	}
	return look, c.inside(ctx, api, &look)
}

// inside adds what there is at the head. The repository itself is asked: it
// shares the commits of its forks.
func (c *Client) inside(ctx context.Context, api *github.Client, look *forge.Look) error {
	name, rest := owner(look.PullRequest.Repo)
	root, err := tree(ctx, api, name, rest, look.Head)
	if missing(err) {
		look.Gone = true
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.files(ctx, api, look); err != nil {
		return err
	}
	names := make([]string, 0, len(root))
	for _, entry := range root {
		names = append(names, entry.GetPath())
		if entry.GetPath() == ".fmf" && entry.GetType() == "tree" {
			inner, err := tree(ctx, api, name, rest, entry.GetSHA())
			if err != nil && !missing(err) {
				return err
			}
			look.FMF = slices.ContainsFunc(inner, func(e *github.TreeEntry) bool { return e.GetPath() == "version" })
		}
	}
	look.Judge(names)
	return nil
}

func tree(ctx context.Context, api *github.Client, name, rest, commit string) ([]*github.TreeEntry, error) {
	found, _, err := api.Git.GetTree(ctx, name, rest, commit, false)
	if err != nil {
		return nil, err
	}
	return found.Entries, nil
}

func (c *Client) files(ctx context.Context, api *github.Client, look *forge.Look) error {
	name, rest := owner(look.PullRequest.Repo)
	page := &github.ListOptions{PerPage: perPage}
	for {
		files, resp, err := api.PullRequests.ListFiles(ctx, name, rest, look.PullRequest.Number, page)
		if err != nil {
			return err
		}
		for _, f := range files {
			look.Files = append(look.Files, forge.File{Path: f.GetFilename(), Change: changeOf(f.GetStatus()), Was: f.GetPreviousFilename()})
		}
		if look.More = resp.NextPage != 0; !look.More || len(look.Files) >= forge.MaxFiles {
			break
		}
		page.Page = resp.NextPage
	}
	if len(look.Files) > forge.MaxFiles {
		look.Files, look.More = look.Files[:forge.MaxFiles], true
	}
	slices.SortFunc(look.Files, func(a, b forge.File) int { return cmp.Compare(a.Path, b.Path) })
	return nil
}

// changeOf reads GitHub's words: added, removed, modified, renamed, copied,
// changed, unchanged.
func changeOf(status string) forge.Change {
	switch status {
	case "added", "copied":
		return forge.Added
	case "removed":
		return forge.Deleted
	case "renamed":
		return forge.Renamed
	}
	return forge.Modified
}

// Open lists the open pull requests of a repository that changed at since or
// later, the newest first.
func (c *Client) Open(ctx context.Context, repo string, since time.Time) ([]event.PullRequest, error) {
	open, err := c.open(ctx, repo, since)
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %s: %w", repo, c.done(repo, err))
	}
	return open, nil
}

func (c *Client) open(ctx context.Context, repo string, since time.Time) ([]event.PullRequest, error) {
	if _, _, err := c.config.path(c.config.base() + "/" + repo); err != nil {
		return nil, err
	}
	api, err := c.as(ctx, repo)
	if err != nil {
		return nil, err
	}
	name, rest := owner(repo)
	var open []event.PullRequest
	ask := &github.PullRequestListOptions{
		State: "open", Sort: "updated", Direction: "desc",
		ListOptions: github.ListOptions{PerPage: perPage},
	}
	for {
		list, resp, err := api.PullRequests.List(ctx, name, rest, ask)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			if p.GetUpdatedAt().Before(since) {
				return open, nil
			}
			pr, err := c.config.read(fromAPI(p), repo)
			if err != nil {
				continue // one odd pull request must not hide the others
			}
			pr.Agent = pr.Author
			open = append(open, pr)
		}
		if resp.NextPage == 0 {
			return open, nil
		}
		ask.Page = resp.NextPage
	}
}

// missing tells whether GitHub has no such thing: 404, or 409 from an empty
// repository.
func missing(err error) bool {
	var refusal *github.ErrorResponse
	if !errors.As(err, &refusal) || refusal.Response == nil {
		return false
	}
	code := refusal.Response.StatusCode
	return code == http.StatusNotFound || code == http.StatusConflict || code == http.StatusUnprocessableEntity
}
