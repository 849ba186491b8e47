// Package kojitest is a small Koji for one machine: a hub that speaks Koji's
// own protocol, quirks included, builders that really run rpmbuild, and the
// files they write, laid out as Koji lays them out; tags with all their history,
// signed copies, modules, side tags. Tests use it, and so does a local run.
//
// What it answers was compared with hub 1.35 (see the contract in this
// package's tests).
package kojitest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/rpm"
)

// Config is what a local Koji consists of.
type Config struct {
	// Dir holds the files, below it work/ and scratch/.
	Dir string
	// Users are the accounts: name and password. A client certificate logs in
	// whom its common name says.
	Users map[string]string
	// Admins may cancel what is not theirs.
	Admins []string
	// Targets are what can be built for, by name.
	Targets map[string]Target
	// Tags are made at the start, in this order, where they are not there yet;
	// those of the targets after them.
	Tags []TagSpec
	// Runner does the builds. It must not be nil.
	Runner Runner
	// Builders is how many tasks run at a time. Zero means 2.
	Builders int
	// BaseURL is where people find the server: "http://127.0.0.1:8080". It may
	// be set later, with SetBaseURL.
	BaseURL string
	// OnMessage gets what the hub would put on the bus, in order. It may call
	// the hub, but holds up later messages until it returns.
	OnMessage func(topic string, body []byte)
	// TopicPrefix stands before "buildsys.…". Empty means
	// "org.fedoraproject.prod".
	TopicPrefix string
	// Now gives the time. Nil means the real one.
	Now func() time.Time
	// Keep writes tags and builds down below Dir, so that the next Koji there
	// has them. Tasks and sessions end with this one.
	Keep bool
	// AnyPackage lists a package in a tag when it is first built for it, where
	// a Koji would refuse the build.
	AnyPackage bool
	// HashImports stores checksums of files as they were built. A hub stores
	// them of signed copies only.
	HashImports bool
	// Without are calls this hub does not know, as an older one: a hub before
	// 1.32 has no "getRPMChecksums".
	Without []string
}

// clock gives the time.
type clock = func() time.Time

// Target is a build target.
type Target struct {
	// BuildTag and DestTag default to "<name>-build" and "<name>".
	BuildTag, DestTag string
	// Arches are what packages are built for. Empty means this machine's.
	// Naming another needs a Runner that has it.
	Arches []string
	// Dist is the dist tag: ".fc45".
	Dist string
	// Macros are further rpm macros: {"fedora": "45"}.
	Macros map[string]string

	name string
	id   int64
}

// Server is the hub with its builders: an http.Handler that serves /kojihub,
// /koji (a page for each task) and /kojifiles.
type Server struct {
	config  Config
	ctx     context.Context //nolint:containedctx // the life of the builders, which outlive a request
	stop    context.CancelFunc
	mux     *http.ServeMux
	methods map[string]method
	slots   chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex
	baseURL  string
	users    []*user
	sessions map[int64]*session
	lastID   int64
	tasks    map[int64]*task
	order    []int64
	trouble  troubles
	outbox   []message
	flushing bool
	past     history
	lastTask int64
	gone     map[string]bool // folders of files nobody keeps, which were purged
	stats    Stats
}

type user struct {
	id       int64
	name     string
	password string
	admin    bool
}

// New makes a Server. Close stops its builders.
func New(config Config) (*Server, error) {
	if config.Runner == nil {
		return nil, fmt.Errorf("a local koji needs a runner")
	}
	if err := os.MkdirAll(filepath.Join(config.Dir, "work"), 0o755); err != nil {
		return nil, fmt.Errorf("make the file tree of a local koji: %w", err)
	}
	if config.Builders <= 0 {
		config.Builders = 2
	}
	if config.TopicPrefix == "" {
		config.TopicPrefix = "org.fedoraproject.prod"
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Server{
		config:   config,
		mux:      http.NewServeMux(),
		methods:  methods(),
		slots:    make(chan struct{}, config.Builders),
		sessions: map[int64]*session{},
		tasks:    map[int64]*task{},
		past:     *newHistory(),
		gone:     map[string]bool{},
		stats:    Stats{Calls: map[string]int{}},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.SetBaseURL(config.BaseURL)
	s.config.Targets = targets(config.Targets)
	for _, name := range sortedKeys(config.Users) {
		s.users = append(s.users, &user{
			id: int64(len(s.users) + 1), name: name,
			password: config.Users[name], admin: slices.Contains(config.Admins, name),
		})
	}
	s.mux.HandleFunc("/kojihub", s.serveHub)
	s.mux.HandleFunc("/kojihub/", s.serveHub)
	s.mux.HandleFunc("GET /koji/taskinfo", s.serveTask)
	s.mux.Handle("GET /kojifiles/", http.StripPrefix("/kojifiles", http.HandlerFunc(s.serveFile)))
	if err := s.remember(); err != nil {
		return nil, err
	}
	return s, s.addTags()
}

// addTags makes the tags that are not there yet.
func (s *Server) addTags() error {
	for _, spec := range s.config.Tags {
		if id, _, _ := s.past.tag(spec.Name, 0); id != 0 {
			continue
		}
		if err := s.AddTag(spec); err != nil {
			return fmt.Errorf("make tag %s: %w", spec.Name, err)
		}
	}
	for _, name := range sortedKeys(s.config.Targets) {
		t := s.config.Targets[name]
		for _, tag := range []string{t.DestTag, t.BuildTag} {
			if id, _, _ := s.past.tag(tag, 0); id != 0 {
				continue
			}
			spec := TagSpec{Name: tag}
			if tag == t.BuildTag {
				spec.Arches = t.Arches
			}
			if err := s.AddTag(spec); err != nil {
				return fmt.Errorf("make the tags of target %s: %w", name, err)
			}
		}
	}
	return nil
}

func targets(given map[string]Target) map[string]Target {
	out := map[string]Target{}
	for i, name := range sortedKeys(given) {
		t := given[name]
		t.name, t.id = name, int64(i+1)
		if t.BuildTag == "" {
			t.BuildTag = name + "-build"
		}
		if t.DestTag == "" {
			t.DestTag = name
		}
		if len(t.Arches) == 0 {
			t.Arches = []string{rpm.FromGo(runtime.GOARCH)}
		}
		out[name] = t
	}
	return out
}

// SetBaseURL says where people find the server, once that is known.
func (s *Server) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.baseURL = strings.TrimSuffix(base, "/")
}

// ServeHTTP answers as Koji's web server does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close stops the builders, with all that runs on them, and waits for them.
func (s *Server) Close() {
	s.stop()
	s.running.Wait()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
