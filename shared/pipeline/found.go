package pipeline

import (
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/state"
)

// found gives what a run is found by, when that has become known: its commit,
// its build's task, and when it is over its end.
func found(before, after PullRequest) []state.Object {
	var keys []string
	was, is := before.Run, after.Run
	if was.Number != is.Number {
		was = Run{}
	}
	if old := after.Retired; old != nil && before.Run.Phase != Over {
		keys = append(keys, overKey(after, *old))
	}
	run := find.Run{PullRequest: after.PullRequestID, Number: is.Number}
	if is.Commit != was.Commit {
		keys = append(keys, find.CommitKey(is.Commit, run))
	}
	if task := is.Checks[Build].Remote; task != was.Checks[Build].Remote {
		keys = append(keys, find.TaskKey(task, run))
	}
	if is.Phase == Over && was.Phase != Over {
		keys = append(keys, overKey(after, is))
	}
	var objects []state.Object
	for _, key := range keys {
		if key != "" {
			objects = append(objects, state.Object{Key: key, Type: "text/plain"})
		}
	}
	return objects
}

func overKey(p PullRequest, run Run) string {
	return find.OverKey(find.Over{
		Run: find.Run{PullRequest: p.PullRequestID, Number: run.Number}, At: run.Ended,
		State: string(stateOf(run)), Verdict: run.Verdict,
	})
}
