// Package bodhitest is a small Bodhi that knows releases: for tests, and for
// trying things on one machine.
package bodhitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/distaff-project/distaff/shared/bodhi"
)

// Server is a Bodhi. The zero value has no releases.
type Server struct {
	mu       sync.Mutex
	releases []bodhi.Release
	failing  int
	code     int
	asked    int
}

// New makes a Bodhi with releases.
func New(releases ...bodhi.Release) *Server { return &Server{releases: releases} }

// Fedora gives the releases of a Fedora whose rawhide is version rawhide: two
// stable ones before it, EPEL 9 and 10 with a minor, ELN; and beside them the
// container and archived ones that a reader must not take.
func Fedora(rawhide int) []bodhi.Release {
	fedora := func(version int, branch, state string) bodhi.Release {
		tag := fmt.Sprintf("f%d", version)
		return bodhi.Release{
			Name: fmt.Sprintf("F%d", version), IDPrefix: "FEDORA", Version: strconv.Itoa(version), Branch: branch,
			DistTag: tag, CandidateTag: tag + "-updates-candidate", State: state,
		}
	}
	epel := func(version, branch, tag string) bodhi.Release {
		return bodhi.Release{
			Name: "EPEL-" + version, IDPrefix: "FEDORA-EPEL", Version: version, Branch: branch,
			DistTag: tag, CandidateTag: tag + "-testing-candidate", State: bodhi.Current,
		}
	}
	branch := func(version int) string { return fmt.Sprintf("f%d", version) }
	containers := fedora(rawhide-1, branch(rawhide-1), bodhi.Current)
	containers.Name, containers.IDPrefix = containers.Name+"C", "FEDORA-CONTAINER"
	return []bodhi.Release{
		{
			Name: "ELN", IDPrefix: "FEDORA", Version: "eln", Branch: "eln", DistTag: "eln",
			CandidateTag: "eln-updates-candidate", State: bodhi.Pending,
		},
		epel("9", "epel9", "epel9"),
		epel("10.0", "epel10.0", "epel10.0"),
		epel("10.1", "epel10", "epel10.1"),
		fedora(rawhide-3, branch(rawhide-3), bodhi.Archived),
		fedora(rawhide-2, branch(rawhide-2), bodhi.Current),
		fedora(rawhide-1, branch(rawhide-1), bodhi.Current),
		containers,
		fedora(rawhide, "rawhide", bodhi.Pending),
	}
}

// Set changes the releases.
func (s *Server) Set(releases ...bodhi.Release) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releases = slices.Clone(releases)
}

// Fail makes the next times calls answer code, as the proxy before Bodhi does.
func (s *Server) Fail(times, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing, s.code = times, code
}

// Asked is how many calls there were.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// ServeHTTP answers GET /releases/ and GET /releases/NAME.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.failing > 0 {
		s.failing--
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(s.code)
		_, _ = fmt.Fprintf(w, "<html><body><h1>%d %s</h1></body></html>", s.code, http.StatusText(s.code))
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/releases/")
	switch {
	case !ok || r.Method != http.MethodGet:
		refuse(w, http.StatusNotFound, "path", "", "not found")
	case name != "":
		i := slices.IndexFunc(s.releases, func(r bodhi.Release) bool { return r.Name == name })
		if i < 0 {
			refuse(w, http.StatusNotFound, "body", "name", "No such release")
			return
		}
		answer(w, http.StatusOK, s.releases[i])
	default:
		s.list(w, r)
	}
}

// list answers with one page. Bodhi counts from 1 and gives 20 rows of 1 to 1000.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	page, rows := 1, 20
	for name, value := range map[string]*int{"page": &page, "rows_per_page": &rows} {
		if text := r.URL.Query().Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || (name == "rows_per_page" && n > 1000) {
				refuse(w, http.StatusBadRequest, "querystring", name, text+" is not in range")
				return
			}
			*value = n
		}
	}
	states := r.URL.Query()["state"]
	found := []bodhi.Release{}
	for _, release := range s.releases {
		archived := r.URL.Query().Get("exclude_archived") != "" && release.State == bodhi.Archived
		if !archived && (len(states) == 0 || slices.Contains(states, release.State)) {
			found = append(found, release)
		}
	}
	from := min((page-1)*rows, len(found))
	answer(w, http.StatusOK, map[string]any{
		"releases": found[from:min(from+rows, len(found))],
		"page":     page, "pages": (len(found) + rows - 1) / rows, "rows_per_page": rows, "total": len(found),
	})
}

func refuse(w http.ResponseWriter, code int, location, name, reason string) {
	answer(w, code, map[string]any{"status": "error", "errors": []map[string]string{
		{"location": location, "name": name, "description": reason},
	}})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
