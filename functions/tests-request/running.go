package testsrequest

import (
	"context"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// together is how long the tests of a run are given to begin together: until the
// first look, which tells of those that run by then. It also keeps the list of
// what was asked for since then short, when very much is asked for.
const together = 5 * time.Minute

// listMost is how long that list may take: the hint is told with it or without.
const listMost = 5 * time.Second

// running gives the tests of a run that run, one of which has just changed: told
// in one event, they change the document and the pull request once. While
// another of them waits it gives none, because the beginning of that one will
// tell of all. A test that had to wait for long is told of alone, at once.
func running(ctx context.Context, farm Farm, label pipeline.Label, changed testingfarm.Result) []event.Test {
	if changed.Outcome != testingfarm.Running || changed.Stopping() {
		return nil // that it waits is known since it was asked for
	}
	tests := []event.Test{standing(ctx, farm, changed)}
	if changed.Queued >= together {
		return tests
	}
	// Without the list only this one is told of: that is true as well.
	ctx, cancel := context.WithTimeout(ctx, listMost)
	defer cancel()
	others, _ := farm.Around(ctx, changed.Created)
	for _, other := range others {
		of, err := pipeline.ParseLabel(other.Label)
		switch {
		case err != nil, of.PullRequest != label.PullRequest, of.Run != label.Run, other.ID == changed.ID, other.Stopping():
		case other.Outcome == testingfarm.Running:
			tests = append(tests, standing(ctx, farm, other))
		default:
			return nil
		}
	}
	return tests
}
