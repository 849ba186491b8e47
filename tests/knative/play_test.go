package knative

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// play is a story in a world, whatever brings its events about: its clock moves
// only when nothing else does.
type play struct {
	t     *testing.T
	world *world.World
	clock *clock
	// tick wakes what the timers wake, and settle waits until nothing is on its
	// way.
	tick, settle func(context.Context) error
	requests     []pull
}

// pull is a pull request of the play.
type pull struct {
	repo    string
	number  int
	commits []string
}

const spec = `Name: %s
Version: 1
Release: %d
Summary: A package
License: MIT
%%description
It is one.
%%files
`

// name is that of a repository's package.
func name(repo string) string { return repo[strings.LastIndexByte(repo, '/')+1:] }

// open makes a package and a pull request to it.
func (p *play) open(ctx context.Context, repo string) {
	p.t.Helper()
	file := name(repo) + ".spec"
	fail := func(err error) {
		if err != nil {
			p.t.Fatal(err)
		}
	}
	_, err := p.world.Forge.CreateRepo(ctx, repo, map[string]string{file: fmt.Sprintf(spec, name(repo), 1)})
	fail(err)
	fork, err := p.world.Forge.Fork(ctx, "anna", repo)
	fail(err)
	commit, err := p.world.Forge.Push(ctx, "anna", fork, "update", map[string]string{file: fmt.Sprintf(spec, name(repo), 2)})
	fail(err)
	number, err := p.world.Forge.OpenPullRequest(ctx, paguretest.NewPullRequest{
		User: "anna", Repo: repo, From: fork, Branch: "rawhide", SourceBranch: "update", Title: "Update",
	})
	fail(err)
	p.requests = append(p.requests, pull{repo, number, []string{commit}})
}

// push adds a commit to a pull request.
func (p *play) push(ctx context.Context, repo string) {
	p.t.Helper()
	for i, q := range p.requests {
		if q.repo != repo {
			continue
		}
		commit, err := p.world.Forge.PushToPullRequest(ctx, repo, q.number, map[string]string{name(repo) + ".spec": fmt.Sprintf(spec, name(repo), 3)})
		if err != nil {
			p.t.Fatal(err)
		}
		p.requests[i].commits = append(q.commits, commit)
	}
}

// run lets time pass until everything is done, and gives how much.
func (p *play) run(ctx context.Context) time.Duration {
	p.t.Helper()
	const most = 48 * time.Hour
	began, told := p.clock.now(), 0
	for {
		if err := p.settle(ctx); err != nil {
			p.t.Fatal(err)
		}
		waits, err := p.waits(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		took := p.clock.now().Sub(began)
		if waits == "" {
			return took
		}
		if hours := int(took.Hours()); hours > told { // something was lost on the way
			told = hours
			p.t.Logf("after %s: %s; due %q, stuck %q, facts %q", took.Round(time.Minute), waits, p.keys(ctx, state.DuePrefix), p.keys(ctx, state.StuckPrefix), p.keys(ctx, "events/"))
		}
		if took > most || ctx.Err() != nil {
			p.t.Fatalf("after %s: %s", took, waits)
		}
		if q, _ := p.world.Bus.Queue("distaff"); q.Ready == 0 {
			if err := p.pass(ctx); err != nil {
				p.t.Fatal(err)
			}
		}
		if err := p.tick(ctx); err != nil {
			p.t.Fatal(err)
		}
	}
}

// pass puts the clock to when something is due, ten minutes on at most.
func (p *play) pass(ctx context.Context) error {
	next := 10 * time.Minute
	due, err := p.world.Files.List(ctx, state.DuePrefix, "", 1)
	if err != nil {
		return err
	}
	if len(due) > 0 {
		entry, err := state.ParseDue(due[0].Key)
		if err != nil {
			return err
		}
		next = min(next, max(entry.At.Sub(p.clock.now())+time.Second, time.Minute))
	}
	p.clock.advance(next)
	return nil
}

// waits tells what the pull requests of the play still wait for.
func (p *play) waits(ctx context.Context) (string, error) {
	if q, _ := p.world.Bus.Queue("distaff"); q.Ready+q.Unacked > 0 {
		return fmt.Sprintf("%d messages are on the bus", q.Ready+q.Unacked), nil
	}
	all, err := world.PullRequests(ctx, p.world.Files)
	if err != nil {
		return "", err
	}
	for _, q := range p.requests {
		i := slices.IndexFunc(all, func(d pipeline.PullRequest) bool { return d.Repo == q.repo && d.Number == q.number })
		switch {
		case i < 0:
			return q.repo + " has not been heard of", nil
		case all[i].Run.Commit != q.commits[len(q.commits)-1]:
			return fmt.Sprintf("the newest commit of %s has not been heard of", q.repo), nil
		case all[i].Run.Phase != pipeline.Over:
			return fmt.Sprintf("run %d of %s is %s", all[i].Run.Number, q.repo, all[i].Run.Phase), nil
		case len(all[i].Asks) > 0:
			return fmt.Sprintf("%s waits for %v", q.repo, all[i].Under("")), nil
		}
		// One that nobody needs any more goes when it is due.
		for _, key := range p.keys(ctx, state.DuePrefix) {
			if strings.Contains(key, name(q.repo)) {
				return key + " stands", nil
			}
		}
	}
	return "", nil
}

// outcome is all that can be seen from outside when a play is over: by names
// that are the same in each.
type outcome struct {
	// Checks are those of the newest run: repository, check, state and text.
	Checks []string
	// Shown are the forge's statuses: repository, number of the commit, name,
	// state and text.
	Shown []string
	// Builds and Tests are what was asked of Koji and Testing Farm: label, state,
	// how often.
	Builds, Tests []string
	// Left is what is still due, stuck or dead, by its prefix.
	Left []string
}

func (p *play) outcome(ctx context.Context) outcome {
	p.t.Helper()
	var o outcome
	all, err := world.PullRequests(ctx, p.world.Files)
	if err != nil {
		p.t.Fatal(err)
	}
	hub := p.hub()
	for _, q := range p.requests {
		for _, d := range all {
			if d.Repo != q.repo {
				continue
			}
			for id, check := range d.Run.Checks {
				o.Checks = append(o.Checks, fmt.Sprintf("%s run %d %s %s: %s", q.repo, d.Run.Number, id, check.State, check.Text))
			}
			for run := range d.Run.Number {
				for attempt := range 3 {
					label := pipeline.Label{PullRequest: d.PullRequestID, Run: run + 1, What: pipeline.Build, Attempt: attempt + 1}.String()
					tasks, err := hub.FindByLabel(ctx, label, p.clock.now().Add(-7*24*time.Hour))
					if err != nil {
						p.t.Fatal(err)
					}
					for _, task := range tasks {
						o.Builds = append(o.Builds, label+" "+task.State.String())
					}
				}
			}
		}
		for i, commit := range q.commits {
			for _, f := range p.world.Forge.Flags(commit) {
				o.Shown = append(o.Shown, fmt.Sprintf("%s commit %d %s %s: %s", q.repo, i+1, f.Name, f.Status, f.Comment))
			}
		}
		for label, n := range p.world.Farm.Counts() {
			if strings.Contains(label, q.repo+"/") {
				o.Tests = append(o.Tests, fmt.Sprintf("%s: %d", label, n))
			}
		}
		for _, prefix := range []string{state.DuePrefix, state.StuckPrefix, "dead/"} {
			for _, key := range p.keys(ctx, prefix) {
				if strings.Contains(key, name(q.repo)) {
					o.Left = append(o.Left, q.repo+" "+prefix)
				}
			}
		}
	}
	for _, list := range [][]string{o.Checks, o.Shown, o.Builds, o.Tests, o.Left} {
		slices.Sort(list)
	}
	return o
}

// keys lists the bucket below a prefix.
func (p *play) keys(ctx context.Context, prefix string) []string {
	p.t.Helper()
	page, err := p.world.Files.List(ctx, prefix, "", 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, info := range page {
		out = append(out, info.Key)
	}
	return out
}

// hub is the world's Koji, as its robot sees it.
func (p *play) hub() *koji.Hub {
	p.t.Helper()
	c := p.world.Config.Koji[world.Instance]
	password, err := os.ReadFile(c.Auth.Password.File)
	if err != nil {
		p.t.Fatal(err)
	}
	hub, err := koji.New(koji.Config{
		Name: world.Instance, Server: c.Server, Web: c.Web, Files: c.Files,
		Credential: koji.Password(c.Auth.User, strings.TrimSpace(string(password))),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return hub
}

// onKnative is a play on the stage.
func (s *stage) play() *play {
	return &play{t: s.t, world: s.world, clock: s.clock, tick: s.tick, settle: s.settle}
}

// onLocalBroker is a play in a world with its own functions and broker.
func onLocalBroker(t *testing.T) *play {
	t.Helper()
	dir := t.TempDir()
	c := newClock(t, filepath.Join(dir, "clock"))
	actors := newCast()
	w, err := world.Start(t.Context(), world.Options{
		Dir: filepath.Join(dir, "world"), Memory: true, Builder: actors, Tester: actors, TickEvery: never, Now: c.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return &play{
		t: t, world: w, clock: c,
		tick: func(ctx context.Context) error { return w.Broker.Tick(ctx, "minute") },
		settle: func(ctx context.Context) error {
			const look, quiet = 5 * time.Millisecond, 10
			ticker := time.NewTicker(look)
			defer ticker.Stop()
			for still := 0; still < quiet; still++ {
				select {
				case <-ticker.C:
				case <-ctx.Done():
					return ctx.Err()
				}
				select {
				case <-w.Broker.Idle():
				default:
					still = 0
				}
				if actors.working() {
					still = 0
				}
			}
			return nil
		},
	}
}
