// Package testingfarmtest is a Testing Farm of one's own: the real REST API,
// artifacts and webhooks on one http.Handler, for tests and for running
// everything on one machine. What the tests do is up to a Runner: Scripted
// answers at once, Tools really installs and lints.
//
// It keeps the real one's habits, also the unpleasant ones: a webhook says only
// that something changed, and Fault makes it lose, double and delay.
package testingfarmtest

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// Config is what a Farm is made of. The zero value works in tests.
type Config struct {
	// URL is where the handler is reached from outside, without the version:
	// "http://127.0.0.1:8081". Empty means whatever host a request came to.
	URL string
	// Tokens are the API keys taken. None means any key will do.
	Tokens []string
	// Composes are offered. None means Fedora's, CentOS Stream's and ELN.
	Composes []testingfarm.Compose
	// Runner does the tests. Nil means that everything passes at once.
	Runner Runner
	// Parallel is how many requests run at once. Zero means 2.
	Parallel int
	// Timeout ends a run. Zero means 30 minutes.
	Timeout time.Duration
	// Dir keeps requests and artifacts, over a restart too: what was not done
	// then is run again. Empty means a folder that Close removes.
	Dir string
	// HTTP posts the webhooks.
	HTTP *http.Client
	// HookPause is the first wait before a refused webhook is posted again,
	// doubled each time. Zero means one second.
	HookPause time.Duration
	// Log hears what goes wrong here. Nil means nobody.
	Log *slog.Logger
}

// Farm is the stand-in. It serves as soon as it is made; Close ends it.
type Farm struct {
	cfg    Config
	mux    *http.ServeMux
	dir    string
	remove bool
	slots  chan struct{}
	// begin starts work that ends when the Farm is closed.
	begin func(func(context.Context))
	stop  func()

	mu       sync.Mutex
	requests map[string]*record
	order    []string
	faults   Faults
	closed   bool
}

// New makes a Farm and takes up what an earlier one in the same Dir left.
func New(cfg Config) (*Farm, error) {
	cfg.Parallel = cmp.Or(cfg.Parallel, 2)
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Minute)
	cfg.HookPause = cmp.Or(cfg.HookPause, time.Second)
	cfg.URL = strings.TrimRight(cfg.URL, "/")
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Runner == nil {
		cfg.Runner = Scripted{}
	}
	if len(cfg.Composes) == 0 {
		cfg.Composes = []testingfarm.Compose{
			{Name: "Fedora-Rawhide", Type: "compose"},
			{Name: `Fedora-\d+`, Type: "regex"},
			{Name: "Fedora-eln", Type: "compose"},
			{Name: `CentOS-Stream-\d+`, Type: "regex"},
			{Name: "CentOS-7", Type: "compose"},
		}
	}
	f := &Farm{cfg: cfg, dir: cfg.Dir, slots: make(chan struct{}, cfg.Parallel), requests: map[string]*record{}}
	if f.dir == "" {
		dir, err := os.MkdirTemp("", "testing-farm-")
		if err != nil {
			return nil, err
		}
		f.dir, f.remove = dir, true
	}
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	f.begin = func(work func(context.Context)) { group.Go(func() { work(ctx) }) }
	f.stop = func() { cancel(); group.Wait() }
	f.routes()
	if err := f.load(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close stops what runs, with all processes it started, and waits for it.
func (f *Farm) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	if f.remove {
		_ = os.RemoveAll(f.dir)
	}
}

func (f *Farm) routes() {
	f.mux = http.NewServeMux()
	f.mux.HandleFunc("POST /v0.1/requests", f.post)
	f.mux.HandleFunc("GET /v0.1/requests", f.list)
	f.mux.HandleFunc("GET /v0.1/requests/{id}", f.show)
	f.mux.HandleFunc("DELETE /v0.1/requests/{id}", f.cancel)
	f.mux.HandleFunc("GET /v0.1/composes", f.composes)
	f.mux.HandleFunc("GET /v0.1/composes/{ranch}", f.composes)
	f.mux.HandleFunc("GET /v0.1/whoami", f.whoami)
	f.mux.HandleFunc("GET /v0.1/about", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"version": "local", "release_notes": "a Testing Farm on this machine"})
	})
	files := http.FileServer(http.Dir(filepath.Join(f.dir, "artifacts")))
	f.mux.Handle("GET /artifacts/", http.StripPrefix("/artifacts/", noSniff(files)))
}

// noSniff has logs shown as text, whatever a test wrote into them.
func noSniff(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch filepath.Ext(r.URL.Path) {
		case ".log", ".txt":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		case ".xml":
			w.Header().Set("Content-Type", "application/xml")
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP answers the API under /v0.1/ and the files under /artifacts/.
func (f *Farm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.slow(r.Context()) {
		return
	}
	f.mux.ServeHTTP(w, r)
}
