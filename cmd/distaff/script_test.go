package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"distaff": main})
}

// TestCommands runs the scripts in testdata. Beside distaff itself they know
//
//	world           start a scripted world in .state; every build of rpms/broken fails
//	pr REPO BRANCH  open a pull request to REPO from BRANCH, and wait until all is quiet
//	stop            end the world
//	mask FILE       what changes from run to run made alike, from stdout
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"world": startWorld, "pr": openPullRequest, "halt": stopWorld, "mask": mask},
	})
}

func startWorld(ts *testscript.TestScript, _ bool, _ []string) {
	w, err := world.Start(context.Background(), world.Options{
		Dir: ts.MkAbs(".state"), Scripted: true, TickEvery: 50 * time.Millisecond,
		Checks: []config.Check{{Name: "installability", Required: true}, {Name: "rpmlint"}},
		Builder: kojitest.Script{OnSRPM: func(_ context.Context, job kojitest.SRPMJob) error {
			if job.Source.Name() == "broken" {
				return &koji.Fault{Code: koji.FaultBuild, Text: "error building package"}
			}
			return nil
		}},
	})
	ts.Check(err)
	ts.Defer(func() { end(ts, w) })
	worlds.Store(ts.MkAbs("."), w)
}

// worlds are those of the scripts that run, by their folder: a script's
// commands share nothing else.
var worlds sync.Map

func worldOf(ts *testscript.TestScript) *world.World {
	w, ok := worlds.Load(ts.MkAbs("."))
	if !ok {
		ts.Fatalf("there is no world yet")
	}
	return w.(*world.World)
}

func end(ts *testscript.TestScript, w *world.World) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ts.Check(w.Close(ctx))
}

func stopWorld(ts *testscript.TestScript, _ bool, _ []string) { end(ts, worldOf(ts)) }

func openPullRequest(ts *testscript.TestScript, neg bool, args []string) {
	beginPullRequest(ts, neg, args)
	wait, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ts.Check(worldOf(ts).Wait(wait))
}

// beginPullRequest opens one to a new repository, and waits for nothing.
func beginPullRequest(ts *testscript.TestScript, _ bool, args []string) {
	w, ctx := worldOf(ts), context.Background()
	repo, branch := args[0], args[1]
	name := filepath.Base(repo)
	_, err := w.Forge.CreateRepo(ctx, repo, map[string]string{name + ".spec": "Name: " + name + "\n"})
	ts.Check(err)
	fork, err := w.Forge.Fork(ctx, "anna", repo)
	ts.Check(err)
	_, err = w.Forge.Push(ctx, "anna", fork, branch, map[string]string{name + ".spec": "Name: " + name + "\n# " + branch + "\n"})
	ts.Check(err)
	n, err := w.Forge.OpenPullRequest(ctx, paguretest.NewPullRequest{
		User: "anna", Repo: repo, From: fork, Branch: "rawhide", SourceBranch: branch, Title: "Try " + branch,
	})
	ts.Check(err)
	ts.Logf("%s#%s", repo, strconv.Itoa(n))
}

func mask(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("stdout")
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "WORK")
	for _, m := range [][2]string{
		{`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?`, "TIME"},
		{`\b\d\d:\d\d:\d\d\b`, "TIME"},
		{`127\.0\.0\.1:\d+`, "HOST"},
		{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "ID"},
		{`\b[0-9a-f]{40}\b`, "COMMIT"},
		{`\bon (x86_64|aarch64|ppc64le|s390x|riscv64)\b`, "on ARCH"},
	} {
		text = regexp.MustCompile(m[0]).ReplaceAllString(text, m[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
