// Package forges plays a pull request through all functions on each forge that
// Fedora's dist-git is not on.
package forges

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	buildstart "github.com/distaff-project/distaff/functions/build-start"
	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/bodhi/bodhitest"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge/github"
	"github.com/distaff-project/distaff/shared/forge/github/githubtest"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

const secret = "the web hook's secret"

// world is GitHub, the functions, and a Koji and a Testing Farm that finish at
// once what the test lets them.
type world struct {
	github *githubtest.Server
	broker *broker.Broker
	hub    *hub
}

// gitHub is a GitHub with all that is asked of it.
type gitHub struct {
	*github.Client
	github.Config
}

func (g gitHub) Verify(h http.Header, body []byte) error {
	return github.Verify(h, body, []string{secret})
}

func start(t *testing.T) *world {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	server, err := githubtest.New(githubtest.Config{
		Dir: t.TempDir(), App: 7, Key: &key.PublicKey, Slug: "distaff", Tokens: map[string]string{"anna-token": "anna"},
	})
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(server)
	t.Cleanup(site.Close)
	server.SetURL(site.URL)

	config := github.Config{Name: "hub", URL: site.URL, Self: []string{"distaff[bot]"}}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	client, err := github.New(config, github.Credential{App: 7, Key: private}, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	releases := bodhitest.New(bodhitest.Fedora(46)...)
	bodhiSite := httptest.NewServer(releases)
	t.Cleanup(bodhiSite.Close)

	w := &world{github: server, hub: &hub{}}
	bucket := state.New(mem.New())
	runner := fn.Runner{
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	w.hub.say = func(d event.Draft) {
		by := fn.Function{} // the bus is at the front
		if d.Type == event.TestingFarmChanged.Name() {
			by.Broker = eventing.CI // where testing-farm-webhook says it
		}
		if err := w.into(runner, by).Say(context.Background(), "bus", []event.Draft{d}); err != nil {
			t.Error(err)
		}
	}
	functions := distaff.Functions(distaff.Parts{
		Bucket: bucket, Prefix: "distaff",
		Rules: pipeline.Rules{
			Koji: "local", Farm: "local", Checks: []pipeline.CheckRule{{ID: "rpmlint", Required: true}},
			Forges: map[string]pipeline.Taken{"hub": {Namespaces: []string{"acme"}}},
			Pages:  "https://pages.example",
		},
		Forges: map[string]distaff.Forge{"hub": gitHub{client, config}},
		Hubs:   map[string]buildstart.Koji{"local": w.hub},
		Farms:  map[string]testsrequest.Farm{"local": {API: farm{w.hub}, Results: w.hub, Deployment: "stg"}},
		Bodhi:  bodhi.New(bodhiSite.URL, nil),
	})
	w.serve(t, runner, functions)
	return w
}

// serve wires the functions by the manifests, and gives GitHub its web hook.
func (w *world) serve(t *testing.T, runner fn.Runner, functions []fn.Function) {
	t.Helper()
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]fn.Function{}
	for _, f := range functions {
		byName[f.Name] = f
	}
	w.broker, err = broker.New(set, broker.Options{
		Name: eventing.Broker, NoTimers: true,
		Resolve: func(d manifest.Destination) (broker.Subscriber, error) {
			f := byName[d.Function()]
			return broker.Func(func(ctx context.Context, e cloudevents.Event) (*cloudevents.Event, int, time.Duration, []byte, error) {
				code, after := fn.Verdict(w.into(runner, f).Run(ctx, f, e))
				return nil, code, after, nil, nil
			}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.broker.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.broker.Close(context.Background()) })
	hooks := httptest.NewServer(http.StripPrefix("/forge-webhook", fn.ServeWeb(w.into(runner, byName["forge-webhook"]), byName["forge-webhook"])))
	t.Cleanup(hooks.Close)
	w.github.AddHook(githubtest.Hook{URL: hooks.URL + "/forge-webhook/hub", Secret: secret})
}

// into gives the runner of a function, which says into its broker.
func (w *world) into(runner fn.Runner, f fn.Function) fn.Runner {
	runner.Sink = func(ctx context.Context, e event.Event) error { return w.broker.PublishTo(ctx, f.Broker, e) }
	return runner
}

// settle waits until every web hook is delivered and nothing is under way.
func (w *world) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := w.github.Deliveries.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.broker.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestAPullRequestOnGitHubIsBuiltTestedAndReported(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	if _, err := w.github.CreateRepo(ctx, "acme/bash", map[string]string{"bash.spec": "Name: bash\n"}, "rawhide"); err != nil {
		t.Fatal(err)
	}
	fork, err := w.github.Fork(ctx, "anna", "acme/bash")
	if err != nil {
		t.Fatal(err)
	}
	commit, err := w.github.Push(ctx, "anna", fork, "fix", map[string]string{"bash.spec": "Name: bash\nVersion: 2\n"})
	if err != nil {
		t.Fatal(err)
	}
	number, err := w.github.OpenPullRequest(ctx, githubtest.NewPullRequest{
		User: "anna", Repo: "acme/bash", From: fork, Branch: "rawhide", SourceBranch: "fix", Title: "Update to 2",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.settle(t)
	want(t, w.github.CheckRuns("acme/bash", commit), map[string]string{
		"distaff - scratch build - rawhide": "completed success RPM build succeeded",
		"distaff - rpmlint - rawhide":       "completed success Passed",
	})

	// A push while the next build runs: the first is cancelled and says so.
	w.hub.hold()
	first, err := w.github.Push(ctx, "anna", fork, "fix", map[string]string{"bash.spec": "Name: bash\nVersion: 3\n"})
	if err != nil {
		t.Fatal(err)
	}
	w.settle(t)
	w.hub.release()
	second, err := w.github.Push(ctx, "anna", fork, "fix", map[string]string{"bash.spec": "Name: bash\nVersion: 4\n"})
	if err != nil {
		t.Fatal(err)
	}
	w.settle(t)
	want(t, w.github.CheckRuns("acme/bash", first), map[string]string{
		"distaff - scratch build - rawhide": "completed cancelled superseded by " + second[:7],
		"distaff - rpmlint - rawhide":       "completed cancelled superseded by " + second[:7],
	})
	want(t, w.github.CheckRuns("acme/bash", second), map[string]string{
		"distaff - scratch build - rawhide": "completed success RPM build succeeded",
		"distaff - rpmlint - rawhide":       "completed success Passed",
	})
	if cancelled := w.hub.cancelled(); len(cancelled) != 1 {
		t.Errorf("cancelled in Koji: %v, want the one build of the superseded head", cancelled)
	}
	if err := w.github.Close(ctx, "anna", "acme/bash", number); err != nil {
		t.Fatal(err)
	}
	w.settle(t)
}

func want(t *testing.T, runs []githubtest.CheckRun, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, run := range runs {
		if _, twice := got[run.Name]; twice {
			t.Errorf("%s has two check runs", run.Name)
		}
		got[run.Name] = fmt.Sprintf("%s %s %s", run.Status, run.Conclusion, run.Output.Title)
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s shows %q, want %q", name, got[name], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d check runs, want %d: %v", len(got), len(want), got)
	}
}

// hub is a Koji and a Testing Farm in one: everything succeeds, and says so,
// unless it is held.
type hub struct {
	mu       sync.Mutex
	say      func(event.Draft)
	held     bool
	tasks    []koji.Task
	requests []testingfarm.Result
}

func (h *hub) hold()    { h.mu.Lock(); h.held = true; h.mu.Unlock() }
func (h *hub) release() { h.mu.Lock(); h.held = false; h.mu.Unlock() }

func (h *hub) cancelled() (ids []koji.TaskID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, task := range h.tasks {
		if task.State == koji.Canceled {
			ids = append(ids, task.ID)
		}
	}
	return ids
}

func (h *hub) Build(_ context.Context, r koji.BuildRequest) (koji.TaskID, error) {
	h.mu.Lock()
	task := koji.Task{ID: koji.TaskID(len(h.tasks) + 1), Found: true, State: koji.Closed, Label: r.Label}
	if h.held {
		task.State = koji.Open
	}
	h.tasks = append(h.tasks, task)
	h.mu.Unlock()
	hint := event.KojiTaskChanged.Say(event.KojiTask{Koji: "local", Task: int64(task.ID), State: task.State.String(), Label: r.Label})
	hint.ID = fmt.Sprint("task-", task.ID)
	h.say(hint)
	return task.ID, nil
}

func (h *hub) FindByLabel(context.Context, string, time.Time) ([]koji.Task, error) { return nil, nil }

func (h *hub) Tasks(_ context.Context, ids []koji.TaskID) ([]koji.Task, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return []koji.Task{h.tasks[ids[0]-1]}, nil
}

func (h *hub) Cancel(_ context.Context, id koji.TaskID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tasks[id-1].State = koji.Canceled
	return nil
}

func (h *hub) TaskURL(koji.TaskID) string                                    { return "https://koji.example/" }
func (h *hub) FileURL(koji.TaskID, koji.File) string                         { return "" }
func (h *hub) Descendents(context.Context, koji.TaskID) ([]koji.Task, error) { return nil, nil }
func (h *hub) Output(context.Context, koji.TaskID) ([]koji.File, error)      { return nil, nil }
func (h *hub) Failure(context.Context, koji.TaskID) (koji.Failure, error)    { return koji.Failure{}, nil }
func (h *hub) Composes(context.Context) ([]testingfarm.Compose, error)       { return nil, nil }
func (h *hub) Log(context.Context, testingfarm.Result, string, int64) ([]byte, error) {
	return nil, nil
}

func (h *hub) Around(context.Context, time.Time) ([]testingfarm.Result, error) {
	return nil, nil
}

func (h *hub) Find(context.Context, string, time.Time) ([]testingfarm.Result, error) {
	return nil, nil
}

func (h *hub) Request(_ context.Context, body json.RawMessage) (string, error) {
	var request struct {
		Environments []struct{ Variables map[string]string }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return "", err
	}
	h.mu.Lock()
	r := testingfarm.Result{
		ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", len(h.requests)+1), Outcome: testingfarm.Passed,
		Label: request.Environments[0].Variables[testingfarm.LabelVariable],
	}
	h.requests = append(h.requests, r)
	h.mu.Unlock()
	hint := event.TestingFarmChanged.Say(event.FarmRequest{Farm: "local", Request: r.ID, Label: r.Label})
	hint.ID = "request-" + r.ID
	h.say(hint)
	return r.ID, nil
}

func (h *hub) Look(_ context.Context, id string) (testingfarm.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.requests {
		if r.ID == id {
			return r, nil
		}
	}
	return testingfarm.Result{}, testingfarm.ErrNotFound
}

// farm is the hub where a Testing Farm's requests are cancelled.
type farm struct{ *hub }

func (farm) Cancel(context.Context, string) error { return nil }
