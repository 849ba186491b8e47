package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// hub is a Koji: tasks that go on when the scheduler lets them.
type hub struct {
	w     *World
	tasks []*koji.Task
	late  map[string]bool // labels whose asking had its effect late
}

func (h *hub) Build(ctx context.Context, r koji.BuildRequest) (id koji.TaskID, err error) {
	if h.w.fault() {
		return 0, &koji.Fault{Code: koji.FaultOffline, Text: "server is offline"}
	}
	err = h.w.at(ctx, true, func() error {
		task := &koji.Task{
			ID: koji.TaskID(len(h.tasks) + 1), Found: true, State: koji.Free, Method: "build",
			Source: r.Source, Target: r.Target, Label: r.Label, Created: h.w.now, Scratch: r.Scratch,
		}
		h.tasks = append(h.tasks, task)
		id = task.ID
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", koji.ErrUnknown, err)
	}
	return id, nil
}

func (h *hub) FindByLabel(ctx context.Context, label string, _ time.Time) (found []koji.Task, err error) {
	if h.w.fault() {
		return nil, &koji.Fault{Code: koji.FaultOffline, Text: "server is offline"}
	}
	err = h.w.at(ctx, false, func() error {
		for _, task := range h.tasks {
			if task.Label == label {
				found = append(found, *task)
			}
		}
		return nil
	})
	return found, err
}

func (h *hub) Tasks(ctx context.Context, ids []koji.TaskID) (tasks []koji.Task, err error) {
	err = h.w.at(ctx, false, func() error {
		for _, id := range ids {
			tasks = append(tasks, *h.tasks[id-1])
		}
		return nil
	})
	return tasks, err
}

func (h *hub) Cancel(ctx context.Context, id koji.TaskID) error {
	return h.w.at(ctx, false, func() error {
		if task := h.tasks[id-1]; !task.State.Finished() {
			task.State = koji.Canceled
			h.w.taskHint(task)
		}
		return nil
	})
}

func (h *hub) TaskURL(id koji.TaskID) string { return fmt.Sprintf("https://koji.example/%d", id) }

func (h *hub) Failure(ctx context.Context, id koji.TaskID) (f koji.Failure, err error) {
	err = h.w.at(ctx, false, func() error {
		f = koji.Failure{Task: id, Method: "buildArch", Arch: "x86_64", Log: "build.log", Tail: []byte(buildLog)}
		if h.w.plan(h.tasks[id-1].Source).infra(h.tasks[id-1].Label) {
			f.Log, f.Tail = "root.log", []byte(infraLog)
		}
		return nil
	})
	return f, err
}

const (
	buildLog = "gcc -c a.c\na.c:3:5: error: expected ';' before '}' token\nmake: *** [Makefile:2: a.o] Error 1\n"
	infraLog = "DEBUG util.py: Error: Failed to download metadata for repo 'build': Cannot download repomd.xml: " +
		"Curl error (6): Couldn't resolve host name for http://kojipkgs.example/repos/repodata/repomd.xml [Could not resolve host: kojipkgs.example]\n"
)

func (h *hub) Descendents(context.Context, koji.TaskID) ([]koji.Task, error) { return nil, nil }
func (h *hub) Output(context.Context, koji.TaskID) ([]koji.File, error)      { return nil, nil }
func (h *hub) FileURL(koji.TaskID, koji.File) string                         { return "" }

// farm is a Testing Farm.
type farm struct {
	w        *World
	requests []*request
}

type request struct {
	id, label string
	outcome   testingfarm.Outcome
	created   time.Time
	queued    time.Duration
}

func (f *farm) Request(ctx context.Context, body json.RawMessage) (id string, err error) {
	label := labelIn(body)
	err = f.w.at(ctx, true, func() error {
		id = fmt.Sprintf("00000000-0000-0000-0000-%012d", len(f.requests)+1)
		f.requests = append(f.requests, &request{id: id, label: label, outcome: testingfarm.Queued, created: f.w.now})
		return nil
	})
	return id, err
}

func labelIn(body []byte) string {
	var b struct {
		Environments []struct{ Variables map[string]string }
	}
	_ = json.Unmarshal(body, &b)
	return b.Environments[0].Variables[testingfarm.LabelVariable]
}

func (f *farm) result(r *request) testingfarm.Result {
	return testingfarm.Result{ID: r.id, Label: r.label, Outcome: r.outcome, Created: r.created, Queued: r.queued}
}

func (f *farm) Find(ctx context.Context, label string, _ time.Time) (found []testingfarm.Result, err error) {
	err = f.w.at(ctx, false, func() error {
		for _, r := range f.requests {
			if r.label == label {
				found = append(found, f.result(r))
			}
		}
		return nil
	})
	return found, err
}

func (f *farm) get(id string) *request {
	for _, r := range f.requests {
		if r.id == id {
			return r
		}
	}
	return nil
}

func (f *farm) Cancel(ctx context.Context, id string) error {
	return f.w.at(ctx, false, func() error {
		if r := f.get(id); !r.outcome.Final() {
			r.outcome = testingfarm.Cancelled
			f.w.farmHint(r)
		}
		return nil
	})
}

func (f *farm) Composes(ctx context.Context) (list []testingfarm.Compose, err error) {
	err = f.w.at(ctx, false, func() error { list = []testingfarm.Compose{{Name: "Fedora-Rawhide"}}; return nil })
	return list, err
}

func (f *farm) Look(ctx context.Context, id string) (r testingfarm.Result, err error) {
	err = f.w.at(ctx, false, func() error { r = f.result(f.get(id)); return nil })
	return r, err
}

func (f *farm) Around(ctx context.Context, _ time.Time) (some []testingfarm.Result, err error) {
	err = f.w.at(ctx, false, func() error {
		for _, r := range f.requests {
			if !r.outcome.Final() {
				some = append(some, f.result(r))
			}
		}
		return nil
	})
	return some, err
}

func (f *farm) Log(context.Context, testingfarm.Result, string, int64) ([]byte, error) {
	return nil, errFault
}

// pagure is a forge: one pull request, and the flags on its commits.
type pagure struct {
	w     *World
	look  forge.Look
	flags map[string]forge.Status // by commit and name
	posts int
}

func (p *pagure) Look(ctx context.Context, _ event.PullRequestID, _ string) (l forge.Look, err error) {
	err = p.w.at(ctx, false, func() error { l = p.look; return nil })
	return l, err
}

func (p *pagure) Report(ctx context.Context, s forge.Status) error {
	return p.w.at(ctx, true, func() error {
		p.w.trace("flag %s: %s %s", s.Name, s.State, s.Text)
		p.flags[s.Commit+" "+s.Name] = s
		p.posts++
		return nil
	})
}

// bodhiList is a Bodhi that knows rawhide.
type bodhiList struct{ w *World }

func (b bodhiList) Releases(ctx context.Context) (list []bodhi.Release, err error) {
	err = b.w.at(ctx, false, func() error {
		list = []bodhi.Release{{Name: "F45", IDPrefix: "FEDORA", Version: "45", Branch: "rawhide", DistTag: "f45", State: bodhi.Pending}}
		return nil
	})
	return list, err
}

// plan is what becomes of a commit's build and tests.
type plan struct {
	buildFails bool
	buildInfra int             // so many attempts fail by the machinery
	testFails  map[string]bool // by check
	testErrors map[string]int  // so many attempts end in an error
}

func (p plan) infra(label string) bool { return attemptOf(label) <= p.buildInfra }

func attemptOf(label string) int {
	n := 0
	_, _ = fmt.Sscanf(label[strings.LastIndex(label, "/")+1:], "%d", &n)
	return n
}
