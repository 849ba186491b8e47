package paguretest

import (
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

var (
	errToken   = &apiError{status: http.StatusUnauthorized, code: "EINVALIDTOK", text: "Invalid or expired token. Please visit /settings#nav-api-tab to get or renew your API token."}
	errProject = &apiError{status: http.StatusNotFound, code: "ENOPROJECT", text: "Project not found"}
	errRequest = &apiError{status: http.StatusNotFound, code: "ENOREQ", text: "Pull-Request not found"}
	errFile    = &apiError{status: http.StatusNotFound, code: "EFILENOTFOUND", text: "File not found in this git repository"}
	errStats   = &apiError{status: http.StatusBadRequest, code: "ENOPRSTATS", text: "No statistics could be computed for this PR"}
	errForm    = &apiError{status: http.StatusBadRequest, code: "EINVALIDREQ", text: "Invalid or incomplete input submitted"}
	errClose   = &apiError{status: http.StatusForbidden, code: "ENOPRCLOSE", text: "You are not allowed to merge/close pull-request for this project"}
	errDB      = &apiError{status: http.StatusBadRequest, code: "EDBERROR", text: "An error occurred at the database level and prevent the action from reaching completion"}
)

func (s *Server) api(w http.ResponseWriter, r *http.Request, path string) {
	body, refusal := s.route(r, path)
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

func (s *Server) route(r *http.Request, path string) (object, *apiError) {
	user, known := s.user(r)
	if path == "-/whoami" && r.Method == http.MethodPost {
		if !known {
			return nil, errToken
		}
		return object{"username": user}, nil
	}
	if path == "version" || path == "-/version" {
		return object{"version": "5.14.1"}, nil
	}
	// Who only reads needs no token, but a wrong one is refused.
	if (r.Method != http.MethodGet || r.Header.Get("Authorization") != "") && !known {
		return nil, errToken
	}
	project, rest := s.split(path)
	if project == "" {
		return nil, errProject
	}
	c := call{Request: r, project: project, rest: rest, user: user}
	switch what := rest[0]; {
	case what == "git" && len(rest) == 2 && r.Method == http.MethodGet:
		return s.gitFacts(c)
	case what == "tree" && len(rest) >= 2:
		return s.tree(c)
	case what == "c" && len(rest) == 3 && rest[2] == "flag":
		return s.flags(c)
	case what == "pull-requests":
		return s.list(c)
	case what == "pull-request" && len(rest) >= 2:
		return s.one(c)
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

func (s *Server) gitFacts(c call) (object, *apiError) {
	switch c.rest[1] {
	case "urls":
		s.mu.Lock()
		defer s.mu.Unlock()
		return object{"total_urls": 1, "urls": object{"git": s.config.URL + "/" + repoOf(c.project) + ".git"}}, nil
	case "branches":
		heads, err := s.repos.Branches(c.Context(), repoOf(c.project))
		if err != nil {
			return nil, errProject
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
	return nil, errFile
}

// tree lists a folder, the root one as /tree/COMMIT and others as /tree/COMMIT/f/FOLDER.
func (s *Server) tree(c call) (object, *apiError) {
	commit, err := s.repos.Resolve(c.Context(), repoOf(c.project), c.rest[1])
	if err != nil {
		return nil, errFile
	}
	var folder string
	if len(c.rest) > 3 && c.rest[2] == "f" {
		folder = strings.Join(c.rest[3:], "/")
	}
	entries, err := s.repos.List(c.Context(), repoOf(c.project), commit, folder)
	if err != nil {
		return nil, errFile
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
func (s *Server) one(c call) (object, *apiError) {
	number, _ := strconv.Atoi(c.rest[1])
	s.mu.Lock()
	q := s.find(c.project, number)
	if q == nil {
		s.mu.Unlock()
		return nil, errRequest
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
			return s.diffstats(c, q)
		}
		return nil, errRequest
	}
	switch what {
	case "flag":
		return s.addFlag(c, head)
	case "comment":
		text := strings.TrimSpace(c.FormValue("comment"))
		if text == "" {
			return nil, required("comment")
		}
		if _, err := s.Comment(c.Context(), c.user, c.project, number, text); err != nil {
			return nil, errDB
		}
		return object{"message": "Comment added"}, nil
	case "close":
		if s.Close(c.Context(), c.user, c.project, number) != nil {
			return nil, errClose
		}
		return object{"message": "Pull-request closed!"}, nil
	case "merge":
		if s.Merge(c.Context(), c.user, c.project, number) != nil {
			return nil, errClose
		}
		return object{"message": "Changes merged!"}, nil
	}
	return nil, errRequest
}

func (s *Server) diffstats(c call, q *request) (object, *apiError) {
	s.mu.Lock()
	notYet := s.noStats > 0
	if notYet {
		s.noStats--
	}
	branch, head := q.Branch, q.Stop
	s.mu.Unlock()
	base, err := s.repos.Head(c.Context(), repoOf(c.project), branch)
	if err != nil || notYet {
		return nil, errStats
	}
	files, err := s.repos.Changes(c.Context(), repoOf(c.project), base, head)
	if err != nil {
		return nil, errStats
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
	refusal := *errForm
	refusal.fields = map[string][]string{field: {reason}}
	return &refusal
}
