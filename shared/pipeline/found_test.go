package pipeline_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

func TestARunIsFoundByWhatItHas(t *testing.T) {
	run := func(number int, edit func(*pipeline.Run)) pipeline.PullRequest {
		p := pipeline.PullRequest{PullRequestID: bash}
		p.Run = pipeline.Run{Number: number, Commit: commit("a"), Phase: pipeline.Checking}
		if edit != nil {
			edit(&p.Run)
		}
		return p
	}
	task := func(r *pipeline.Run) {
		r.Checks = map[string]pipeline.Check{pipeline.Build: {State: pipeline.Running, Remote: "77"}}
	}
	over := func(r *pipeline.Run) {
		task(r)
		r.Phase, r.Ended, r.Verdict = pipeline.Over, time.Unix(1772442000, 0), "Passed"
	}
	retired := run(2, nil)
	old := run(1, func(r *pipeline.Run) { over(r); r.By = commit("b") }).Run
	retired.Retired = &old
	at := "find/over/8227557999/"
	for name, c := range map[string]struct {
		before, after pipeline.PullRequest
		want          []string
	}{
		"a new run":               {pipeline.PullRequest{}, run(1, nil), []string{"find/commit/" + commit("a") + "/fedora/rpms/bash/12+1"}},
		"its task":                {run(1, nil), run(1, task), []string{"find/task/77/fedora/rpms/bash/12+1"}},
		"nothing new":             {run(1, task), run(1, task), nil},
		"its end":                 {run(1, task), run(1, over), []string{at + "skipped/Passed/fedora/rpms/bash/12+1"}},
		"superseded":              {run(1, task), retired, []string{at + "superseded/Passed/fedora/rpms/bash/12+1", "find/commit/" + commit("a") + "/fedora/rpms/bash/12+2"}},
		"after one that was over": {run(1, over), retired, []string{"find/commit/" + commit("a") + "/fedora/rpms/bash/12+2"}},
	} {
		t.Run(name, func(t *testing.T) {
			desk := pipeline.NewDesk(state.New(mem.New()), pipeline.Rules{})
			objects, err := desk.Documents.Beside(c.before, c.after)
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, o := range objects {
				if strings.HasPrefix(o.Key, find.Prefix) {
					keys = append(keys, o.Key)
				}
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), slices.Sorted(slices.Values(keys))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
