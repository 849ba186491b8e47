package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/distaff-project/distaff"
	buildstart "github.com/distaff-project/distaff/functions/build-start"
	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// World is one simulated distribution: a pull request, the systems around it,
// and everything that is on its way.
type World struct {
	rng    *rand.Rand
	now    time.Time
	nonces int
	runner fn.Runner

	functions []fn.Function
	listener  fn.Function
	bucket    state.Bucket
	mem       *mem.Store
	hub       *hub
	farm      *farm
	pagure    *pagure

	queue   []*delivery
	dead    []*delivery
	running []*exec
	events  []func() // what the world will do, in any order
	user    []func() // what people will do, in this order
	plans   map[string]plan
	heads   []string
	open    bool

	chance float64 // of a fault at a step
	faults int     // how many are left
	log    []string
	// Verbose keeps a line for every delivery.
	Verbose bool
	// Guard, if there is one, is asked before a function touches the bucket, with
	// the verb (get, put, delete, list) and the key or prefix. An error of it is
	// what the function gets.
	Guard func(function, verb, key string) error
	hooks int
}

const repo = "rpms/bash"

var pr = event.PullRequestID{Forge: "fedora", Repo: repo, Number: 7} //nolint:gochecknoglobals // the only one there is

// New draws a world from a seed.
func New(seed uint64) *World {
	w := &World{
		rng: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
		plans: map[string]plan{},
	}
	w.chance = []float64{0, 0.01, 0.05, 0.15}[w.rng.IntN(4)]
	w.faults = w.rng.IntN(30)
	w.mem = mem.NewAt(func() time.Time { return w.now })
	w.hub = &hub{w: w, late: map[string]bool{}}
	w.farm = &farm{w: w}
	w.pagure = &pagure{w: w, flags: map[string]forge.Status{}}
	w.bucket = state.Bucket{
		Store: store{w, w.mem}, Now: func() time.Time { return w.now },
		Nonce: func() string { w.nonces++; return fmt.Sprint("n", w.nonces) },
		Rest:  func(ctx context.Context, _ int) error { return w.at(ctx, false, func() error { return nil }) },
	}
	w.runner = fn.Runner{
		Sink: func(ctx context.Context, e event.Event) error {
			return w.at(ctx, false, func() error { w.publish(e); return nil })
		},
		Now: func() time.Time { return w.now },
		Log: slog.New(slog.DiscardHandler),
	}
	w.functions = distaff.Functions(distaff.Parts{
		Bucket: w.bucket, Lister: store{w, w.mem}, Prefix: "distaff", Rules: rules(),
		Forges: map[string]distaff.Forge{"fedora": struct {
			*pagure
			noHook
		}{w.pagure, noHook{}}},
		Hubs:  map[string]buildstart.Koji{"fedora": w.hub},
		Farms: map[string]testsrequest.Farm{"public": {API: w.farm, Results: w.farm, Deployment: "stg"}},
		Bodhi: bodhiList{w},
	})
	w.listener = fn.Function{
		Name: "listener", Says: pipeline.Heard(),
		Hears: []fn.Route{{Type: "sim.hook", Handle: func(ctx context.Context, e event.Event) ([]event.Draft, error) {
			return w.listen(ctx, e)
		}}},
	}
	w.people()
	return w
}

type noHook struct{}

func (noHook) Verify(http.Header, []byte) error                 { return nil }
func (noHook) Webhook(http.Header, []byte) (forge.Heard, error) { return forge.Heard{}, nil }

func rules() pipeline.Rules {
	return pipeline.Rules{
		Koji: "fedora", Farm: "public", Docs: []string{"*.md"},
		Checks: []pipeline.CheckRule{
			{ID: "installability", Required: true},
			{ID: "rpmlint"},
			{ID: "custom", Required: true, Needs: []string{"installability"}},
		},
		Forges:     map[string]pipeline.Taken{"fedora": {Namespaces: []string{"rpms"}}},
		BuildLimit: 48 * time.Hour, TestLimit: 48 * time.Hour, Pages: "https://pages.example",
		SCM: func(source, commit string) string { return "git+" + source + "#" + commit },
	}
}

// people draws what happens to the pull request.
func (w *World) people() {
	w.user = append(w.user, func() { w.push(event.PullRequestOpened) })
	for range w.rng.IntN(3) {
		w.user = append(w.user, func() { w.push(event.PullRequestUpdated) })
	}
	if w.rng.IntN(4) == 0 {
		w.user = append(w.user, w.close)
		if w.rng.IntN(2) == 0 {
			w.user = append(w.user, func() { w.open = true; w.hook(event.PullRequestReopened) })
		}
	}
}

func (w *World) push(kind event.Kind[event.PullRequest]) {
	commit := fmt.Sprintf("%039d%d", 0, len(w.heads)+1)
	w.heads = append(w.heads, commit)
	p := plan{buildFails: w.rng.IntN(5) == 0, buildInfra: max(0, w.rng.IntN(6)-3), testFails: map[string]bool{}, testErrors: map[string]int{}}
	for _, check := range []string{"installability", "rpmlint", "custom"} {
		p.testFails[check] = w.rng.IntN(5) == 0
		p.testErrors[check] = max(0, w.rng.IntN(8)-5)
	}
	w.plans[commit] = p
	w.open = true
	w.hook(kind)
}

func (w *World) close() { w.open = false; w.hook(event.PullRequestClosed) }

// hook changes the forge and sends its message.
func (w *World) hook(kind event.Kind[event.PullRequest]) {
	head := w.heads[len(w.heads)-1]
	w.hooks++
	w.pagure.look = forge.Look{
		PullRequest: pr, Branch: "rawhide", Head: head, Source: "https://src.example/bash.git",
		Open: w.open, FMF: true, HasSpec: true, Updated: w.now.Truncate(time.Second),
		Files: []forge.File{{Path: "bash.spec", Change: forge.Modified}},
	}
	draft := kind.Say(event.PullRequest{
		PullRequestID: pr, Branch: "rawhide", Commit: head, Source: "https://src.example/bash.git",
		Updated: w.now.Truncate(time.Second), Title: "Update",
	})
	draft.ID = fmt.Sprint("hook-", w.hooks)
	inner := fn.Sent("forge", draft, w.now)
	e := inner.Clone()
	e.SetType("sim.hook")
	e.SetExtension("was", kind.Name())
	w.queue = append(w.queue, &delivery{event: e, function: w.listener, tries: -1000})
}

// listen does what forge-webhook and fedmsg-drain do with a message. Its sender
// repeats it until it is taken.
func (w *World) listen(ctx context.Context, e event.Event) ([]event.Draft, error) {
	kind := event.Kind[event.PullRequest](event.Extension(e, "was"))
	was := e.Clone()
	was.SetType(kind.Name())
	data, err := kind.Read(was)
	if err != nil {
		return nil, err
	}
	return pipeline.Listen(ctx, w.bucket, pipeline.Message{
		Heard: forge.Heard{Kind: kind, PullRequest: data}, By: "listener", Forge: "fedora", ID: e.ID(), At: data.Updated,
	})
}

// publish brings an event to all who hear it.
func (w *World) publish(e event.Event) {
	for _, f := range w.functions {
		for _, route := range f.Hears {
			if route.Type == "" || route.Type != e.Type() {
				continue
			}
			w.queue = append(w.queue, &delivery{event: e, function: f})
		}
	}
}

// hint sends a message that may get lost, and often comes late or twice.
func (w *World) hint(d event.Draft) {
	w.hooks++
	d.ID = fmt.Sprint("hint-", w.hooks)
	if w.fault() && w.rng.IntN(2) == 0 {
		return
	}
	w.publish(fn.Sent("world", d, w.now))
}

func (w *World) taskHint(t *koji.Task) {
	w.hint(event.KojiTaskChanged.Say(event.KojiTask{Koji: "fedora", Task: int64(t.ID), State: t.State.String(), Label: t.Label}))
}

func (w *World) farmHint(r *request) {
	w.hint(event.TestingFarmChanged.Say(event.FarmRequest{Farm: "public", Request: r.id, Label: r.label}))
}

func (w *World) plan(source string) plan { return w.plans[source[strings.LastIndex(source, "#")+1:]] }

// later lets something happen at a moment of the scheduler's choice.
func (w *World) later(what func()) { w.events = append(w.events, what) }

// fault draws whether something goes wrong.
func (w *World) fault() bool {
	if w.faults == 0 || w.rng.Float64() >= w.chance {
		return false
	}
	w.faults--
	return true
}

// progress lets a task or request of an outside system go on.
func (w *World) progress() []func() {
	var out []func()
	for _, task := range w.hub.tasks {
		if !task.State.Finished() {
			out = append(out, func() { w.goOnTask(task) })
		}
	}
	for _, r := range w.farm.requests {
		if !r.outcome.Final() {
			out = append(out, func() { w.goOnTest(r) })
		}
	}
	return out
}

func (w *World) goOnTask(task *koji.Task) {
	p := w.plan(task.Source)
	switch {
	case task.State == koji.Free:
		task.State, task.Started = koji.Open, w.now
	case p.buildFails || p.infra(task.Label):
		task.State, task.Completed = koji.Failed, w.now
	default:
		task.State, task.Completed = koji.Closed, w.now
	}
	w.taskHint(task)
}

func (w *World) goOnTest(r *request) {
	label, err := pipeline.ParseLabel(r.label)
	if err != nil {
		panic(err)
	}
	p := w.planOfRun(label.Run)
	switch {
	case r.outcome == testingfarm.Queued:
		r.outcome, r.queued = testingfarm.Running, w.now.Sub(r.created)
	case label.Attempt <= p.testErrors[label.What]:
		r.outcome = testingfarm.Error
	case p.testFails[label.What]:
		r.outcome = testingfarm.Failed
	default:
		r.outcome = testingfarm.Passed
	}
	w.farmHint(r)
}

// planOfRun finds the commit a run was of by the builds it asked for.
func (w *World) planOfRun(run int) plan {
	for _, task := range w.hub.tasks {
		if label, err := pipeline.ParseLabel(task.Label); err == nil && label.Run == run {
			return w.plan(task.Source)
		}
	}
	return plan{}
}
