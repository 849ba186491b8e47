package world_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
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

func TestAWorldGoesOnWhereItWasStopped(t *testing.T) {
	dir := t.TempDir()
	asked := make(chan struct{}, 10)
	blocked := world.Options{Dir: dir, Tester: testingfarmtest.RunnerFunc(
		func(ctx context.Context, _ testingfarmtest.Job) (testingfarmtest.Verdict, error) {
			asked <- struct{}{}
			<-ctx.Done()
			return testingfarmtest.Verdict{}, ctx.Err()
		})}
	first := start(t, blocked)
	open(t, first, "update")
	<-asked
	stop(t, first)

	second := start(t, world.Options{Dir: dir})
	if diff := cmp.Diff(first.Addresses, second.Addresses); diff != "" {
		t.Errorf("it is elsewhere: %s", diff)
	}
	wait(t, second)
	for check, state := range states(t, second) {
		if state != pipeline.Passed && check != "local/rpms/hello#1 custom" {
			t.Errorf("%s: %s", check, state)
		}
	}
	for label, n := range second.Farm.Counts() {
		if n != 1 {
			t.Errorf("%s was requested %d times", label, n)
		}
	}
}

func TestAMessageNobodyCanReadIsKeptWithTheReason(t *testing.T) {
	w := start(t, world.Options{Memory: true})
	w.Bus.PublishRaw("org.fedoraproject.prod.pagure.pull-request.new", fedmsgtest.Raw{ID: "broken", Body: []byte("{")})
	wait(t, w)
	found, err := w.Files.List(t.Context(), "dead/", "", 0)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d dead letters, %v", len(found), err)
	}
	object, err := w.Files.Get(t.Context(), found[0].Key)
	if err != nil || !strings.Contains(string(object.Body), `"reason"`) || !strings.Contains(string(object.Body), "broken") {
		t.Errorf("%v: %s", err, object.Body)
	}
}

func TestOneDirectoryIsForOneWorldAtATime(t *testing.T) {
	dir := t.TempDir()
	start(t, world.Options{Dir: dir})
	_, err := world.Start(t.Context(), world.Options{Dir: dir, Scripted: true})
	if err == nil || !strings.Contains(err.Error(), "is another world running") {
		t.Errorf("got %v", err)
	}
}

func TestAWebHookIsHeardOverHTTP(t *testing.T) {
	w := start(t, world.Options{Memory: true})
	for path, want := range map[string]int{
		"/testing-farm-webhook/local/local/rpms/hello/1/1/rpmlint/1/00": http.StatusNotFound,
		"/forge-webhook/local":   http.StatusUnauthorized,
		"/forge-webhook/unknown": http.StatusNotFound,
		"/default/distaff":       http.StatusBadRequest,
		"/default/nobody":        http.StatusNotFound,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Addresses.Distaff+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
		}
	}
}

func TestWhatIsNoDemoIsNotRemoved(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := world.Fresh(dir); err == nil {
		t.Error("it was removed")
	}
}
