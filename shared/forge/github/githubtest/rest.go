package githubtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	read := func(pattern string, handler http.HandlerFunc) {
		mux.HandleFunc("GET /repos/{owner}/{repo}"+pattern, func(w http.ResponseWriter, r *http.Request) {
			if _, _, ok := s.who(r); !ok {
				refuse(w, http.StatusUnauthorized, "Bad credentials")
				return
			}
			if !s.repos.Exists(repoOf(r)) {
				refuse(w, http.StatusNotFound, "Not Found")
				return
			}
			handler(w, r)
		})
	}
	mux.HandleFunc("GET /repos/{owner}/{repo}/installation", s.findInstallation)
	mux.HandleFunc("POST /app/installations/{id}/access_tokens", s.buyToken)
	read("/pulls", s.pulls)
	read("/pulls/{number}", s.pull)
	read("/pulls/{number}/files", s.files)
	read("/git/trees/{sha}", s.tree)
	read("/contents/{path...}", s.contents)
	read("/issues/{number}/comments", s.comments)
	read("/commits/{sha}/check-runs", s.listRuns)
	read("/commits/{sha}/statuses", s.listStatuses)
	mux.HandleFunc("POST /repos/{owner}/{repo}/check-runs", s.createRun)
	mux.HandleFunc("PATCH /repos/{owner}/{repo}/check-runs/{id}", s.updateRun)
	mux.HandleFunc("POST /repos/{owner}/{repo}/statuses/{sha}", s.createStatus)
	mux.HandleFunc("POST /repos/{owner}/{repo}/issues/{number}/comments", s.createComment)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "Not Found") })
	return mux
}

// page answers with the part of a list that was asked for, and says in the
// Link header whether there is more. GitHub gives 30 of at most 100.
func page[T any](s *Server, w http.ResponseWriter, r *http.Request, all []T, wrap func([]T) any) {
	number, _ := strconv.Atoi(r.FormValue("page"))
	size, _ := strconv.Atoi(r.FormValue("per_page"))
	number = max(number, 1)
	if size < 1 {
		size = 30
	}
	size = min(size, 100)
	from := min((number-1)*size, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(number+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s/api/v3%s?%s>; rel="next"`, s.config.URL, r.URL.Path, query.Encode()))
	}
	answer(w, http.StatusOK, wrap(all[from:to]))
}

func plain[T any](list []T) any {
	if list == nil {
		return []T{}
	}
	return list
}

func (s *Server) pulls(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.requests[repoOf(r)])
	slices.SortStableFunc(list, func(a, b *request) int {
		if r.FormValue("sort") == "updated" && !a.Updated.Equal(b.Updated) {
			return b.Updated.Compare(a.Updated)
		}
		return cmp.Compare(b.Number, a.Number)
	})
	found := []object{}
	for _, q := range list {
		state := cmp.Or(r.FormValue("state"), "open")
		if state == "all" || (state == "open") == q.Open {
			found = append(found, s.requestJSON(q))
		}
	}
	page(s, w, r, found, plain)
}

// find gives the pull request a call is about, or nil. The caller holds mu.
func (s *Server) find(repo, number string) *request {
	n, _ := strconv.Atoi(number)
	if list := s.requests[repo]; n >= 1 && n <= len(list) {
		return list[n-1]
	}
	return nil
}

func (s *Server) pull(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.find(repoOf(r), r.PathValue("number"))
	if q == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	answer(w, http.StatusOK, s.requestJSON(q))
}

func (s *Server) files(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	q := s.find(repoOf(r), r.PathValue("number"))
	if q == nil {
		s.mu.Unlock()
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	base, head := q.Base, q.Head
	s.mu.Unlock()
	changes, err := s.repos.Changes(r.Context(), repoOf(r), base, head)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, "Sorry, this diff is unavailable.")
		return
	}
	words := map[string]string{"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}
	found := []object{}
	for _, c := range changes {
		file := object{
			"filename": c.Path, "status": words[c.Status], "sha": c.ID, "additions": c.Added, "deletions": c.Removed, "changes": c.Added + c.Removed,
		}
		if c.Status == "R" {
			file["previous_filename"] = c.Was
		}
		found = append(found, file)
	}
	page(s, w, r, found, plain)
}

func (s *Server) tree(w http.ResponseWriter, r *http.Request) {
	sha := r.PathValue("sha")
	rev, err := s.repos.Resolve(r.Context(), repoOf(r), sha)
	if err != nil {
		rev = sha // maybe a tree itself
	}
	entries, err := s.repos.List(r.Context(), repoOf(r), rev, "")
	if err != nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	list := []object{}
	for _, e := range entries {
		kind := "blob"
		if e.Folder {
			kind = "tree"
		}
		list = append(list, object{"path": e.Name, "mode": e.Mode, "type": kind, "sha": e.ID})
	}
	answer(w, http.StatusOK, object{"sha": sha, "tree": list, "truncated": false})
}

func (s *Server) contents(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("path")
	rev, err := s.repos.Resolve(r.Context(), repoOf(r), cmp.Or(r.FormValue("ref"), "main"))
	if err != nil {
		refuse(w, http.StatusNotFound, "No commit found for the ref "+r.FormValue("ref"))
		return
	}
	raw, err := s.repos.Read(r.Context(), repoOf(r), rev, path)
	if err != nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	answer(w, http.StatusOK, object{
		"type": "file", "encoding": "base64", "size": len(raw), "path": path, "name": path[strings.LastIndex(path, "/")+1:],
		"content": base64.StdEncoding.EncodeToString(raw),
	})
}

func (s *Server) comments(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.find(repoOf(r), r.PathValue("number"))
	if q == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	page(s, w, r, q.Comments, plain)
}
