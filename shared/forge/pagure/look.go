package pagure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/wire"
)

// errNoStats is temporary: Pagure computes a diff after the push, at leisure.
var errNoStats = errors.New("the changed files are not computed yet")

// Look asks what a pull request is now. commit is the head the asker knows of,
// or empty. An error may pass by itself if wire.Temporary says so.
func (c *Client) Look(ctx context.Context, id event.PullRequestID, commit string) (forge.Look, error) {
	look, err := c.look(ctx, id, commit)
	if err != nil {
		return forge.Look{}, fmt.Errorf("look at %s: %w", id, err)
	}
	return look, nil
}

func (c *Client) look(ctx context.Context, id event.PullRequestID, commit string) (forge.Look, error) {
	if err := forge.CheckID(id, c.config.Name); err != nil {
		return forge.Look{}, err
	}
	var p pullRequest
	if err := c.get(ctx, fmt.Sprintf("%s/pull-request/%d?comments=0", id.Repo, id.Number), &p); err != nil {
		return forge.Look{}, err
	}
	pr, foreign, err := c.config.read(&p)
	switch {
	case err != nil:
		return forge.Look{}, err
	case foreign != "" || pr.PullRequestID != id:
		return forge.Look{}, forge.Malformed("the answer is about %s%s", pr.PullRequestID, forge.Line(foreign, 200))
	}
	look := forge.Look{
		PullRequest: id, URL: pr.URL, Title: pr.Title, Author: pr.Author, Branch: pr.Branch, Head: pr.Commit,
		Source: pr.Source, SourceURL: pr.SourceURL, SourceBranch: pr.SourceBranch, Updated: pr.Updated,
		Open: p.Status == "Open", Merged: p.Status == "Merged",
		Moved: commit != "" && commit != pr.Commit,
	}
	if !look.Open || look.Head == "" {
		return look, nil
	}
	return look, c.inside(ctx, &look, &p)
}

// inside adds what there is at the head.
func (c *Client) inside(ctx context.Context, look *forge.Look, p *pullRequest) error {
	from := look.PullRequest.Repo // has the commits of deleted forks and remote ones too
	if p.RepoFrom != nil {
		from, _, _ = c.config.path(p.RepoFrom) // was checked when p was read
	}
	names, err := c.root(ctx, from, look.Head)
	if wire.Code(err) == http.StatusNotFound {
		look.Gone = true
		return nil
	}
	if err != nil {
		return err
	}
	if look.Files, err = c.files(ctx, look.PullRequest); err != nil {
		return err
	}
	if len(look.Files) > forge.MaxFiles {
		look.Files, look.More = look.Files[:forge.MaxFiles], true
	}
	look.Judge(names)
	if slices.Contains(names, ".fmf") {
		look.FMF, err = c.exists(ctx, from, look.Head, ".fmf/version")
	}
	return err
}

// root lists the names in the root folder of a commit.
func (c *Client) root(ctx context.Context, repo, commit string) ([]string, error) {
	path := repo + "/tree/" + commit
	if strings.Count(repo, "/") == 3 {
		path += "/" // the route of forks with a namespace is written so, alone of all
	}
	var tree struct {
		Content []struct {
			Name string `json:"name"`
		} `json:"content"`
	}
	if err := c.get(ctx, path, &tree); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(tree.Content))
	for _, entry := range tree.Content {
		names = append(names, entry.Name)
	}
	return names, nil
}

// files lists what the pull request changes. Pagure answers 400 until it has
// computed that.
func (c *Client) files(ctx context.Context, id event.PullRequestID) ([]forge.File, error) {
	path := fmt.Sprintf("%s/pull-request/%d/diffstats", id.Repo, id.Number)
	var stats map[string]struct {
		Status  string `json:"status"`
		OldPath string `json:"old_path"`
	}
	const tries = 3
	for try := 1; ; try++ {
		err := c.get(ctx, path, &stats)
		if err == nil {
			break
		}
		if !refused(err, "ENOPRSTATS") {
			return nil, err
		}
		if try == tries {
			return nil, &wire.Error{System: c.wire.System, Method: http.MethodGet, URL: c.config.base() + "/api/0/" + path, Err: errNoStats}
		}
		if err := wait(ctx, c.pause); err != nil {
			return nil, err
		}
	}
	files := make([]forge.File, 0, len(stats))
	for path, stat := range stats {
		file := forge.File{Path: path, Change: forge.Change(stat.Status)}
		if file.Change == forge.Renamed {
			file.Was = stat.OldPath
		}
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b forge.File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// exists tells whether there is a file in a commit.
func (c *Client) exists(ctx context.Context, repo, commit, name string) (bool, error) {
	_, err := c.page(ctx, "/"+repo+"/raw/"+commit+"/f/"+name)
	if wire.Code(err) == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
