// Package paguretest is a small Pagure: real Git repositories over HTTP, pull
// requests, flags, messages and signed web hooks in the forms of the real one.
// It is for tests, and for trying things on one machine: people can push to it
// and look at its pages.
package paguretest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/forge/forgetest"
	"github.com/distaff-project/distaff/shared/forge/gittest"
)

// Config is how a Pagure is set up.
type Config struct {
	// Dir is where repositories and everything else are kept.
	Dir string
	// URL is the address it is reached at; SetURL changes it.
	URL string
	// Tokens are the API tokens, with the user of each. They are the passwords
	// of Git too.
	Tokens map[string]string
	// Hooks are the web hooks of all projects.
	Hooks []Hook
	// OnMessage gets each message of the bus, in order, before the call that
	// made it returns.
	OnMessage func(Message)
	// TopicPrefix is what topics begin with; empty: org.fedoraproject.prod.
	TopicPrefix string
	// Now is the clock; nil: the real one.
	Now func() time.Time
}

// Hook is a web hook, whose calls are signed with Secret.
type Hook struct{ URL, Secret string }

// Message is one message of the bus.
type Message struct {
	ID, Topic string
	Sent      time.Time
	Body      []byte
}

// Server is a Pagure. Make one with New.
type Server struct {
	// Faults are calls that will fail, Fate messages that get lost or doubled,
	// and Deliveries the calls of web hooks.
	Faults     forgetest.Faults
	Fate       forgetest.Fate
	Deliveries forgetest.Deliveries

	config Config
	repos  *gittest.Repos

	mu      sync.Mutex
	state   state
	posts   map[string]int // of flags, by uid
	noStats int
	counter int
}

// state is what is kept beside the repositories, as pagure.json.
type state struct {
	Projects map[string]*project // by path: rpms/bash, fork/USER/rpms/bash
	Requests map[string][]*request
	Flags    map[string][]*flag // by commit
	Comments int                // the last id
	IDs      int                // the last id of a project
}

const stateFile = "pagure.json"

// New makes a Pagure of what is in config.Dir.
func New(config Config) (*Server, error) {
	repos, err := gittest.New(config.Dir)
	if err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.TopicPrefix == "" {
		config.TopicPrefix = "org.fedoraproject.prod."
	}
	s := &Server{config: config, repos: repos, posts: map[string]int{}}
	raw, err := os.ReadFile(filepath.Join(config.Dir, stateFile))
	if err == nil {
		err = json.Unmarshal(raw, &s.state)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", stateFile, err)
	}
	if s.state.Projects == nil {
		s.state = state{Projects: map[string]*project{}, Requests: map[string][]*request{}, Flags: map[string][]*flag{}}
	}
	return s, nil
}

// SetURL tells the server where it is reached.
func (s *Server) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.URL = strings.TrimSuffix(url, "/")
}

// AddHook adds a web hook to all projects.
func (s *Server) AddHook(hook Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.Hooks = append(s.config.Hooks, hook)
}

// NoStats makes the next n questions for diffstats answer 400, as they do
// while the diff is not computed.
func (s *Server) NoStats(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noStats = n
}

// FlagPosts is how often the flag with that uid was posted and taken.
func (s *Server) FlagPosts(uid string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts[uid]
}

// save writes the state. The caller holds mu.
func (s *Server) save() error {
	raw, err := json.MarshalIndent(s.state, "", " ")
	if err != nil {
		return err
	}
	name := filepath.Join(s.config.Dir, stateFile)
	if err := os.WriteFile(name+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// now is the time as Pagure writes it.
func (s *Server) now() string { return fmt.Sprint(s.config.Now().Unix()) }

// ServeHTTP answers as Pagure does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Faults.Before(http.HandlerFunc(s.serve)).ServeHTTP(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if repo, rest, ok := gittest.Split(r.URL.Path); ok {
		s.git(w, r, repo, rest)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/api/0/"); ok {
		s.api(w, r, path)
		return
	}
	s.page(w, r)
}

// user is who a token belongs to.
func (s *Server) user(r *http.Request) (string, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "token ")
	if !ok {
		_, token, ok = r.BasicAuth()
	}
	name, known := s.config.Tokens[token]
	return name, ok && known
}
