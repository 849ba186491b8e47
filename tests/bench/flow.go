package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/distaff-project/distaff"
	buildstart "github.com/distaff-project/distaff/functions/build-start"
	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// parts puts distaff together with the remotes, by a configuration like
// Fedora's: a build and six checks.
func parts(bucket state.Bucket, files state.Lister, r *remotes) distaff.Parts {
	rules := pipeline.Rules{
		Koji: "fedora", Farm: "public", Docs: []string{"*.md"}, Pages: "https://ci.example.org/",
		Forges:     map[string]pipeline.Taken{"fedora": {Namespaces: []string{"rpms", "tests"}}},
		BuildLimit: 24 * time.Hour, TestLimit: 12 * time.Hour,
		SCM: func(source, commit string) string { return "git+" + source + "#" + commit },
	}
	for _, check := range []string{"installability", "rpminspect", "rpmlint", "rmdepcheck", "license-validate", "custom"} {
		rules.Checks = append(rules.Checks, pipeline.CheckRule{ID: check})
	}
	key := []byte("a key of the benchmark")
	return distaff.Parts{
		Bucket: bucket, Lister: files, Rules: rules, Prefix: "distaff",
		Forges: map[string]distaff.Forge{"fedora": pagure{r}},
		Hubs:   map[string]buildstart.Koji{"fedora": hub{r}},
		Farms: map[string]testsrequest.Farm{"public": {
			API: farm{r}, Results: farm{r}, Deployment: "prod", Hooks: "https://hooks.example.org/testing-farm-webhook", Key: key,
		}},
		Bodhi: releases{}, HookKey: key,
	}
}

// call calls an api as a foreign system does.
func call(ctx context.Context, api http.Handler, path string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(raw)))
	if answer.Code != http.StatusAccepted {
		return fmt.Errorf("%s answered %d: %s", path, answer.Code, answer.Body)
	}
	return nil
}

// tellOfTask is the bus's message of a task's new state.
func tellOfTask(task koji.Task, at time.Time) event.Event {
	d := event.KojiTaskChanged.Say(event.KojiTask{Koji: "fedora", Task: int64(task.ID), State: task.State.String(), Label: task.Label})
	d.ID = fmt.Sprintf("task-%s-%s", task.ID, task.State)
	return fn.Sent("fedmsg-drain", d, at)
}

// tellOfRequest is Testing Farm's call of our web hook.
func tellOfRequest(ctx context.Context, api http.Handler, hook, id string) error {
	u, err := url.Parse(hook)
	if err != nil {
		return err
	}
	path, ok := bytes.CutPrefix([]byte(u.Path), []byte("/testing-farm-webhook"))
	if !ok {
		return fmt.Errorf("the web hook is at %s", hook)
	}
	return call(ctx, api, string(path), map[string]string{"request_id": id})
}

// flow runs distaff's functions one event after the other, on a clock of its own.
type flow struct {
	remotes   *remotes
	ledger    *ledger
	functions []fn.Function
	runner    fn.Runner
	queue     []event.Event
	now       time.Time
	events    int

	tasks    []koji.TaskID // made and not over
	requests []string
}

func newFlow(f files) *flow {
	w := &flow{now: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC), ledger: newLedger(f)}
	clock := func() time.Time { return w.now }
	w.remotes = newRemotes(clock)
	w.remotes.built = func(id koji.TaskID) { w.tasks = append(w.tasks, id) }
	w.remotes.requested = func(id string) { w.requests = append(w.requests, id) }
	bucket := state.New(w.ledger)
	bucket.Now = clock
	w.functions = distaff.Functions(parts(bucket, w.ledger, w.remotes))
	w.runner = fn.Runner{Now: clock, Log: slog.New(slog.DiscardHandler), Sink: func(_ context.Context, e event.Event) error {
		w.queue = append(w.queue, e)
		return nil
	}}
	return w
}

func (w *flow) api(name string) http.Handler {
	for _, f := range w.functions {
		if f.Name == name {
			w.ledger.who = name
			return fn.ServeWeb(w.runner, f)
		}
	}
	return http.NotFoundHandler()
}

// settle lets everything happen that follows from what is in the queue.
func (w *flow) settle(ctx context.Context) error {
	for len(w.queue) > 0 {
		e := w.queue[0]
		w.queue = w.queue[1:]
		w.now = w.now.Add(200 * time.Millisecond)
		if err := w.deliver(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (w *flow) deliver(ctx context.Context, e event.Event) error {
	for _, f := range w.functions {
		for _, route := range f.Hears {
			if route.Type != e.Type() || len(route.Match) > 0 {
				continue
			}
			w.ledger.who = f.Name
			w.events++
			if err := w.runner.Run(ctx, f, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// tick lets the clock tick.
func (w *flow) tick(ctx context.Context) error {
	e := fn.Sent("clock", event.Draft{ID: fmt.Sprint("tick-", w.now.Unix()), Type: event.TickType, Data: []byte("{}")}.With("tick", "minute"), w.now)
	for _, f := range w.functions {
		if f.Name != "clock-tick" {
			continue
		}
		w.ledger.who = f.Name
		if err := w.runner.Run(ctx, f, e); err != nil {
			return err
		}
	}
	return w.settle(ctx)
}

// pass lets time pass, with a tick each minute if ticks says so.
func (w *flow) pass(ctx context.Context, d time.Duration, ticks bool) error {
	if !ticks {
		return nil
	}
	for range d / time.Minute {
		w.now = w.now.Add(time.Minute)
		if err := w.tick(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pullRequest plays one from its opening to its last status. With ticks, the
// build and the tests take as long as they do, and the clock ticks meanwhile.
func (w *flow) pullRequest(ctx context.Context, id event.PullRequestID, ticks bool) error {
	if err := call(ctx, w.api("forge-webhook"), "/fedora", opened(id, w.now)); err != nil {
		return err
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	for len(w.tasks) > 0 {
		if err := w.pass(ctx, 6*time.Minute, ticks); err != nil {
			return err
		}
		task := hub{w.remotes}.step(w.tasks[0])
		if task.State.Finished() {
			w.tasks = w.tasks[1:]
		}
		w.queue = append(w.queue, tellOfTask(task, w.now))
		if err := w.settle(ctx); err != nil {
			return err
		}
	}
	for range 2 { // all begin, then all end
		for i, request := range w.requests {
			if err := w.pass(ctx, time.Duration(i+1)*time.Minute, ticks); err != nil {
				return err
			}
			hook := farm{w.remotes}.step(request)
			if err := tellOfRequest(ctx, w.api("testing-farm-webhook"), hook, request); err != nil {
				return err
			}
			if err := w.settle(ctx); err != nil {
				return err
			}
		}
	}
	w.requests = nil
	return nil
}

// send posts e in binary mode, as a broker does.
func send(ctx context.Context, address string, e event.Event) (int, error) {
	req, err := cehttp.NewHTTPRequestFromEvent(ctx, address, e)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
