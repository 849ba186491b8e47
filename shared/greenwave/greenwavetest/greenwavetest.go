// Package greenwavetest is a small Greenwave for one machine: it decides by
// results it is told, as the real one does by those in ResultsDB.
package greenwavetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Policy demands test cases of all subjects of a type in a context.
type Policy struct {
	Context   string
	Products  []string // fedora-45
	Type      string   // koji_build
	TestCases []string
}

// Server is a Greenwave with its results. It is an http.Handler.
type Server struct {
	mu       sync.Mutex
	policies []Policy
	results  map[[2]string]string
	asked    int
	down     int
}

// New makes a Server with these policies.
func New(policies ...Policy) *Server {
	return &Server{policies: policies, results: map[[2]string]string{}}
}

// Result notes what a test case came to for an item: PASSED, FAILED.
func (s *Server) Result(item, testCase, outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[[2]string{item, testCase}] = outcome
}

// Down lets the next n questions be answered 502, as when ResultsDB is away.
func (s *Server) Down(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = n
}

// Asked is how many questions were asked.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

type question struct {
	Product  string `json:"product_version"`
	Context  string `json:"decision_context"`
	Subjects []struct {
		Item string `json:"item"`
		Type string `json:"type"`
	} `json:"subject"`
}

type requirement struct {
	Type     string `json:"type"`
	TestCase string `json:"testcase"`
	Item     string `json:"subject_identifier"`
	Kind     string `json:"subject_type"`
}

// ServeHTTP answers POST /api/v1.0/decision.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.HasSuffix(r.URL.Path, "/api/v1.0/decision"):
		refuse(w, http.StatusNotFound, "Not found")
		return
	case r.Method != http.MethodPost:
		refuse(w, http.StatusMethodNotAllowed, "The method is not allowed for the requested URL.")
		return
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		refuse(w, http.StatusUnsupportedMediaType, "No JSON payload in request")
		return
	}
	var q question
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&q); err != nil || len(q.Subjects) == 0 {
		refuse(w, http.StatusBadRequest, "Missing required subject")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.down > 0 {
		s.down--
		refuse(w, http.StatusBadGateway, "ResultsDB does not answer")
		return
	}
	s.decide(w, q)
}

func (s *Server) decide(w http.ResponseWriter, q question) {
	applied, met, unmet := 0, []requirement{}, []requirement{}
	for _, subject := range q.Subjects {
		for _, p := range s.policies {
			if p.Context != q.Context || p.Type != subject.Type || !slices.Contains(p.Products, q.Product) {
				continue
			}
			applied++
			for _, name := range p.TestCases {
				need := requirement{TestCase: name, Item: subject.Item, Kind: subject.Type}
				switch s.results[[2]string{subject.Item, name}] {
				case "PASSED":
					need.Type = "test-result-passed"
					met = append(met, need)
				case "":
					need.Type = "test-result-missing"
					unmet = append(unmet, need)
				default:
					need.Type = "test-result-failed"
					unmet = append(unmet, need)
				}
			}
		}
	}
	if applied == 0 {
		refuse(w, http.StatusNotFound, fmt.Sprintf(
			"Found no applicable policies for %s subjects at gating point(s) %s in %s", q.Subjects[0].Type, q.Context, q.Product))
		return
	}
	summary := "All required tests passed"
	if len(unmet) > 0 {
		summary = fmt.Sprintf("Of %d required tests, %d not passed", len(met)+len(unmet), len(unmet))
	}
	answer(w, http.StatusOK, map[string]any{
		"policies_satisfied": len(unmet) == 0, "summary": summary, "applicable_policies": []string{"local"},
		"satisfied_requirements": met, "unsatisfied_requirements": unmet,
	})
}

func refuse(w http.ResponseWriter, code int, message string) {
	answer(w, code, map[string]string{"message": message})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone
}
