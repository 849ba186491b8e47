package pagure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// body is what a message about a pull request carries.
type body struct {
	PullRequest *pullRequest `json:"pullrequest"`
	Agent       string       `json:"agent"`
	Merged      bool         `json:"merged"`
	Comment     *comment     `json:"comment"`
}

// Message reads a message of the bus: its topic
// (org.fedoraproject.prod.pagure.pull-request.new) and its body. Its id and
// time stand outside of the body, so ID and Sent stay empty.
func (c Config) Message(topic string, raw []byte) (forge.Heard, error) {
	if err := forge.Fits(raw, forge.MaxMessage); err != nil {
		return forge.Heard{}, fmt.Errorf("read %s: %w", forge.Line(topic, 100), err)
	}
	return c.message(topic, raw)
}

// Webhook reads a call of a web hook. It does not look at the signature: see
// Verify.
func (c Config) Webhook(_ http.Header, raw []byte) (forge.Heard, error) {
	if err := forge.Fits(raw, forge.MaxWebhook); err != nil {
		return forge.Heard{}, fmt.Errorf("read web hook: %w", err)
	}
	var call struct {
		Topic     string          `json:"topic"`
		ID        string          `json:"msg_id"`
		Timestamp int64           `json:"timestamp"`
		Message   json.RawMessage `json:"msg"`
	}
	if err := json.Unmarshal(raw, &call); err != nil {
		return forge.Heard{}, fmt.Errorf("read web hook: %w", forge.Malformed("%w", err))
	}
	if call.Topic == "" || len(call.Message) == 0 {
		return forge.Heard{}, fmt.Errorf("read web hook: %w", forge.Malformed("it has no topic or no msg"))
	}
	heard, err := c.message(call.Topic, call.Message)
	if err != nil {
		return heard, err
	}
	if heard.ID = forge.Line(call.ID, 200); heard.ID == "" {
		heard.ID = forge.Digest(raw)
	}
	if call.Timestamp > 0 && call.Timestamp < latest {
		heard.Sent = time.Unix(call.Timestamp, 0).UTC()
	}
	return heard, nil
}

func (c Config) message(topic string, raw []byte) (forge.Heard, error) {
	what := topic
	if i := strings.LastIndex(topic, "pagure."); i >= 0 {
		what = topic[i+len("pagure."):]
	}
	kind, reason := kindOf(what)
	if kind == "" {
		return forge.Ignore("%s: %s", what, reason), nil
	}
	heard, err := c.heard(kind, what, raw)
	if err != nil {
		return forge.Heard{}, fmt.Errorf("read %s: %w", forge.Line(what, 100), err)
	}
	return heard, nil
}

// kindOf tells what a topic means, or why it means nothing to us.
func kindOf(what string) (event.Kind[event.PullRequest], string) {
	switch what {
	case "pull-request.new":
		return event.PullRequestOpened, ""
	case "pull-request.updated", "pull-request.rebased":
		return event.PullRequestUpdated, ""
	case "pull-request.reopened":
		return event.PullRequestReopened, ""
	case "pull-request.closed":
		return event.PullRequestClosed, ""
	case "pull-request.comment.added", "pull-request.comment.edited":
		return event.PullRequestCommented, ""
	case "git.receive":
		return "", "a push to a pull request comes as pull-request.updated as well"
	}
	if strings.HasPrefix(what, "pull-request.flag.") || strings.HasPrefix(what, "commit.flag.") {
		return "", "a flag, maybe our own, asks for nothing"
	}
	return "", "it asks for nothing"
}

func (c Config) heard(kind event.Kind[event.PullRequest], what string, raw []byte) (forge.Heard, error) {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return forge.Heard{}, forge.Malformed("%w", err)
	}
	if b.PullRequest == nil {
		return forge.Heard{}, forge.Malformed("it has no pullrequest")
	}
	pr, foreign, err := c.read(b.PullRequest)
	if err != nil {
		return forge.Heard{}, err
	}
	if foreign != "" {
		return forge.Ignore("it is about %s, which is not on %s", foreign, c.base()), nil
	}
	pr.Agent = agentOf(b.Agent, b.PullRequest)
	if kind == event.PullRequestClosed && b.Merged {
		kind = event.PullRequestMerged
	}
	if kind != event.PullRequestCommented {
		return forge.Heard{Kind: kind, PullRequest: pr}, nil
	}
	said := b.Comment
	edited := what == "pull-request.comment.edited"
	if !edited {
		// The message of a new comment has all comments; the new one is the last.
		if len(b.PullRequest.Comments) == 0 {
			return forge.Heard{}, forge.Malformed("it has no comment")
		}
		said = &b.PullRequest.Comments[len(b.PullRequest.Comments)-1]
	}
	if said == nil {
		return forge.Heard{}, forge.Malformed("it has no comment")
	}
	return c.commented(pr, said, edited)
}

func (c Config) commented(pr event.PullRequest, said *comment, edited bool) (forge.Heard, error) {
	switch {
	case said.Notification:
		// Each push makes one ("1 new commit added") beside pull-request.updated.
		return forge.Ignore("comment %s is a notification of Pagure itself", said.ID), nil
	case slices.Contains(c.Self, said.User.Name) || slices.Contains(c.Self, pr.Agent):
		return forge.Ignore("comment %s is our own", said.ID), nil
	case said.ID == "" || said.User.Name == "":
		return forge.Heard{}, forge.Malformed("the comment has no id or no author")
	}
	pr.Comment = &event.Comment{
		ID: forge.Line(said.ID.String(), 40), Author: forge.Title(said.User.Name),
		Text: forge.CommentText(said.Comment), Edited: edited,
	}
	return forge.Heard{Kind: event.PullRequestCommented, PullRequest: pr}, nil
}
