package githubtest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/gittest"
)

// CreateRepo makes a repository (acme/hello) with files in a first commit, on
// its default branch main and on other branches. It gives the commit.
func (s *Server) CreateRepo(ctx context.Context, path string, files map[string]string, branches ...string) (string, error) {
	if strings.Count(path, "/") != 1 {
		return "", forge.Malformed("%q is not OWNER/NAME", path)
	}
	if err := s.repos.Create(ctx, path, "main"); err != nil {
		return "", err
	}
	owner, _, _ := strings.Cut(path, "/")
	commit, err := s.repos.Commit(ctx, path, gittest.Commit{Branch: "main", Author: owner, Message: "Initial import", Time: s.now(), Files: files})
	if err != nil {
		return "", err
	}
	for _, branch := range branches {
		if err := s.repos.Branch(ctx, path, branch, commit); err != nil {
			return "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repoIDs[path] = s.next()
	return commit, nil
}

// Fork makes a user's fork and gives its path.
func (s *Server) Fork(ctx context.Context, user, path string) (string, error) {
	_, name, _ := strings.Cut(path, "/")
	fork := user + "/" + name
	if s.repos.Exists(fork) {
		return fork, nil
	}
	if err := s.repos.Fork(ctx, path, fork); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repoIDs[fork] = s.next()
	return fork, nil
}

// DeleteRepo deletes a repository; pull requests from it stay, without it.
func (s *Server) DeleteRepo(path string) error { return s.repos.Remove(path) }

// Push commits files to a branch as user and gives the commit. A branch that is
// not there yet begins at main. gittest.Removed removes a file.
func (s *Server) Push(ctx context.Context, user, path, branch string, files map[string]string) (string, error) {
	before, err := s.repos.Branches(ctx, path)
	if err != nil {
		return "", err
	}
	c := gittest.Commit{Branch: branch, Author: user, Message: "Change " + strings.Join(slices.Sorted(maps.Keys(files)), ", "), Time: s.now(), Files: files}
	if before[branch] == "" {
		c.From = before["main"]
	}
	commit, err := s.repos.Commit(ctx, path, c)
	if err != nil {
		return "", err
	}
	return commit, s.pushed(ctx, user, path, before)
}

// pushed moves the open pull requests whose branch is not as it was before,
// and tells of every such branch.
func (s *Server) pushed(ctx context.Context, user, path string, before map[string]string) error {
	after, err := s.repos.Branches(ctx, path)
	if err != nil {
		return err
	}
	for _, branch := range slices.Sorted(maps.Keys(after)) {
		old, head := before[branch], after[branch]
		if old == head {
			continue
		}
		s.mu.Lock()
		push := said{"push", object{
			"ref": "refs/heads/" + branch, "before": old, "after": head, "deleted": false, "forced": false,
			"repository": s.repoJSON(path), "pusher": object{"name": user}, "sender": userJSON(user),
		}}
		var moved []*request
		for _, list := range s.requests {
			for _, q := range list {
				if q.From == path && q.Source == branch && q.Open && q.Head != head {
					moved = append(moved, q)
				}
			}
		}
		s.mu.Unlock()
		s.say(ctx, push)
		for _, q := range moved {
			if err := s.repos.Fetch(ctx, q.Repo, q.From, head, fmt.Sprintf("refs/pull/%d/head", q.Number)); err != nil {
				return err
			}
			s.mu.Lock()
			q.Head, q.Updated = head, s.now()
			body := s.about("synchronize", q, user)
			body["before"], body["after"] = old, head
			s.mu.Unlock()
			s.say(ctx, said{"pull_request", body})
		}
	}
	return nil
}

// NewPullRequest is a pull request to be opened.
type NewPullRequest struct {
	// User opens it to the branch Branch of Repo (acme/hello), from SourceBranch
	// of From (USER/hello; empty: of Repo).
	User, Repo, From     string
	Branch, SourceBranch string
	Title, Text          string
}

// OpenPullRequest opens one and gives its number.
func (s *Server) OpenPullRequest(ctx context.Context, n NewPullRequest) (int, error) {
	if n.From == "" {
		n.From = n.Repo
	}
	head, err := s.repos.Head(ctx, n.From, n.SourceBranch)
	if err != nil {
		return 0, fmt.Errorf("open a pull request to %s: %w", n.Repo, err)
	}
	base, err := s.repos.Head(ctx, n.Repo, n.Branch)
	if err != nil {
		return 0, fmt.Errorf("open a pull request to %s: %w", n.Repo, err)
	}
	s.mu.Lock()
	q := &request{
		ID: s.next(), Number: len(s.requests[n.Repo]) + 1, Repo: n.Repo, From: n.From, Branch: n.Branch, Source: n.SourceBranch,
		Head: head, Base: base, Title: n.Title, Text: n.Text, User: n.User, Open: true, Created: s.now(), Updated: s.now(),
	}
	s.requests[n.Repo] = append(s.requests[n.Repo], q)
	s.mu.Unlock()
	if err := s.repos.Fetch(ctx, n.Repo, n.From, head, fmt.Sprintf("refs/pull/%d/head", q.Number)); err != nil {
		return 0, fmt.Errorf("open a pull request to %s: %w", n.Repo, err)
	}
	s.mu.Lock()
	opened := said{"pull_request", s.about("opened", q, n.User)}
	s.mu.Unlock()
	s.say(ctx, opened)
	return q.Number, nil
}

// change does something to a pull request and tells of it.
func (s *Server) change(ctx context.Context, user, repo string, number int, action string, do func(*request) (object, error)) error {
	s.mu.Lock()
	q := s.find(repo, strconv.Itoa(number))
	if q == nil {
		s.mu.Unlock()
		return fmt.Errorf("%w: %s#%d", gittest.ErrMissing, repo, number)
	}
	changes, err := do(q)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	q.Updated = s.now()
	body := s.about(action, q, user)
	if changes != nil {
		body["changes"] = changes
	}
	s.mu.Unlock()
	s.say(ctx, said{"pull_request", body})
	return nil
}

// Close closes a pull request without merging it.
func (s *Server) Close(ctx context.Context, user, repo string, number int) error {
	return s.change(ctx, user, repo, number, "closed", func(q *request) (object, error) {
		q.Open = false
		return nil, nil
	})
}

// Reopen opens a closed pull request again.
func (s *Server) Reopen(ctx context.Context, user, repo string, number int) error {
	return s.change(ctx, user, repo, number, "reopened", func(q *request) (object, error) {
		q.Open = true
		return nil, nil
	})
}

// Retitle changes the title of a pull request.
func (s *Server) Retitle(ctx context.Context, user, repo string, number int, title string) error {
	return s.change(ctx, user, repo, number, "edited", func(q *request) (object, error) {
		old := q.Title
		q.Title = title
		return object{"title": object{"from": old}}, nil
	})
}

// Merge merges a pull request.
func (s *Server) Merge(ctx context.Context, user, repo string, number int) error {
	return s.change(ctx, user, repo, number, "closed", func(q *request) (object, error) {
		if _, err := s.repos.Merge(ctx, repo, q.Branch, q.Head, user, s.now()); err != nil {
			return nil, fmt.Errorf("merge %s#%d: %w", repo, number, err)
		}
		q.Open, q.Merged = false, true
		return nil, nil
	})
}

// Comment writes a comment and gives its id.
func (s *Server) Comment(ctx context.Context, user, repo string, number int, text string) (int64, error) {
	s.mu.Lock()
	q := s.find(repo, strconv.Itoa(number))
	if q == nil {
		s.mu.Unlock()
		return 0, fmt.Errorf("%w: %s#%d", gittest.ErrMissing, repo, number)
	}
	id := s.next()
	comment := object{"id": id, "user": userJSON(user), "body": text, "created_at": s.now(), "updated_at": s.now()}
	q.Comments = append(q.Comments, comment)
	q.Updated = s.now()
	state := "closed"
	if q.Open {
		state = "open"
	}
	made := said{"issue_comment", object{
		"action": "created", "comment": comment, "repository": s.repoJSON(repo), "sender": userJSON(user),
		"issue": object{
			"id": q.ID, "number": q.Number, "title": q.Title, "state": state, "user": userJSON(q.User), "updated_at": q.Updated,
			"html_url": s.pageOf(q), "pull_request": object{"html_url": s.pageOf(q)},
		},
	}}
	s.mu.Unlock()
	s.say(ctx, made)
	return id, nil
}

func (s *Server) createComment(w http.ResponseWriter, r *http.Request) {
	user, _, ok := s.who(r)
	if !ok || user == "" {
		refuse(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	var in struct{ Body string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil || in.Body == "" {
		invalid(w, "IssueComment", "body", "missing_field")
		return
	}
	number, _ := strconv.Atoi(r.PathValue("number"))
	id, err := s.Comment(r.Context(), user, repoOf(r), number, in.Body)
	if err != nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	answer(w, http.StatusCreated, object{"id": id, "body": in.Body, "user": userJSON(user)})
}

// about is the body of a pull_request event. The caller holds mu.
func (s *Server) about(action string, q *request, sender string) object {
	return object{
		"action": action, "number": q.Number, "pull_request": s.requestJSON(q),
		"repository": s.repoJSON(q.Repo), "sender": userJSON(sender), "installation": object{"id": installation},
	}
}

// said is an event that is to be sent once the lock is released.
type said struct {
	event string
	body  object
}

// say calls the web hooks.
func (s *Server) say(ctx context.Context, what said) {
	raw, err := json.Marshal(what.body)
	if err != nil {
		panic(err) // it holds only maps, slices, strings, times and numbers
	}
	var id [16]byte
	_, _ = rand.Read(id[:])
	s.mu.Lock()
	hooks := slices.Clone(s.config.Hooks)
	s.mu.Unlock()
	for range s.Fate.Copies() {
		for _, hook := range hooks {
			mac := hmac.New(sha256.New, []byte(hook.Secret))
			mac.Write(raw)
			header := http.Header{}
			header.Set("Content-Type", "application/json")
			header.Set("User-Agent", "GitHub-Hookshot/0000000")
			header.Set("X-GitHub-Event", what.event)
			header.Set("X-GitHub-Delivery", fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]))
			header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
			s.Deliveries.Send(ctx, hook.URL, header, raw)
		}
	}
}
