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
		return readAs(body, c.pullRequest)
	case "issue_comment":
		return readAs(body, c.comment)
	case "check_run", "check_suite", "status":
		return forge.Ignore("%s: a status, maybe our own, asks for nothing", what), nil
	case "push":
		return forge.Ignore("push: one to a pull request comes as pull_request synchronize as well"), nil
	}
	return forge.Ignore("%s: it asks for nothing", what), nil
}

func readAs[T any](body []byte, read func(*T) (forge.Heard, error)) (forge.Heard, error) {
	payload := new(T)
	if err := json.Unmarshal(body, payload); err != nil {
		return forge.Heard{}, forge.Malformed("%w", err)
	}
	return read(payload)
}

func (c Config) pullRequest(e *github.PullRequestEvent) (forge.Heard, error) {
	kind, reason := kindOf(e)
	if kind == "" {
		return forge.Ignore("pull_request %s: %s", e.GetAction(), reason), nil
	}
	repo, ours, err := c.path(e.GetRepo().GetHTMLURL())
	if err != nil {
		return forge.Heard{}, err
	}
	if !ours {
		return c.foreign(e.GetRepo()), nil
	}
	if e.PullRequest == nil {
		return forge.Heard{}, forge.Malformed("it has no pull_request")
	}
	pr, err := c.read(e.PullRequest, repo)
	if err != nil {
		return forge.Heard{}, err
	}
	pr.Agent = forge.Title(e.GetSender().GetLogin())
	return forge.Heard{Kind: kind, PullRequest: pr}, nil
}

// kindOf tells what an action means, or why it means nothing to us.
func kindOf(e *github.PullRequestEvent) (event.Kind[event.PullRequest], string) {
	switch e.GetAction() {
	case "opened":
		return event.PullRequestOpened, ""
	case "synchronize":
		return event.PullRequestUpdated, ""
	case "reopened":
		return event.PullRequestReopened, ""
	case "closed":
		if e.GetPullRequest().GetMerged() {
			return event.PullRequestMerged, ""
		}
		return event.PullRequestClosed, ""
	case "edited":
		if e.GetChanges().GetBase() != nil || e.GetChanges().GetTitle() != nil {
			return event.PullRequestUpdated, ""
		}
		return "", "neither target branch nor title changed"
	}
	return "", "it asks for nothing"
}

func (c Config) comment(e *github.IssueCommentEvent) (forge.Heard, error) {
	number, said := e.GetIssue().GetNumber(), e.GetComment()
	switch {
	case e.GetIssue().GetPullRequestLinks() == nil:
		return forge.Ignore("issue_comment: #%d is an issue", number), nil
	case e.GetAction() != "created" && e.GetAction() != "edited":
		return forge.Ignore("issue_comment %s: it asks for nothing", e.GetAction()), nil
	}
	repo, ours, err := c.path(e.GetRepo().GetHTMLURL())
	if err != nil {
		return forge.Heard{}, err
	}
	if !ours {
		return c.foreign(e.GetRepo()), nil
	}
	author, agent := said.GetUser().GetLogin(), e.GetSender().GetLogin()
	if slices.Contains(c.Self, author) || slices.Contains(c.Self, agent) {
		return forge.Ignore("comment %d is our own", said.GetID()), nil
	}
	if said.GetID() == 0 || author == "" {
		return forge.Heard{}, forge.Malformed("the comment has no id or no author")
	}
	pr := event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: c.Name, Repo: repo, Number: number},
		Title:         forge.Title(e.GetIssue().GetTitle()),
		Author:        forge.Title(e.GetIssue().GetUser().GetLogin()),
		Agent:         forge.Title(agent),
		Updated:       moment(e.GetIssue().GetUpdatedAt()),
		Comment: &event.Comment{
			ID: strconv.FormatInt(said.GetID(), 10), Author: forge.Title(author),
			Text: forge.CommentText(said.GetBody()), Edited: e.GetAction() == "edited",
		},
	}
	pr.URL = c.PageURL(pr.PullRequestID)
	// The message has neither head nor branches: who needs them looks.
	return forge.Heard{Kind: event.PullRequestCommented, PullRequest: pr}, forge.CheckID(pr.PullRequestID, c.Name)
}

func (c Config) foreign(repo *github.Repository) forge.Heard {
	return forge.Ignore("it is about %s, which is not on %s", repo.GetHTMLURL(), c.base())
}
