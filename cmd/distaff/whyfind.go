package main

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// find gives the pull request somebody means: by its name, its page, its run, a
// label or the id of an event; by a commit or a task of Koji, which are looked up;
// or by a request at Testing Farm, for which documents are read.
func (o *opened) find(ctx context.Context, text string) (event.PullRequestID, error) {
	if id, ok := o.named(text); ok {
		return id, nil
	}
	if !remoteID(text) {
		_, err := event.ParsePullRequestID(text)
		return event.PullRequestID{}, failed(exitUsage, "%w; or its address, a run, a label, the id of an event, a commit, a Koji task or a Testing Farm request", err)
	}
	if id, err := o.indexed(ctx, text); err != nil || id.Number > 0 {
		return id, err
	}
	all, err := world.PullRequests(ctx, o.files)
	if err != nil {
		return event.PullRequestID{}, failed(exitTrouble, "%w", err)
	}
	for i := range all {
		if mentions(&all[i], text) {
			return all[i].PullRequestID, nil
		}
	}
	return event.PullRequestID{}, failed(exitNothing, "no pull request is known to have anything to do with %s", text)
}

// indexed looks a commit or a task up. Of several pull requests the last of the
// listing is as good as any; all of them are told by the status page's search.
func (o *opened) indexed(ctx context.Context, text string) (event.PullRequestID, error) {
	const most = 100
	found, err := find.Commits(ctx, o.files, strings.ToLower(text), most)
	tasks, err2 := find.Tasks(ctx, o.files, text, most)
	if err := errors.Join(err, err2); err != nil {
		return event.PullRequestID{}, failed(exitTrouble, "%w", err)
	}
	if found = append(found, tasks...); len(found) > 0 {
		return found[len(found)-1].PullRequest, nil
	}
	return event.PullRequestID{}, nil
}

// named reads what has the pull request's name in it.
func (o *opened) named(text string) (event.PullRequestID, bool) {
	if id, err := event.ParsePullRequestID(text); err == nil {
		return id, true
	}
	if u, err := url.Parse(text); err == nil && u.Scheme != "" {
		return o.address(text)
	}
	if place, number, ok := strings.Cut(text, "#"); ok { // with its run behind
		number, _, _ = strings.Cut(number, "/")
		id, err := event.ParsePullRequestID(place + "#" + number)
		return id, err == nil
	}
	text = strings.Trim(strings.TrimPrefix(text, "runs/"), "/")
	text, _, _ = strings.Cut(text, "@") // the id of an event
	// A label, a run and a document begin alike; the shortest that is one counts,
	// because a number behind it is that of the run.
	parts := strings.Split(text, "/")
	for n := 3; n <= len(parts); n++ {
		if id, err := event.ParseDocument(strings.Join(parts[:n], "/")); err == nil {
			if _, taken := o.cfg.Forges[id.Forge]; taken {
				return id, true
			}
		}
	}
	return event.PullRequestID{}, false
}

// address reads the address of a pull request's page on its forge, or of our
// page of a run.
func (o *opened) address(text string) (event.PullRequestID, bool) {
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	if rest, ok := strings.CutPrefix(text, strings.TrimSuffix(o.cfg.Pages, "/")+"/runs/"); ok {
		return o.named(rest)
	}
	for name, forge := range o.cfg.Forges {
		base := forge.URL
		if base == "" {
			base = "https://github.com"
		}
		rest, ok := strings.CutPrefix(text, strings.TrimSuffix(base, "/")+"/")
		if !ok {
			continue
		}
		for _, middle := range []string{"/pull-request/", "/pull/", "/pulls/", "/-/merge_requests/"} {
			if repo, number, ok := strings.Cut(rest, middle); ok {
				number, _, _ = strings.Cut(number, "/")
				if id, err := event.ParsePullRequestID(name + "/" + repo + "#" + number); err == nil {
					return id, true
				}
			}
		}
	}
	return event.PullRequestID{}, false
}

// remoteID tells whether text may be a commit, a task or a request.
func remoteID(text string) bool {
	digits := strings.Trim(text, "0123456789") == "" && text != ""
	_, err := hex.DecodeString(strings.ReplaceAll(text, "-", "") + strings.Repeat("0", len(strings.ReplaceAll(text, "-", ""))%2))
	return digits || err == nil && len(text) >= 7
}

// mentions tells whether a pull request has to do with a commit, a task or a
// request.
func mentions(p *pipeline.PullRequest, text string) bool {
	if len(text) >= 7 && strings.HasPrefix(p.Run.Commit, text) {
		return true
	}
	for _, past := range p.Past {
		if len(text) >= 7 && strings.HasPrefix(past.Commit, text) {
			return true
		}
	}
	for _, check := range p.Run.Checks {
		if check.Remote == text {
			return true
		}
	}
	for _, a := range p.Asks {
		if a.Remote == text {
			return true
		}
	}
	return false
}
