package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// object is JSON as it is written, with the keys GitHub has.
type object = map[string]any

// request is a pull request as it is kept.
type request struct {
	ID                int64
	Number            int
	Repo, From        string
	Branch, Source    string
	Head, Base        string
	Title, Text, User string
	Open, Merged      bool
	Created, Updated  time.Time
	Comments          []object
}

func userJSON(login string) object {
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	return object{"login": login, "type": kind, "site_admin": false}
}

// repoJSON is a repository; null when it was deleted. The caller holds mu.
func (s *Server) repoJSON(path string) any {
	if !s.repos.Exists(path) {
		return nil
	}
	owner, name, _ := strings.Cut(path, "/")
	page := s.config.URL + "/" + path
	return object{
		"id": s.repoIDs[path], "name": name, "full_name": path, "private": false, "owner": userJSON(owner),
		"html_url": page, "clone_url": page + ".git", "url": s.config.URL + "/api/v3/repos/" + path,
		"fork": false, "default_branch": "main",
	}
}

// requestJSON is a pull request. The caller holds mu.
func (s *Server) requestJSON(q *request) object {
	state := "closed"
	if q.Open {
		state = "open"
	}
	owner, _, _ := strings.Cut(q.Repo, "/")
	fromOwner, _, _ := strings.Cut(q.From, "/")
	api := fmt.Sprintf("%s/api/v3/repos/%s/pulls/%d", s.config.URL, q.Repo, q.Number)
	answer := object{
		"id": q.ID, "number": q.Number, "state": state, "title": q.Title, "body": q.Text, "user": userJSON(q.User),
		"html_url": s.pageOf(q), "url": api, "locked": false, "draft": false, "merged": q.Merged,
		"created_at": q.Created, "updated_at": q.Updated, "closed_at": nil, "merged_at": nil,
		"head": object{"label": fromOwner + ":" + q.Source, "ref": q.Source, "sha": q.Head, "user": userJSON(fromOwner), "repo": s.repoJSON(q.From)},
		"base": object{"label": owner + ":" + q.Branch, "ref": q.Branch, "sha": q.Base, "user": userJSON(owner), "repo": s.repoJSON(q.Repo)},
	}
	if !q.Open {
		answer["closed_at"] = q.Updated
	}
	if q.Merged {
		answer["merged_at"] = q.Updated
	}
	return answer
}

func (s *Server) pageOf(q *request) string {
	return fmt.Sprintf("%s/%s/pull/%d", s.config.URL, q.Repo, q.Number)
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code int, reason string) {
	answer(w, code, object{"message": reason, "documentation_url": "https://docs.github.com/rest"})
}

// invalid is GitHub's refusal of a field.
func invalid(w http.ResponseWriter, resource, field, code string) {
	answer(w, http.StatusUnprocessableEntity, object{
		"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest",
		"errors": []object{{"resource": resource, "field": field, "code": code}},
	})
}

func repoOf(r *http.Request) string { return r.PathValue("owner") + "/" + r.PathValue("repo") }
