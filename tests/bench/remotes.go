// Package bench measures what handling pull requests and making composes costs:
// requests to the bucket, time, memory; and how large and quick the production
// program is.
// Run it by `make bench`.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// remotes are the systems around distaff: a Koji, a Testing Farm, a forge and a
// Bodhi, in this process. Every build and test passes. They count what they are
// asked for.
type remotes struct {
	now func() time.Time
	// built and requested hear of each new task and request. They must not block.
	built     func(koji.TaskID)
	requested func(id string)
	// shown hears of each status before it is kept.
	shown func(forge.Status)

	mu       sync.Mutex
	tasks    []koji.Task
	requests map[string]*request
	labels   map[string]int // how often each was asked for
	flags    map[string]forge.Status
	posts    int
}

// request is one at Testing Farm, and hook where it tells of itself.
type request struct {
	label, hook string
	outcome     testingfarm.Outcome
	created     time.Time
	queued      time.Duration
}

func newRemotes(now func() time.Time) *remotes {
	return &remotes{now: now, requests: map[string]*request{}, labels: map[string]int{}, flags: map[string]forge.Status{}}
}

// doubled are the labels asked for more than once.
func (r *remotes) doubled() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for label, times := range r.labels {
		if times > 1 {
			out = append(out, label)
		}
	}
	return out
}

// hub is the Koji.
type hub struct{ *remotes }

func (h hub) Build(_ context.Context, want koji.BuildRequest) (koji.TaskID, error) {
	h.mu.Lock()
	h.labels[want.Label]++
	id := koji.TaskID(len(h.tasks) + 1)
	h.tasks = append(h.tasks, koji.Task{
		ID: id, Found: true, State: koji.Free, Method: "build", Source: want.Source, Target: want.Target,
		Label: want.Label, Scratch: true, Created: h.now(),
	})
	h.mu.Unlock()
	h.built(id)
	return id, nil
}

// step lets a task open, and then close.
func (h hub) step(id koji.TaskID) koji.Task {
	h.mu.Lock()
	defer h.mu.Unlock()
	task := &h.tasks[id-1]
	if task.State == koji.Free {
		task.State, task.Started = koji.Open, h.now()
	} else {
		task.State, task.Completed = koji.Closed, h.now()
	}
	return *task
}

func (h hub) Tasks(_ context.Context, ids []koji.TaskID) ([]koji.Task, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	tasks := make([]koji.Task, len(ids))
	for i, id := range ids {
		tasks[i] = h.tasks[id-1]
	}
	return tasks, nil
}

func (h hub) FindByLabel(_ context.Context, label string, _ time.Time) ([]koji.Task, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.tasks), func(t koji.Task) bool { return t.Label != label }), nil
}

func (h hub) Cancel(_ context.Context, id koji.TaskID) error {
	return fmt.Errorf("task %s is cancelled, and nothing is to be", id)
}

func (h hub) Failure(context.Context, koji.TaskID) (koji.Failure, error) {
	return koji.Failure{}, errors.New("nothing fails here")
}

func (h hub) TaskURL(id koji.TaskID) string {
	return fmt.Sprintf("https://koji.example.org/koji/taskinfo?taskID=%d", id)
}

func (h hub) Descendents(_ context.Context, id koji.TaskID) ([]koji.Task, error) {
	var out []koji.Task
	for i, arch := range []string{"aarch64", "ppc64le", "s390x", "x86_64"} {
		out = append(out, koji.Task{ID: id + koji.TaskID(i+1), Found: true, Method: "buildArch", Part: arch})
	}
	return out, nil
}

func (h hub) Output(context.Context, koji.TaskID) ([]koji.File, error) {
	return []koji.File{{Name: "bash-5.3-1.fc46.rpm"}, {Name: "bash-doc-5.3-1.fc46.rpm"}, {Name: "build.log"}, {Name: "root.log"}}, nil
}

func (h hub) FileURL(id koji.TaskID, file koji.File) string {
	return fmt.Sprintf("https://kojipkgs.example.org/work/tasks/%d/%d/%s", id%10000, id, file.Name)
}

// farm is the Testing Farm.
type farm struct{ *remotes }

func (f farm) Request(_ context.Context, body json.RawMessage) (string, error) {
	var want struct {
		Environments []struct{ Variables map[string]string }
		Notification struct{ Webhook struct{ URL string } }
	}
	if err := json.Unmarshal(body, &want); err != nil || len(want.Environments) == 0 {
		return "", fmt.Errorf("request of no form known: %w", err)
	}
	label := want.Environments[0].Variables[testingfarm.LabelVariable]
	f.mu.Lock()
	f.labels[label]++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(f.requests)+1)
	f.requests[id] = &request{label: label, hook: want.Notification.Webhook.URL, outcome: testingfarm.Queued, created: f.now()}
	f.mu.Unlock()
	f.requested(id)
	return id, nil
}

// step lets a request run, and then pass. It gives where to tell that.
func (f farm) step(id string) (hook string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.requests[id]
	if r.outcome == testingfarm.Queued {
		r.outcome, r.queued = testingfarm.Running, f.now().Sub(r.created)
	} else {
		r.outcome = testingfarm.Passed
	}
	return r.hook
}

func (f farm) result(id string, r *request) testingfarm.Result {
	out := testingfarm.Result{ID: id, Label: r.label, Outcome: r.outcome, Artifacts: "https://artifacts.example.org/" + id, Created: r.created, Queued: r.queued}
	if r.outcome.Final() {
		for i := range 3 {
			out.Report.Tests = append(out.Report.Tests, testingfarm.Test{
				Name: fmt.Sprintf("/tests/test-%d", i), Result: "passed", Seconds: 12, Log: out.Artifacts + "/output.txt",
			})
		}
	}
	return out
}

func (f farm) Look(_ context.Context, id string) (testingfarm.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.requests[id]
	if !ok {
		return testingfarm.Result{}, testingfarm.ErrNotFound
	}
	return f.result(id, r), nil
}

func (f farm) Find(_ context.Context, label string, _ time.Time) ([]testingfarm.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []testingfarm.Result
	for _, id := range slices.Sorted(maps.Keys(f.requests)) {
		if r := f.requests[id]; r.label == label {
			found = append(found, f.result(id, r))
		}
	}
	return found, nil
}

func (f farm) Around(_ context.Context, then time.Time) ([]testingfarm.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var some []testingfarm.Result
	for id, r := range f.requests {
		if !r.outcome.Final() && r.created.Sub(then).Abs() <= time.Minute {
			some = append(some, f.result(id, r))
		}
	}
	slices.SortFunc(some, func(a, b testingfarm.Result) int { return strings.Compare(a.ID, b.ID) })
	return some, nil
}

func (f farm) Cancel(_ context.Context, id string) error {
	return fmt.Errorf("request %s is cancelled, and nothing is to be", id)
}

func (f farm) Composes(context.Context) ([]testingfarm.Compose, error) {
	return []testingfarm.Compose{{Name: "Fedora-Rawhide"}, {Name: "Fedora-45"}}, nil
}

func (f farm) Log(context.Context, testingfarm.Result, string, int64) ([]byte, error) {
	return nil, errors.New("nothing fails here")
}

// pagure is the forge. Its web hooks are unsigned, and already what they mean.
type pagure struct{ *remotes }

func (p pagure) Verify(http.Header, []byte) error { return nil }

func (p pagure) Webhook(_ http.Header, body []byte) (forge.Heard, error) {
	heard := forge.Heard{Kind: event.PullRequestOpened, ID: forge.Digest(body)}
	if err := json.Unmarshal(body, &heard.PullRequest); err != nil {
		return forge.Heard{}, forge.Malformed("web hook: %w", err)
	}
	return heard, nil
}

// opened is the message that a pull request was made.
func opened(id event.PullRequestID, at time.Time) event.PullRequest {
	return event.PullRequest{
		PullRequestID: id, URL: "https://src.example.org/" + id.Repo + "/pull-request/1", Title: "Update to 5.3",
		Author: "packager", Agent: "packager", Branch: "rawhide", Commit: head, SourceBranch: "update",
		Source: "https://src.example.org/forks/packager/" + id.Repo + ".git", Updated: at.Truncate(time.Second),
	}
}

const head = "0123456789abcdef0123456789abcdef01234567"

func (p pagure) Look(_ context.Context, id event.PullRequestID, _ string) (forge.Look, error) {
	return forge.Look{
		PullRequest: id, Branch: "rawhide", Head: head, Source: "https://src.example.org/forks/packager/" + id.Repo + ".git",
		Open: true, FMF: true, HasSpec: true, Updated: p.now().Truncate(time.Second),
		Files: []forge.File{{Path: "sources", Change: forge.Modified}, {Path: "bash.spec", Change: forge.Modified}},
	}, nil
}

func (p pagure) Report(_ context.Context, s forge.Status) error {
	if p.shown != nil {
		p.shown(s)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flags[s.UID] = s
	p.posts++
	return nil
}

// releases is the Bodhi.
type releases struct{}

func (releases) Releases(context.Context) ([]bodhi.Release, error) {
	return []bodhi.Release{
		{Name: "F45", IDPrefix: "FEDORA", Version: "45", Branch: "f45", DistTag: "f45", State: bodhi.Current},
		{Name: "F46", IDPrefix: "FEDORA", Version: "46", Branch: "rawhide", DistTag: "f46", State: bodhi.Pending},
	}, nil
}
