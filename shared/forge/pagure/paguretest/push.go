package paguretest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/gittest"
)

const zeros = "0000000000000000000000000000000000000000"

// CreateRepo makes a project (rpms/bash) with files in a first commit, on its
// default branch rawhide and on other branches. It gives the commit.
func (s *Server) CreateRepo(ctx context.Context, path string, files map[string]string, branches ...string) (string, error) {
	if err := forge.CheckRepo(path); err != nil {
		return "", err
	}
	if s.repos.Exists(path) {
		return s.repos.Head(ctx, path, "rawhide")
	}
	if err := s.repos.Create(ctx, path, "rawhide"); err != nil {
		return "", err
	}
	commit, err := s.repos.Commit(ctx, path, gittest.Commit{
		Branch: "rawhide", Author: "releng", Message: "Initial import", Time: s.config.Now(), Files: files,
	})
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
	s.state.IDs++
	s.state.Projects[path] = &project{ID: s.state.IDs, Path: path, Owner: "releng", Default: "rawhide", Created: s.now()}
	return commit, s.save()
}

// Fork makes a user's fork of a project, and gives its path: fork/USER/rpms/bash.
func (s *Server) Fork(ctx context.Context, user, path string) (string, error) {
	fork := "fork/" + user + "/" + path
	if err := forge.CheckRepo(fork); err != nil {
		return "", err
	}
	if s.repos.Exists(repoOf(fork)) {
		return fork, nil
	}
	if err := s.repos.Fork(ctx, path, repoOf(fork)); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.IDs++
	s.state.Projects[fork] = &project{ID: s.state.IDs, Path: fork, Owner: user, Default: "rawhide", Parent: path, Created: s.now()}
	return fork, s.save()
}

// DeleteFork deletes a project; pull requests from it stay, without it.
func (s *Server) DeleteFork(_ context.Context, path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.Projects, path)
	return errors.Join(s.repos.Remove(repoOf(path)), s.save())
}

// Push commits files to a branch as user and gives the commit. A branch that is
// not there yet begins at the default one. gittest.Removed removes a file.
func (s *Server) Push(ctx context.Context, user, path, branch string, files map[string]string) (string, error) {
	return s.push(ctx, user, path, branch, files, false)
}

// ForcePush is Push, with the new commit in place of the branch's last.
func (s *Server) ForcePush(ctx context.Context, user, path, branch string, files map[string]string) (string, error) {
	return s.push(ctx, user, path, branch, files, true)
}

func (s *Server) push(ctx context.Context, user, path, branch string, files map[string]string, force bool) (string, error) {
	if err := forge.CheckBranch(branch); err != nil {
		return "", err
	}
	repo := repoOf(path)
	before, err := s.repos.Branches(ctx, repo)
	if err != nil {
		return "", err
	}
	c := gittest.Commit{Branch: branch, Author: user, Message: "Change " + strings.Join(slices.Sorted(maps.Keys(files)), ", "), Time: s.config.Now(), Files: files}
	switch {
	case before[branch] == "":
		c.From = before["rawhide"]
	case force:
		if c.From, err = s.repos.Parent(ctx, repo, before[branch]); err != nil {
			return "", err
		}
	}
	commit, err := s.repos.Commit(ctx, repo, c)
	if err != nil {
		return "", err
	}
	return commit, s.pushed(ctx, user, path, before)
}

// pushed tells of every branch that is not as it was before.
func (s *Server) pushed(ctx context.Context, user, path string, before map[string]string) error {
	after, err := s.repos.Branches(ctx, repoOf(path))
	if err != nil {
		return err
	}
	for _, branch := range slices.Sorted(maps.Keys(after)) {
		if after[branch] == before[branch] {
			continue
		}
		if err := s.receive(ctx, user, path, branch, before[branch], after[branch]); err != nil {
			return err
		}
		if err := s.follow(ctx, path, branch, after[branch]); err != nil {
			return err
		}
	}
	return nil
}

// receive sends git.receive.
func (s *Server) receive(ctx context.Context, user, path, branch, old, head string) error {
	changed, commits, forced := object{}, []string{head}, false
	if old != "" {
		var err error
		if commits, err = s.repos.Commits(ctx, repoOf(path), old, head); err != nil {
			return err
		}
		lost, err := s.repos.Commits(ctx, repoOf(path), head, old)
		if err != nil {
			return err
		}
		forced = len(lost) > 0
		files, err := s.repos.Changes(ctx, repoOf(path), old, head)
		if err != nil {
			return err
		}
		for _, f := range files {
			changed[f.Path] = f.Status
		}
	} else {
		old = zeros
	}
	s.mu.Lock()
	body := object{
		"total_commits": len(commits), "start_commit": head, "end_commit": head, "old_commit": old, "branch": branch,
		"forced": forced, "authors": []object{s.userJSON(user)}, "changed_files": changed, "agent": user,
		"repo": s.projectJSON(path), "pull_request_id": nil,
	}
	if len(commits) > 0 {
		body["start_commit"] = commits[len(commits)-1]
	}
	s.mu.Unlock()
	s.say(ctx, said{"git.receive", repoOf(path), body})
	return nil
}

// follow moves the open pull requests that are made from a branch.
func (s *Server) follow(ctx context.Context, path, branch, head string) error {
	s.mu.Lock()
	var moved []*request
	for _, list := range s.state.Requests {
		for _, q := range list {
			if q.From == path && q.FromBranch == branch && q.Status == "Open" && q.Stop != head {
				moved = append(moved, q)
			}
		}
	}
	s.mu.Unlock()
	for _, q := range moved {
		start, err := s.span(ctx, q, head)
		if err != nil {
			return err
		}
		s.mu.Lock()
		topic, note := "pull-request.updated", "1 new commit added"
		if start != q.Start {
			topic, note = "pull-request.rebased", "rebased onto "+head
		}
		q.Start, q.Stop, q.Updated = start, head, s.now()
		update := said{topic, repoOf(q.Project), object{"pullrequest": s.requestJSON(q, false), "agent": "pagure"}}
		// The notification comes right after, and only then updated_on moves.
		s.comment(q, q.User, note, true)
		added := said{"pull-request.comment.added", repoOf(q.Project), object{"pullrequest": s.requestJSON(q, true), "agent": q.User}}
		err = s.save()
		s.mu.Unlock()
		if err != nil {
			return err
		}
		s.say(ctx, update, added)
	}
	return nil
}

// span brings head into the project's repository and gives the first commit of
// the pull request.
func (s *Server) span(ctx context.Context, q *request, head string) (string, error) {
	if err := s.repos.Fetch(ctx, repoOf(q.Project), repoOf(q.From), head, fmt.Sprintf("refs/pull/%d/head", q.ID)); err != nil {
		return "", err
	}
	base, err := s.repos.Head(ctx, repoOf(q.Project), q.Branch)
	if err != nil {
		return "", err
	}
	commits, err := s.repos.Commits(ctx, repoOf(q.Project), base, head)
	if err != nil || len(commits) == 0 {
		return head, err
	}
	return commits[len(commits)-1], nil
}

// git serves a repository. Who pushes needs a token as password.
func (s *Server) git(w http.ResponseWriter, r *http.Request, repo, rest string) {
	path := repo
	if fork, ok := strings.CutPrefix(repo, "forks/"); ok {
		path = "fork/" + fork
	}
	user, known := s.user(r)
	push := gittest.IsPush(r, rest)
	if push && !known {
		w.Header().Set("WWW-Authenticate", `Basic realm="Pagure API token"`)
		http.Error(w, "a push needs an API token", http.StatusUnauthorized)
		return
	}
	if !push || r.Method != http.MethodPost {
		s.repos.Serve(w, r, repo, rest, user)
		return
	}
	before, err := s.repos.Branches(r.Context(), repo)
	if err != nil {
		http.Error(w, "there is no such repository", http.StatusNotFound)
		return
	}
	s.repos.Serve(w, r, repo, rest, user)
	// The pusher has their answer; what follows is told to those who listen.
	_ = s.pushed(context.WithoutCancel(r.Context()), user, path, before)
}
