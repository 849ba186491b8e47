package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/koji"
)

// TestWhatWentWrong runs the scripts about worlds in which something goes wrong
// on purpose. Beside the commands of TestCommands they know
//
//	begin REPO BRANCH  open a pull request, and wait for nothing
//	letters N          wait until there are so many dead letters
//	quiet              wait until nothing goes on and nothing is awaited
//	put KEY FILE       put a file into the bucket
//	remove KEY         remove what lies there
//	unqueue            delete our queue on the bus
//	builds LABEL N     check that Koji was asked so often for a build
func TestWhatWentWrong(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/wrong", UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"world": startWorld, "pr": openPullRequest, "halt": stopWorld, "mask": mask,
			"begin": beginPullRequest, "letters": awaitLetters, "quiet": awaitQuiet,
			"unqueue": deleteQueue, "put": putObject, "remove": removeObject, "builds": countBuilds,
		},
	})
}

func awaited(ts *testscript.TestScript, what string, done func(context.Context) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !done(ctx) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			ts.Fatalf("%s: it did not come", what)
		}
	}
}

func awaitLetters(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	awaited(ts, "so many dead letters", func(ctx context.Context) bool {
		letters, _, err := dead.Letters(ctx, worldOf(ts).Files, dead.Filter{}, 0)
		ts.Check(err)
		return len(letters) == want
	})
}

func awaitQuiet(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ts.Check(worldOf(ts).Wait(ctx))
}

func putObject(ts *testscript.TestScript, _ bool, args []string) {
	body, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	_, err = worldOf(ts).Files.Put(context.Background(), args[0], body, blob.Any)
	ts.Check(err)
}

func removeObject(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(worldOf(ts).Files.Delete(context.Background(), args[0]))
}

func deleteQueue(ts *testscript.TestScript, _ bool, _ []string) {
	worldOf(ts).Bus.DeleteQueue("distaff")
}

func countBuilds(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	hub, err := koji.New(koji.Config{
		Name: "local", Server: w.Addresses.Koji + "/kojihub", Web: w.Addresses.Koji, Files: w.Addresses.Koji,
		Credential: koji.Password(world.Robot, strings.TrimSpace(ts.ReadFile(".state/keys/koji"))),
	})
	ts.Check(err)
	tasks, err := hub.FindByLabel(context.Background(), args[0], time.Now().Add(-time.Hour))
	ts.Check(err)
	if strconv.Itoa(len(tasks)) != args[1] {
		ts.Fatalf("Koji was asked for %d builds", len(tasks))
	}
}
