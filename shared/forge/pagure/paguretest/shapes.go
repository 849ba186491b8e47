package paguretest

import (
	"fmt"
	"path"
	"strings"
)

// project is a repository as it is kept.
type project struct {
	ID      int
	Path    string // rpms/bash, fork/USER/rpms/bash
	Owner   string
	Default string
	Parent  string
	Created string
}

// repo is where Git finds it: forks are in another place than their pages.
func (p *project) repo() string { return repoOf(p.Path) }

func repoOf(path string) string {
	if rest, ok := strings.CutPrefix(path, "fork/"); ok {
		return "forks/" + rest
	}
	return path
}

// request is a pull request as it is kept.
type request struct {
	ID                      int
	UID                     string
	Project, From           string
	Branch, FromBranch      string
	Start, Stop             string
	Title, Text, User       string
	Status                  string // Open, Merged, Closed
	Comments                []*comment
	Created, Updated, Acted string
	Closed, ClosedBy        string
}

type comment struct {
	ID           int
	Text, User   string
	Created      string
	Edited       string
	Notification bool
}

// object is JSON as it is written, with the keys Pagure has.
type object = map[string]any

func (s *Server) userJSON(name string) object {
	return object{
		"name": name, "fullname": name, "url_path": "user/" + name,
		"full_url": s.config.URL + "/user/" + name,
	}
}

func (s *Server) projectJSON(at string) any {
	p := s.state.Projects[at]
	if p == nil {
		return nil
	}
	none := func() object {
		return object{"admin": []string{}, "collaborator": []string{}, "commit": []string{}, "ticket": []string{}}
	}
	users := none()
	users["owner"] = []string{p.Owner}
	plain := strings.TrimPrefix(p.repo(), "forks/"+p.Owner+"/")
	var namespace any
	if dir := path.Dir(plain); dir != "." {
		namespace = dir
	}
	return object{
		"id": p.ID, "name": path.Base(plain), "namespace": namespace,
		"fullname": p.repo(), "url_path": p.Path, "full_url": s.config.URL + "/" + p.Path,
		"description": "The " + path.Base(plain) + " package", "parent": s.projectJSON(p.Parent),
		"date_created": p.Created, "date_modified": p.Created, "user": s.userJSON(p.Owner),
		"access_users": users, "access_groups": none(), "tags": []string{}, "priorities": object{},
		"custom_keys": []string{}, "close_status": []string{}, "milestones": object{},
	}
}

// requestJSON is a pull request; only some messages have its comments.
func (s *Server) requestJSON(q *request, comments bool) object {
	said := []object{}
	if comments {
		for _, c := range q.Comments {
			said = append(said, s.commentJSON(c))
		}
	}
	var closedBy any
	if q.ClosedBy != "" {
		closedBy = s.userJSON(q.ClosedBy)
	}
	return object{
		"id": q.ID, "uid": q.UID, "title": q.Title, "full_url": s.pageOf(q),
		"branch": q.Branch, "branch_from": q.FromBranch, "commit_start": orNull(q.Start), "commit_stop": orNull(q.Stop),
		"project": s.projectJSON(q.Project), "repo_from": s.projectJSON(q.From), "remote_git": nil,
		"date_created": q.Created, "last_updated": q.Updated, "updated_on": q.Acted,
		"closed_at": orNull(q.Closed), "closed_by": closedBy,
		"user": s.userJSON(q.User), "assignee": nil, "status": q.Status, "initial_comment": orNull(q.Text),
		"cached_merge_status": "unknown", "threshold_reached": nil, "tags": []string{}, "comments": said,
	}
}

func (s *Server) commentJSON(c *comment) object {
	var editor any
	if c.Edited != "" {
		editor = s.userJSON(c.User)
	}
	return object{
		"id": c.ID, "comment": c.Text, "user": s.userJSON(c.User), "date_created": c.Created,
		"notification": c.Notification, "edited_on": orNull(c.Edited), "editor": editor,
		"commit": nil, "tree": nil, "filename": nil, "line": nil, "parent": nil, "reactions": object{},
	}
}

func (s *Server) pageOf(q *request) string {
	return fmt.Sprintf("%s/%s/pull-request/%d", s.config.URL, q.Project, q.ID)
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
