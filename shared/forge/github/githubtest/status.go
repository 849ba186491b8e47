package githubtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/forge"
)

// CheckRun is a check run of the App.
type CheckRun struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Repo       string `json:"-"`
	HeadSHA    string `json:"head_sha"`
	ExternalID string `json:"external_id"`
	DetailsURL string `json:"details_url"`
	Status     string `json:"status"`
	Conclusion string `json:"-"`
	Output     Output `json:"output"`
	// Writes is how often it was created or changed.
	Writes    int        `json:"-"`
	Started   time.Time  `json:"started_at"`
	Completed *time.Time `json:"completed_at"`
}

// Output is the text of a check run.
type Output struct {
	Title   string `json:"title"`
	Summary string `json:"summary"`
}

// Status is a commit status.
type Status struct {
	ID          int64  `json:"id"`
	Repo        string `json:"-"`
	SHA         string `json:"-"`
	State       string `json:"state"`
	Context     string `json:"context"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url"`
	Creator     object `json:"creator"`
}

// CheckRuns are the check runs of a commit, oldest first.
func (s *Server) CheckRuns(repo, commit string) []CheckRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []CheckRun
	for _, run := range s.runs {
		if run.Repo == repo && run.HeadSHA == commit {
			list = append(list, *run)
		}
	}
	return list
}

// Statuses are the commit statuses of a commit, oldest first; of one context
// the last counts.
func (s *Server) Statuses(repo, commit string) []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Status
	for _, status := range s.statuses {
		if status.Repo == repo && status.SHA == commit {
			list = append(list, status)
		}
	}
	return list
}

// given are the fields of a check run that a call may set.
type given struct {
	Name, HeadSHA, ExternalID, DetailsURL, Status, Conclusion *string
	Output                                                    *Output
	CompletedAt                                               *time.Time
}

func readRun(w http.ResponseWriter, r *http.Request) (given, bool) {
	var in struct {
		Name        *string    `json:"name"`
		HeadSHA     *string    `json:"head_sha"`
		ExternalID  *string    `json:"external_id"`
		DetailsURL  *string    `json:"details_url"`
		Status      *string    `json:"status"`
		Conclusion  *string    `json:"conclusion"`
		Output      *Output    `json:"output"`
		CompletedAt *time.Time `json:"completed_at"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "Problems parsing JSON")
		return given{}, false
	}
	bad := func(value *string, allowed ...string) bool { return value != nil && !slices.Contains(allowed, *value) }
	switch {
	case bad(in.Status, "queued", "in_progress", "completed"):
		invalid(w, "CheckRun", "status", "invalid")
	case bad(in.Conclusion, "success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"):
		invalid(w, "CheckRun", "conclusion", "invalid")
	case in.Status != nil && *in.Status == "completed" && in.Conclusion == nil:
		invalid(w, "CheckRun", "conclusion", "missing_field")
	case in.Output != nil && (in.Output.Title == "" || in.Output.Summary == ""):
		invalid(w, "CheckRun", "output", "missing_field")
	case in.Output != nil && len(in.Output.Summary) > 65535:
		invalid(w, "CheckRun", "summary", "too_long")
	default:
		return given(in), true
	}
	return given{}, false
}

// set changes what was given. A conclusion completes the run, another status
// resets it.
func (run *CheckRun) set(in given, now time.Time) {
	for from, to := range map[*string]*string{
		in.Name: &run.Name, in.ExternalID: &run.ExternalID, in.DetailsURL: &run.DetailsURL, in.Status: &run.Status,
	} {
		if from != nil {
			*to = *from
		}
	}
	if in.Output != nil {
		run.Output = *in.Output
	}
	if in.Status != nil && *in.Status != "completed" {
		run.Conclusion, run.Completed = "", nil // an App may reset its check run
	}
	if in.Conclusion != nil {
		run.Conclusion, run.Status = *in.Conclusion, "completed"
		ended := now
		if in.CompletedAt != nil {
			ended = *in.CompletedAt
		}
		run.Completed = &ended
	}
	run.Writes++
}

// mayCheck refuses whoever is not the App: only Apps have check runs.
func (s *Server) mayCheck(w http.ResponseWriter, r *http.Request) bool {
	_, app, ok := s.who(r)
	switch {
	case !ok:
		refuse(w, http.StatusUnauthorized, "Bad credentials")
	case !app:
		refuse(w, http.StatusForbidden, "You must authenticate via a GitHub App.")
	case !s.repos.Exists(repoOf(r)):
		refuse(w, http.StatusNotFound, "Not Found")
	default:
		return true
	}
	return false
}

func (s *Server) createRun(w http.ResponseWriter, r *http.Request) {
	if !s.mayCheck(w, r) {
		return
	}
	in, ok := readRun(w, r)
	if !ok {
		return
	}
	if in.Name == nil || in.HeadSHA == nil || forge.CheckCommit(*in.HeadSHA) != nil {
		invalid(w, "CheckRun", "head_sha", "missing_field")
		return
	}
	if _, err := s.repos.Resolve(r.Context(), repoOf(r), *in.HeadSHA); err != nil {
		refuse(w, http.StatusUnprocessableEntity, "No commit found for SHA: "+*in.HeadSHA)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	run := &CheckRun{ID: s.next(), Repo: repoOf(r), HeadSHA: *in.HeadSHA, Status: "queued", Started: s.now()}
	run.set(in, s.now())
	s.runs = append(s.runs, run)
	answer(w, http.StatusCreated, s.runJSON(run))
}

func (s *Server) updateRun(w http.ResponseWriter, r *http.Request) {
	if !s.mayCheck(w, r) {
		return
	}
	in, ok := readRun(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		if strconv.FormatInt(run.ID, 10) == r.PathValue("id") && run.Repo == repoOf(r) {
			run.set(in, s.now())
			answer(w, http.StatusOK, s.runJSON(run))
			return
		}
	}
	refuse(w, http.StatusNotFound, "Not Found")
}

func (s *Server) runJSON(run *CheckRun) object {
	raw, _ := json.Marshal(run)
	var body object
	_ = json.Unmarshal(raw, &body)
	body["conclusion"], body["app"] = nil, object{"id": s.config.App, "slug": s.config.Slug}
	if run.Conclusion != "" {
		body["conclusion"] = run.Conclusion
	}
	return body
}

// listRuns gives the newest first; without filter=all only the newest of each name.
func (s *Server) listRuns(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, seen := []object{}, map[string]bool{}
	for _, run := range slices.Backward(s.runs) {
		name := r.FormValue("check_name")
		latest := cmp.Or(r.FormValue("filter"), "latest") == "latest"
		if run.Repo != repoOf(r) || run.HeadSHA != r.PathValue("sha") || (name != "" && name != run.Name) || (latest && seen[run.Name]) {
			continue
		}
		seen[run.Name] = true
		found = append(found, s.runJSON(run))
	}
	page(s, w, r, found, func(part []object) any { return object{"total_count": len(found), "check_runs": part} })
}

func (s *Server) createStatus(w http.ResponseWriter, r *http.Request) {
	user, _, ok := s.who(r)
	if !ok || user == "" {
		refuse(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	var status Status
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&status); err != nil {
		refuse(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	switch {
	case !slices.Contains([]string{"error", "failure", "pending", "success"}, status.State):
		invalid(w, "Status", "state", "custom")
		return
	case len(status.Description) > 140:
		invalid(w, "Status", "description", "custom")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status.ID, status.Repo, status.SHA, status.Creator = s.next(), repoOf(r), r.PathValue("sha"), userJSON(user)
	s.statuses = append(s.statuses, status)
	answer(w, http.StatusCreated, status)
}

func (s *Server) listStatuses(w http.ResponseWriter, r *http.Request) {
	list := s.Statuses(repoOf(r), r.PathValue("sha"))
	slices.Reverse(list)
	page(s, w, r, list, plain)
}
