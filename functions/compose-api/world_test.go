package composeapi_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
	"github.com/distaff-project/distaff/shared/state"
)

// server is the function over a bucket in memory.
type server struct {
	t testing.TB
	http.Handler
	*blob.Counted
	desk    compose.Desk
	bucket  state.Bucket
	list    *index.List
	urls    odcs.URLs
	options composeapi.Options

	mu   sync.Mutex
	now  time.Time
	said []event.Event
	// sink is asked before each event is taken.
	sink func() error
	// down makes every request to the bucket fail.
	down error
}

// anyone lets everybody in; byHeader believes X-Test-DN, as the recorded server
// did.
type (
	anyone   struct{}
	byHeader struct{}
)

func (anyone) Authenticate(*http.Request) (login.Caller, error) {
	return login.Caller{Name: login.Unknown, Anonymous: true, How: login.HowNone}, nil
}
func (anyone) RequireScope(login.Caller, string) error { return nil }

func (byHeader) Authenticate(r *http.Request) (login.Caller, error) {
	name := r.Header.Get("X-Test-DN")
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return login.Caller{Name: login.Unknown, Anonymous: true}, nil
	case name == "":
		return login.Caller{}, &login.Refusal{Code: 401, Message: "Cannot verify client: None", Hint: "Send a certificate."}
	}
	return login.Caller{Name: name}, nil
}
func (byHeader) RequireScope(login.Caller, string) error { return nil }

func open() composeapi.Options {
	return composeapi.Options{Policy: permit.Policy{Open: true}, AuthBackend: "noauth"}
}

type weak struct {
	*mem.Store
	s *server
}

func (w weak) Get(ctx context.Context, key string) (blob.Object, error) {
	if w.s.down != nil {
		return blob.Object{}, w.s.down
	}
	return w.Store.Get(ctx, key)
}

func (w weak) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if w.s.down != nil {
		return nil, w.s.down
	}
	return w.Store.List(ctx, prefix, after, limit)
}

func newServer(t testing.TB, who composeapi.Login, o composeapi.Options) *server {
	s := &server{t: t, now: time.Date(2026, 11, 21, 0, 41, 16, 0, time.UTC), urls: odcs.URLs{Composes: "http://localhost/composes"}}
	s.Counted = blob.Count(weak{mem.NewAt(s.clock), s})
	s.bucket = state.New(s.Counted)
	s.bucket.Now = s.clock
	s.desk = compose.NewDesk(s.bucket, compose.Rules{Show: func(c compose.Compose) json.RawMessage { return odcs.Show(c, s.urls) }}, index.Beside)
	if o.Defaults.Sigkeys == nil {
		o.Defaults.Sigkeys = []string{"f00d"}
	}
	o.Defaults.RawConfigs = map[string]odcs.RawConfig{"fedora": {}}
	o.Defaults.TargetDirs = []string{"private"}
	o.URLs = s.urls
	s.options = o
	s.Handler = s.instance(who)
	return s
}

// instance is one more process over the same bucket.
func (s *server) instance(who composeapi.Login) http.Handler {
	list := index.NewList(s.Counted, s.desk.Read)
	if s.list == nil {
		s.list = list
	}
	desk := compose.NewDesk(s.bucket, s.desk.Rules, index.Beside)
	f := composeapi.New(composeapi.Parts{
		Desk: desk, IDs: desk.IDs, List: list, Store: s.Counted, Login: who, Now: s.clock, Nonce: s.bucket.Nonce,
	}, s.options)
	return fn.ServeWeb(fn.Runner{Now: s.clock, Log: slog.New(slog.DiscardHandler), Sink: s.take}, f)
}

func (s *server) take(_ context.Context, e event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sink != nil {
		if err := s.sink(); err != nil {
			return err
		}
	}
	s.said = append(s.said, e)
	return nil
}

func (s *server) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *server) passes(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.now = s.now.Add(d) }

// types are the events said since the last call.
func (s *server) types() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, e := range s.said {
		out = append(out, e.Type())
	}
	s.said = nil
	return out
}

// ask sends a request; headers are pairs.
func (s *server) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	return ask(s.t, s.Handler, method, path, body, headers...)
}

func ask(t testing.TB, h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), method, "http://odcs.example"+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// made is a compose as it was answered.
type made struct {
	ID            int64
	State         int
	StateName     string `json:"state_name"`
	StateReason   string `json:"state_reason"`
	Owner         string
	Source        string
	Sigkeys       string
	TimeToExpire  time.Time `json:"time_to_expire"`
	TimeSubmitted time.Time `json:"time_submitted"`
	RespinOf      string    `json:"respin_of"`
	Message       string
	Hint          string
}

func read(t testing.TB, w *httptest.ResponseRecorder) made {
	t.Helper()
	var m made
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return m
}

// post asks for a compose that is taken.
func (s *server) post(body string, headers ...string) made {
	s.t.Helper()
	w := s.ask(http.MethodPost, "/api/1/composes/", body, headers...)
	if w.Code != http.StatusOK {
		s.t.Fatalf("POST %s: %d %s", body, w.Code, w.Body)
	}
	return read(s.t, w)
}

// becomes sets the document of a compose, as if others had dealt with it.
func (s *server) becomes(id int64, change func(c *compose.Compose)) {
	s.t.Helper()
	c, err := s.desk.Read(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	before := c
	c.Rev++
	c.Asks = nil
	change(&c)
	objects, _ := index.Beside(before, c)
	raw, err := json.Marshal(c)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range append(objects, state.Object{Key: compose.DocumentPrefix + c.Subject() + ".json", Body: raw}) {
		if _, err := s.Put(s.t.Context(), o.Key, o.Body, blob.Any); err != nil {
			s.t.Fatal(err)
		}
	}
}

func done(c *compose.Compose) {
	c.State, c.Reason, c.PungiID = compose.Done, "Compose is generated successfully", "odcs-"+c.Subject()+"-1-20261121.t.0"
	c.Started, c.Done = c.Submitted, c.Submitted
}

func (s *server) fold() {
	s.t.Helper()
	if _, err := index.NewIndexer(s.bucket, s.Counted, s.desk.Read).Fold(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}
