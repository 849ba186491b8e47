package statuspage_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	statuspage "github.com/distaff-project/distaff/functions/status-page"
	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

var (
	bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	sha  = strings.Repeat("0123456789", 4)
)

// shelf is a bucket that counts what is asked of it, behind the page.
type shelf struct {
	*mem.Store
	fn.Function
	now      time.Time
	requests atomic.Int64
}

func (s *shelf) Get(ctx context.Context, key string) (blob.Object, error) {
	s.requests.Add(1)
	return s.Store.Get(ctx, key)
}

func (s *shelf) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	s.requests.Add(1)
	return s.Store.List(ctx, prefix, after, limit)
}

func newShelf() *shelf {
	s := &shelf{Store: mem.NewAt(func() time.Time { return noon }), now: noon}
	s.Function = statuspage.New(s, s, statuspage.Options{
		Now: func() time.Time { return s.now }, Days: 365,
		Forges: map[string]pipeline.Taken{"fedora": {Namespaces: []string{"rpms", "tests"}}, "github": {Namespaces: []string{"example"}}},
		Graph:  func() []byte { return []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>`) },
	})
	return s
}

func (s *shelf) put(t testing.TB, key string, body []byte) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, body, blob.Any); err != nil {
		t.Fatal(err)
	}
}

func (s *shelf) document(t testing.TB, p pipeline.PullRequest) {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, state.DocumentKey(p.Document()), raw)
}

// over is a pull request whose second run failed.
func over(id event.PullRequestID) pipeline.PullRequest {
	return pipeline.PullRequest{
		PullRequestID: id, URL: "https://src.example.org/" + id.Repo + fmt.Sprint("/pull-request/", id.Number), Title: "Update to 5.3", Author: "anna", Branch: "rawhide", Opened: true, Updated: noon.Add(-time.Hour),
		Run: pipeline.Run{
			Number: 2, Commit: sha, Phase: pipeline.Over, Started: noon.Add(-50 * time.Minute), Ended: noon.Add(-40 * time.Minute), Verdict: "Failed: rpmlint - rawhide",
			Checks: map[string]pipeline.Check{
				"build": {
					Name: "scratch build - rawhide", State: pipeline.Passed, Required: true, Attempt: 2, Remote: "45270170", Asked: noon.Add(-50 * time.Minute), Started: noon.Add(-49 * time.Minute), Ended: noon.Add(-45 * time.Minute),
					Artifacts: []event.Link{{Name: "bash-5.3.0-1.fc45.src.rpm", URL: "https://koji.example.org/bash-5.3.0-1.fc45.src.rpm"}},
				},
				"rpmlint": {Name: "rpmlint - rawhide", State: pipeline.Failed, Required: true, Attempt: 1, Text: "2 errors", Started: noon.Add(-45 * time.Minute), Ended: noon.Add(-40 * time.Minute)},
			},
		},
		Past:  []pipeline.Past{{Number: 1, Commit: strings.Repeat("f", 40), Outcome: "superseded", Verdict: "Superseded by 0123456", Ended: noon.Add(-50 * time.Minute)}},
		Trail: []pipeline.Line{{At: noon.Add(-50 * time.Minute), Text: "run 2 begins for 0123456"}},
	}
}

// alive is a pull request that is being built.
func alive(id event.PullRequestID) pipeline.PullRequest {
	p := over(id)
	p.Past, p.Run.Phase, p.Run.Verdict, p.Run.Ended, p.Run.Number = nil, pipeline.Checking, "", time.Time{}, 1
	p.Run.Checks = map[string]pipeline.Check{"build": {Name: "scratch build - rawhide", State: pipeline.Running, Attempt: 1, Remote: "777777", Asked: noon.Add(-time.Minute), Started: noon.Add(-time.Minute)}}
	label := pipeline.Label{PullRequest: id, Run: 1, What: "build", Attempt: 1}.String()
	p.Asks = map[string]ask.Ask{label: {Since: noon.Add(-time.Minute), Due: noon.Add(time.Hour), Times: 1, System: "koji.fedora", Remote: "777777", Draft: event.Draft{Type: "distaff.build.wanted"}}}
	return p
}

func (s *shelf) ran(t testing.TB, p pipeline.PullRequest, state string) {
	t.Helper()
	s.document(t, p)
	run := find.Run{PullRequest: p.PullRequestID, Number: p.Run.Number}
	s.put(t, find.CommitKey(p.Run.Commit, run), nil)
	s.put(t, find.TaskKey(p.Run.Checks["build"].Remote, run), nil)
	if p.Run.Phase == pipeline.Over {
		s.put(t, find.OverKey(find.Over{Run: run, At: p.Run.Ended, State: state, Verdict: p.Run.Verdict}), nil)
	} else {
		s.put(t, state2due(p.PullRequestID, noon.Add(time.Hour), "koji.fedora", p.Run.Checks["build"].Remote), nil)
	}
}

func state2due(id event.PullRequestID, at time.Time, system string, what ...string) string {
	return state.Entry{At: at, System: system, Document: id.Document(), What: what}.Key()
}

// filled is a bucket with some of everything.
func filled(t testing.TB) *shelf {
	s := newShelf()
	s.ran(t, over(bash), "failed")
	kept := page.Run{ID: bash.String() + "/1", State: page.Superseded, Package: "bash", Verdict: "Superseded by 0123456", PullRequest: page.Link{Text: bash.String()}, SupersededBy: page.Link{Text: "0123456", URL: "../2/index.html"}, Number: 1}
	raw, _ := json.Marshal(kept)
	s.put(t, pipeline.RunKey(bash, 1)+"run.json", raw)
	zsh := bash
	zsh.Repo, zsh.Number = "rpms/zsh", 7
	s.ran(t, alive(zsh), "")
	odd := event.PullRequestID{Forge: "github", Repo: "example/x.json", Number: 1}
	s.document(t, over(odd))
	s.put(t, "pr/fedora/rpms/bash-completion/3.json", []byte("{}"))
	s.put(t, state2due(bash, noon.Add(-time.Hour), "koji.fedora", "1"), nil)
	s.put(t, "stuck/20261121T090000/koji.fedora/fedora~2frpms~2fbash~2f12/45270170", nil)
	s.put(t, "stuck/what", nil)
	e := fn.Sent("build-start", event.Draft{ID: "id", Type: "distaff.build.wanted", Data: []byte(`{}`)}, noon)
	e.SetExtension("knativeerrordest", "http://build-start.distaff.svc")
	e.SetExtension("knativeerrorcode", "500")
	e.SetExtension("knativeerrordata", base64.StdEncoding.EncodeToString([]byte("koji answered 502: <b>Bad Gateway</b>\nsecond line")))
	if err := dead.Keep(t.Context(), s.Store, noon, e); err != nil {
		t.Fatal(err)
	}
	if err := dead.Hold(t.Context(), s.Store, "a-trigger", noon, e); err != nil {
		t.Fatal(err)
	}
	s.requests.Store(0)
	return s
}

// ask asks for a page.
func (s *shelf) ask(t testing.TB, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.org", nil)
	u, err := r.URL.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, drafts, err := s.Web(t.Context(), r)
	if err != nil || len(drafts) > 0 {
		t.Fatalf("%s: %v, says %v", path, err, drafts)
	}
	w := httptest.NewRecorder()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body)
	return w
}
