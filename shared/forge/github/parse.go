package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/go-github/v62/github"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// Webhook reads a call of a web hook of content type application/json. It does
// not look at the signature: see Verify.
func (c Config) Webhook(header http.Header, body []byte) (forge.Heard, error) {
	if err := forge.Fits(body, forge.MaxWebhook); err != nil {
		return forge.Heard{}, fmt.Errorf("read web hook: %w", err)
	}
	what := forge.Line(header.Get(github.EventTypeHeader), 100)
	heard, err := c.heard(what, body)
	if err != nil {
		return forge.Heard{}, fmt.Errorf("read web hook %q: %w", what, err)
	}
	if heard.ID = forge.Line(header.Get(github.DeliveryIDHeader), 200); heard.ID == "" {
		heard.ID = forge.Digest(body)
	}
	return heard, nil
}

func (c Config) heard(what string, body []byte) (forge.Heard, error) {
	switch what {
	case "":
		return forge.Heard{}, forge.Malformed("it has no %s header", github.EventTypeHeader)
	case "pull_request":
		return c.readAs(body, c.pullRequest)
	case "issue_comment":
		return c.readAs(body, c.comment)
	case "check_run", "check_suite", "status":
		return forge.Ignore("%s: a status, maybe our own, asks for nothing", what), nil
	case "push":
		return forge.Ignore("push: one to a pull request comes as pull_request synchronize as well"), nil
	}
	return forge.Ignore("%s: it asks for nothing", what), nil
}

func (c Config) readAs(body []byte, read func(payload, string) (forge.Heard, error)) (forge.Heard, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return forge.Heard{}, forge.Malformed("%w", err)
	}
	repo, ours, err := c.path(p.Repository.HTMLURL)
	if err != nil {
		return forge.Heard{}, err
	}
	if !ours {
		return forge.Ignore("it is about %s, which is not on %s", p.Repository.HTMLURL, c.base()), nil
	}
	return read(p, repo)
}

func (c Config) pullRequest(p payload, repo string) (forge.Heard, error) {
	if p.PullRequest == nil {
		return forge.Heard{}, forge.Malformed("it has no pull_request")
	}
	kind, reason := kindOf(p)
	if kind == "" {
		return forge.Ignore("pull_request %s: %s", p.Action, reason), nil
	}
	pr, err := c.read(p.PullRequest, repo)
	if err != nil {
		return forge.Heard{}, err
	}
	pr.Agent = forge.Title(p.Sender.Login)
	return forge.Heard{Kind: kind, PullRequest: pr}, nil
}

// kindOf tells what an action means, or why it means nothing to us.
func kindOf(p payload) (event.Kind[event.PullRequest], string) {
	switch p.Action {
	case "opened":
		return event.PullRequestOpened, ""
	case "synchronize":
		return event.PullRequestUpdated, ""
	case "reopened":
		return event.PullRequestReopened, ""
	case "closed":
		if p.PullRequest.Merged {
			return event.PullRequestMerged, ""
		}
		return event.PullRequestClosed, ""
	case "edited":
		if p.Changes.Base != nil || p.Changes.Title != nil {
			return event.PullRequestUpdated, ""
		}
		return "", "neither target branch nor title changed"
	}
	return "", "it asks for nothing"
}

func (c Config) comment(p payload, repo string) (forge.Heard, error) {
	switch {
	case p.Issue.PullRequest == nil:
		return forge.Ignore("issue_comment: #%d is an issue", p.Issue.Number), nil
	case p.Action != "created" && p.Action != "edited":
		return forge.Ignore("issue_comment %s: it asks for nothing", p.Action), nil
	case slices.Contains(c.Self, p.Comment.User.Login) || slices.Contains(c.Self, p.Sender.Login):
		return forge.Ignore("comment %d is our own", p.Comment.ID), nil
	case p.Comment.ID == 0 || p.Comment.User.Login == "":
		return forge.Heard{}, forge.Malformed("the comment has no id or no author")
	}
	// The message has neither head nor branches: who needs them looks.
	pr := event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: c.Name, Repo: repo, Number: p.Issue.Number},
		Title:         forge.Title(p.Issue.Title),
		Author:        forge.Title(p.Issue.User.Login),
		Agent:         forge.Title(p.Sender.Login),
		Comment: &event.Comment{
			ID: strconv.FormatInt(p.Comment.ID, 10), Author: forge.Title(p.Comment.User.Login),
			Text: forge.CommentText(p.Comment.Body), Edited: p.Action == "edited",
		},
	}
	pr.URL = c.PageURL(pr.PullRequestID)
	var err error
	if pr.Updated, err = moment(p.Issue.Updated); err != nil {
		return forge.Heard{}, err
	}
	return forge.Heard{Kind: event.PullRequestCommented, PullRequest: pr}, forge.CheckID(pr.PullRequestID, c.Name)
}
