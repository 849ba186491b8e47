package world_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
	"github.com/distaff-project/distaff/shared/pipeline"
)

const spec = "Name: hello\nVersion: 1\nRelease: 1%{?dist}\nSummary: Hello\nLicense: MIT\n%description\nHello.\n%files\n"

func start(t *testing.T, o world.Options) *world.World {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.TickEvery = 50 * time.Millisecond
	o.Scripted = true
	w, err := world.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, w) })
	return w
}

func stop(t *testing.T, w *world.World) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Error(err)
	}
}

func wait(t *testing.T, w *world.World) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := w.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, w *world.World, branch string) int {
	t.Helper()
	if _, err := w.Forge.CreateRepo(t.Context(), "rpms/hello", map[string]string{"hello.spec": spec}); err != nil {
		t.Fatal(err)
	}
	fork, err := w.Forge.Fork(t.Context(), "anna", "rpms/hello")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Forge.Push(t.Context(), "anna", fork, branch, map[string]string{"hello.spec": spec + "# " + branch + "\n"}); err != nil {
		t.Fatal(err)
	}
	n, err := w.Forge.OpenPullRequest(t.Context(), paguretest.NewPullRequest{
		User: "anna", Repo: "rpms/hello", From: fork, Branch: "rawhide", SourceBranch: branch, Title: "Hello",
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func states(t *testing.T, w *world.World) map[string]pipeline.State {
	t.Helper()
	all, err := world.PullRequests(t.Context(), w.Files)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]pipeline.State{}
	for _, p := range all {
		for id, check := range p.Run.Checks {
			got[p.String()+" "+id] = check.State
		}
	}
	return got
}

func TestAPullRequestIsCheckedFromEndToEnd(t *testing.T) {
	for name, o := range map[string]world.Options{"in memory": {Memory: true}, "on disk": {}, "on disk, in process": {InProcess: true}} {
		t.Run(name, func(t *testing.T) {
			w := start(t, o)
			open(t, w, "update")
			wait(t, w)
			want := map[string]pipeline.State{}
			for _, id := range []string{"build", "installability", "rpminspect", "rpmlint", "rmdepcheck", "license-validate"} {
				want["local/rpms/hello#1 "+id] = pipeline.Passed
			}
			want["local/rpms/hello#1 custom"] = pipeline.Skipped
			if diff := cmp.Diff(want, states(t, w)); diff != "" {
				t.Error(diff)
			}
			for label, n := range w.Farm.Counts() {
				if n != 1 {
					t.Errorf("%s was requested %d times", label, n)
				}
			}
		})
	}
}
