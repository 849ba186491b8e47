package paguretest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// apiError is a refusal of the API.
type apiError struct {
	status int
	code   string
	text   string
	fields map[string][]string
}

// refuse gives the refusal with one of Pagure's error codes.
func refuse(code string) *apiError {
	known := map[string]apiError{
		"EINVALIDTOK":   {status: http.StatusUnauthorized, text: "Invalid or expired token. Please visit /settings#nav-api-tab to get or renew your API token."},
		"ENOPROJECT":    {status: http.StatusNotFound, text: "Project not found"},
		"ENOREQ":        {status: http.StatusNotFound, text: "Pull-Request not found"},
		"ENOCOMMIT":     {status: http.StatusNotFound, text: "No such commit found in this repository"},
		"EFILENOTFOUND": {status: http.StatusNotFound, text: "File not found in this git repository"},
		"ENOPRSTATS":    {status: http.StatusBadRequest, text: "No statistics could be computed for this PR"},
		"EINVALIDREQ":   {status: http.StatusBadRequest, text: "Invalid or incomplete input submitted"},
		"ENOPRCLOSE":    {status: http.StatusForbidden, text: "You are not allowed to merge/close pull-request for this project"},
		"EDBERROR":      {status: http.StatusBadRequest, text: "An error occurred at the database level and prevent the action from reaching completion"},
	}
	refusal := known[code]
	refusal.code = code
	return &refusal
}

func (s *Server) api(w http.ResponseWriter, r *http.Request, path string) {
	body, refusal := s.route(r.Context(), r, path)
	w.Header().Set("Content-Type", "application/json")
	if refusal != nil {
		w.WriteHeader(refusal.status)
		body = object{"error": refusal.text, "error_code": refusal.code}
		if refusal.fields != nil {
			body["errors"] = refusal.fields
		}
	}
	_, _ = w.Write(append(encode(body), '\n'))
}

// call is one call about a project.
type call struct {
	*http.Request
	project string
	rest    []string
	user    string
}

func (s *Server) route(ctx context.Context, r *http.Request, path string) (object, *apiError) {
	user, known := s.user(r)
	if path == "-/whoami" && r.Method == http.MethodPost {
		if !known {
			return nil, refuse("EINVALIDTOK")
		}
		return object{"username": user}, nil
	}
	if path == "version" || path == "-/version" {
		return object{"version": "5.14.1"}, nil
	}
	// Who only reads needs no token, but a wrong one is refused.
	if (r.Method != http.MethodGet || r.Header.Get("Authorization") != "") && !known {
		return nil, refuse("EINVALIDTOK")
	}
	project, rest := s.split(path)
	if project == "" {
		return nil, refuse("ENOPROJECT")
	}
	c := call{Request: r, project: project, rest: rest, user: user}
	switch what := rest[0]; {
	case what == "git" && len(rest) == 2 && r.Method == http.MethodGet:
		return s.gitFacts(ctx, c)
	case what == "tree" && len(rest) >= 2:
		return s.tree(ctx, c)
	case what == "c" && len(rest) == 3 && rest[2] == "flag":
		return s.flags(ctx, c)
	case what == "pull-requests":
		return s.list(c)
	case what == "pull-request" && len(rest) >= 2:
		return s.one(ctx, c)
	}
	return nil, &apiError{status: http.StatusNotFound, code: "ENOCODE", text: "there is no such call here"}
}

// split finds the project a path begins with.
func (s *Server) split(path string) (project string, rest []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for n := min(4, len(parts)-1); n >= 1; n-- {
		if at := strings.Join(parts[:n], "/"); s.state.Projects[at] != nil {
			return at, parts[n:]
		}
	}
	return "", nil
}

func (s *Server) gitFacts(ctx context.Context, c call) (object, *apiError) {
	switch c.rest[1] {
	case "urls":
		s.mu.Lock()
		defer s.mu.Unlock()
		return object{"total_urls": 1, "urls": object{"git": s.config.URL + "/" + repoOf(c.project) + ".git"}}, nil
	case "branches":
		heads, err := s.repos.Branches(ctx, repoOf(c.project))
		if err != nil {
			return nil, refuse("ENOPROJECT")
		}
		answer := object{"branches": heads, "default": object{"rawhide": heads["rawhide"]}, "total_branches": len(heads)}
		if c.FormValue("with_commits") == "" {
			names := []string{}
			for name := range heads {
				names = append(names, name)
			}
			answer["branches"], answer["default"] = names, "rawhide"
		}
		return answer, nil
	}
	return nil, refuse("EFILENOTFOUND")
}

// tree lists a folder, the root one as /tree/COMMIT and others as /tree/COMMIT/f/FOLDER.
func (s *Server) tree(ctx context.Context, c call) (object, *apiError) {
	commit, err := s.repos.Resolve(ctx, repoOf(c.project), c.rest[1])
	if err != nil {
		return nil, refuse("EFILENOTFOUND")
	}
	var folder string
	if len(c.rest) > 3 && c.rest[2] == "f" {
		folder = strings.Join(c.rest[3:], "/")
	}
	entries, err := s.repos.List(ctx, repoOf(c.project), commit, folder)
	if err != nil {
		return nil, refuse("EFILENOTFOUND")
	}
	content := []object{}
	for _, e := range entries {
		kind, path := "file", strings.TrimPrefix(folder+"/"+e.Name, "/")
		if e.Folder {
			kind = "folder"
		}
		content = append(content, object{"name": e.Name, "path": path, "type": kind, "content_url": s.config.URL + "/" + c.project + "/raw/" + commit + "/f/" + path})
	}
	return object{"type": "folder", "name": orNull(folder), "content": content}, nil
}

func (s *Server) list(c call) (object, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, _ := strconv.Atoi(c.FormValue("page"))
	perPage, _ := strconv.Atoi(c.FormValue("per_page"))
	page = max(page, 1)
	if perPage < 1 || perPage > 100 {
		perPage = 20
	}
	status := c.FormValue("status")
	found := []object{}
	for _, q := range s.state.Requests[c.project] {
		if status == "All" || q.Status == status || (status == "" && q.Status == "Open") {
			found = append(found, s.requestJSON(q, true))
		}
	}
	from := min((page-1)*perPage, len(found))
	return object{
		"requests": found[from:min(from+perPage, len(found))], "total_requests": len(found),
		"args":       object{"status": status, "page": page, "per_page": perPage, "assignee": nil, "author": nil, "tags": []string{}},
		"pagination": object{"page": page, "pages": (len(found) + perPage - 1) / perPage, "per_page": perPage},
	}, nil
}

// one answers calls about one pull request.
func (s *Server) one(ctx context.Context, c call) (object, *apiError) {
	number, _ := strconv.Atoi(c.rest[1])
	s.mu.Lock()
	q := s.find(c.project, number)
	if q == nil {
		s.mu.Unlock()
		return nil, refuse("ENOREQ")
	}
	answer, head := s.requestJSON(q, c.FormValue("comments") != "0"), q.Stop
	s.mu.Unlock()
	var what string
	if len(c.rest) == 3 {
		what = c.rest[2]
	}
	if c.Method == http.MethodGet {
		switch what {
		case "":
			return answer, nil
		case "diffstats":
			return s.diffstats(ctx, c, q)
		}
		return nil, refuse("ENOREQ")
	}
	switch what {
	case "flag":
		return s.addFlag(ctx, c, head)
	case "comment":
		text := strings.TrimSpace(c.FormValue("comment"))
		if text == "" {
			return nil, required("comment")
		}
		if _, err := s.Comment(ctx, c.user, c.project, number, text); err != nil {
			return nil, refuse("EDBERROR")
		}
		return object{"message": "Comment added"}, nil
	case "close":
		if s.Close(ctx, c.user, c.project, number) != nil {
			return nil, refuse("ENOPRCLOSE")
		}
		return object{"message": "Pull-request closed!"}, nil
	case "merge":
		if s.Merge(ctx, c.user, c.project, number) != nil {
			return nil, refuse("ENOPRCLOSE")
		}
		return object{"message": "Changes merged!"}, nil
	}
	return nil, refuse("ENOREQ")
}

func (s *Server) diffstats(ctx context.Context, c call, q *request) (object, *apiError) {
	s.mu.Lock()
	notYet := s.noStats > 0
	if notYet {
		s.noStats--
	}
	branch, head := q.Branch, q.Stop
	s.mu.Unlock()
	base, err := s.repos.Head(ctx, repoOf(c.project), branch)
	if err != nil || notYet {
		return nil, refuse("ENOPRSTATS")
	}
	files, err := s.repos.Changes(ctx, repoOf(c.project), base, head)
	if err != nil {
		return nil, refuse("ENOPRSTATS")
	}
	stats := object{}
	for _, f := range files {
		stats[f.Path] = object{
			"status": f.Status, "old_path": f.Was, "lines_added": f.Added, "lines_removed": f.Removed,
			"old_id": f.WasID, "new_id": f.ID,
		}
	}
	return stats, nil
}

func required(field string) *apiError {
	return invalid(field, "This field is required.")
}

func invalid(field, reason string) *apiError {
	refusal := refuse("EINVALIDREQ")
	refusal.fields = map[string][]string{field: {reason}}
	return refusal
}
