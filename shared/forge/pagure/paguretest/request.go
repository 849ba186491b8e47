package paguretest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/forge/gittest"
)

// NewPullRequest is a pull request to be opened.
type NewPullRequest struct {
	// User opens it to the branch Branch of Repo (rpms/bash), from SourceBranch
	// of From (fork/USER/rpms/bash; empty: of Repo).
	User, Repo, From     string
	Branch, SourceBranch string
	Title, Text          string
}

// OpenPullRequest opens one and gives its number.
func (s *Server) OpenPullRequest(ctx context.Context, n NewPullRequest) (int, error) {
	if n.From == "" {
		n.From = n.Repo
	}
	head, err := s.repos.Head(ctx, repoOf(n.From), n.SourceBranch)
	if err != nil {
		return 0, fmt.Errorf("open a pull request to %s: %w", n.Repo, err)
	}
	s.mu.Lock()
	if s.state.Projects[n.Repo] == nil {
		s.mu.Unlock()
		return 0, fmt.Errorf("open a pull request to %s: %w", n.Repo, gittest.ErrMissing)
	}
	now := s.now()
	q := &request{
		ID: len(s.state.Requests[n.Repo]) + 1, UID: strings.ReplaceAll(newID(), "-", ""),
		Project: n.Repo, From: n.From, Branch: n.Branch, FromBranch: n.SourceBranch,
		Title: n.Title, Text: n.Text, User: n.User, Status: "Open", Stop: head,
		Created: now, Updated: now, Acted: now,
	}
	s.state.Requests[n.Repo] = append(s.state.Requests[n.Repo], q)
	s.mu.Unlock()
	start, err := s.span(ctx, q, head)
	if err != nil {
		return 0, fmt.Errorf("open a pull request to %s: %w", n.Repo, err)
	}
	s.mu.Lock()
	q.Start = start
	opened := said{"pull-request.new", repoOf(n.Repo), object{"pullrequest": s.requestJSON(q, false), "agent": n.User}}
	err = s.save()
	s.mu.Unlock()
	s.say(ctx, opened)
	return q.ID, err
}

// PushToPullRequest commits files to the branch a pull request is made from,
// as its author, and gives the commit.
func (s *Server) PushToPullRequest(ctx context.Context, repo string, number int, files map[string]string) (string, error) {
	s.mu.Lock()
	q := s.find(repo, number)
	if q == nil {
		s.mu.Unlock()
		return "", missing(repo, number)
	}
	user, from, branch := q.User, q.From, q.FromBranch
	s.mu.Unlock()
	return s.Push(ctx, user, from, branch, files)
}

// Close closes a pull request without merging it.
func (s *Server) Close(ctx context.Context, user, repo string, number int) error {
	return s.end(ctx, user, repo, number, "Closed")
}

// Merge merges a pull request.
func (s *Server) Merge(ctx context.Context, user, repo string, number int) error {
	s.mu.Lock()
	q := s.find(repo, number)
	if q == nil || q.Status != "Open" {
		s.mu.Unlock()
		return missing(repo, number)
	}
	branch, head := q.Branch, q.Stop
	s.mu.Unlock()
	before, err := s.repos.Branches(ctx, repoOf(repo))
	if err != nil {
		return err
	}
	if _, err := s.repos.Merge(ctx, repoOf(repo), branch, head, user, s.config.Now()); err != nil {
		return fmt.Errorf("merge %s#%d: %w", repo, number, err)
	}
	if err := s.end(ctx, user, repo, number, "Merged"); err != nil {
		return err
	}
	return s.pushed(ctx, user, repo, before)
}

func (s *Server) end(ctx context.Context, user, repo string, number int, status string) error {
	s.mu.Lock()
	q := s.find(repo, number)
	if q == nil || q.Status != "Open" {
		s.mu.Unlock()
		return missing(repo, number)
	}
	now := s.now()
	q.Status, q.Closed, q.ClosedBy, q.Updated = status, now, user, now
	s.comment(q, user, fmt.Sprintf("Pull-Request has been %s by %s", strings.ToLower(status), user), true)
	noted := said{"pull-request.comment.added", repoOf(repo), object{"pullrequest": s.requestJSON(q, true), "agent": user}}
	ended := said{"pull-request.closed", repoOf(repo), object{"pullrequest": s.requestJSON(q, true), "merged": status == "Merged", "agent": user}}
	err := s.save()
	s.mu.Unlock()
	s.say(ctx, noted, ended)
	return err
}

// Reopen opens a closed pull request again.
func (s *Server) Reopen(ctx context.Context, user, repo string, number int) error {
	s.mu.Lock()
	q := s.find(repo, number)
	if q == nil || q.Status != "Closed" {
		s.mu.Unlock()
		return missing(repo, number)
	}
	q.Status, q.Updated = "Open", s.now() // closed_at and closed_by stay, as in Pagure
	s.comment(q, user, "Pull-Request has been reopened by "+user, true)
	noted := said{"pull-request.comment.added", repoOf(repo), object{"pullrequest": s.requestJSON(q, true), "agent": user}}
	reopened := said{"pull-request.reopened", repoOf(repo), object{"pullrequest": s.requestJSON(q, false), "agent": user}}
	err := s.save()
	s.mu.Unlock()
	s.say(ctx, noted, reopened)
	return err
}

// Comment writes a comment and gives its id.
func (s *Server) Comment(ctx context.Context, user, repo string, number int, text string) (int, error) {
	s.mu.Lock()
	q := s.find(repo, number)
	if q == nil {
		s.mu.Unlock()
		return 0, missing(repo, number)
	}
	c := s.comment(q, user, text, false)
	added := said{"pull-request.comment.added", repoOf(repo), object{"pullrequest": s.requestJSON(q, true), "agent": user}}
	err := s.save()
	s.mu.Unlock()
	s.say(ctx, added)
	return c.ID, err
}

// EditComment changes a comment.
func (s *Server) EditComment(ctx context.Context, user, repo string, number, id int, text string) error {
	s.mu.Lock()
	q := s.find(repo, number)
	at := -1
	if q != nil {
		at = slices.IndexFunc(q.Comments, func(c *comment) bool { return c.ID == id })
	}
	if at < 0 {
		s.mu.Unlock()
		return missing(repo, number)
	}
	c := q.Comments[at]
	c.Text, c.Edited, q.Updated = text, s.now(), s.now()
	edited := said{"pull-request.comment.edited", repoOf(repo), object{
		"pullrequest": s.requestJSON(q, false), "project": s.projectJSON(repo), "comment": s.commentJSON(c), "agent": user,
	}}
	err := s.save()
	s.mu.Unlock()
	s.say(ctx, edited)
	return err
}

// Comments are the texts of a pull request's comments, without Pagure's own
// notifications.
func (s *Server) Comments(repo string, number int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var texts []string
	if q := s.find(repo, number); q != nil {
		for _, c := range q.Comments {
			if !c.Notification {
				texts = append(texts, c.Text)
			}
		}
	}
	return texts
}

// comment adds one. The caller holds mu.
func (s *Server) comment(q *request, user, text string, notification bool) *comment {
	s.state.Comments++
	c := &comment{ID: s.state.Comments, Text: text, User: user, Created: s.now(), Notification: notification}
	q.Comments = append(q.Comments, c)
	q.Acted, q.Updated = s.now(), s.now()
	return c
}

// find gives a pull request, or nil. The caller holds mu.
func (s *Server) find(repo string, number int) *request {
	if list := s.state.Requests[repo]; number >= 1 && number <= len(list) {
		return list[number-1]
	}
	return nil
}

func missing(repo string, number int) error {
	return fmt.Errorf("%w: %s#%d in that state", gittest.ErrMissing, repo, number)
}
