// Package githubtest is a small GitHub: repositories over HTTP, pull requests,
// check runs of an App, commit statuses and signed web hooks in the forms of
// the real one. It is for tests, and for trying things on one machine. What is
// not in Git is kept in memory only.
package githubtest

import (
	"crypto/rsa"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/forge/forgetest"
	"github.com/distaff-project/distaff/shared/forge/gittest"
)

// Config is how a GitHub is set up. It is reached at URL (git and pages) and
// URL/api/v3/ (REST), as GitHub Enterprise is.
type Config struct {
	// Dir is where repositories are kept.
	Dir string
	URL string
	// App is the id of the only GitHub App, Key its public key and Slug its
	// name: it acts as the user SLUG[bot].
	App  int64
	Key  *rsa.PublicKey
	Slug string
	// Tokens are personal access tokens, with the user of each. They are the
	// passwords of Git too.
	Tokens map[string]string
	// Hooks are the web hooks of all repositories.
	Hooks []Hook
	// Now is the clock; nil: the real one.
	Now func() time.Time
}

// Hook is a web hook, whose calls are signed with Secret.
type Hook struct{ URL, Secret string }

// Server is a GitHub. Make one with New.
type Server struct {
	// Faults are calls that will fail, Fate web hooks that get lost or doubled,
	// and Deliveries their calls.
	Faults     forgetest.Faults
	Fate       forgetest.Fate
	Deliveries forgetest.Deliveries

	config Config
	repos  *gittest.Repos
	rest   *http.ServeMux

	mu       sync.Mutex
	repoIDs  map[string]int64
	requests map[string][]*request
	runs     []*CheckRun
	statuses []Status
	tokens   map[string]time.Time // of installations, with their end
	bought   int
	lastID   int64
}

// New makes a GitHub with the repositories in config.Dir.
func New(config Config) (*Server, error) {
	repos, err := gittest.New(config.Dir)
	if err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Server{
		config: config, repos: repos, lastID: 1000,
		repoIDs: map[string]int64{}, requests: map[string][]*request{}, tokens: map[string]time.Time{},
	}
	s.rest = s.routes()
	return s, nil
}

// SetURL tells the server where it is reached.
func (s *Server) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.URL = strings.TrimSuffix(url, "/")
}

// AddHook adds a web hook to all repositories.
func (s *Server) AddHook(hook Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.Hooks = append(s.config.Hooks, hook)
}

// TokensBought is how often an installation token was given out.
func (s *Server) TokensBought() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bought
}

// ServeHTTP answers as GitHub does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Faults.Before(http.HandlerFunc(s.serve)).ServeHTTP(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if path, rest, ok := gittest.Split(r.URL.Path); ok {
		s.git(w, r, path, rest)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/v3/") {
		http.StripPrefix("/api/v3", s.rest).ServeHTTP(w, r)
		return
	}
	s.page(w, r)
}

// next gives a new id. The caller holds mu.
func (s *Server) next() int64 {
	s.lastID++
	return s.lastID
}

func (s *Server) now() time.Time { return s.config.Now().UTC().Truncate(time.Second) }
