package knative

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// the story: a good change, one that does not build, one that is untidy, and a
// second push to the good one.
func (p *play) story(ctx context.Context, word string) outcome {
	p.t.Helper()
	good := "rpms/good-" + word
	for _, repo := range []string{good, "rpms/" + broken + "-" + word, "rpms/" + untidy + "-" + word} {
		p.open(ctx, repo)
	}
	first := p.run(ctx)
	p.push(ctx, good)
	second := p.run(ctx)
	p.t.Logf("it took %s and %s of the story's time", first.Round(time.Second), second.Round(time.Second))
	return p.outcome(ctx)
}

func TestAPullRequestHasTheSameOutcomeAsOnTheLocalBroker(t *testing.T) {
	s := onStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	began := time.Now()
	real := s.play().story(ctx, "whole")
	t.Logf("on Knative: %.1f s", time.Since(began).Seconds())
	began = time.Now()
	local := onLocalBroker(t).story(ctx, "whole")
	t.Logf("on the local broker: %.1f s", time.Since(began).Seconds())
	if diff := cmp.Diff(local, real); diff != "" {
		t.Errorf("-local +Knative\n%s", diff)
	}
	if len(real.Builds) != 4 || len(real.Left) > 0 {
		t.Errorf("builds %q, left %q", real.Builds, real.Left)
	}
	t.Logf("%d checks, %d statuses, %d builds, %d tests", len(real.Checks), len(real.Shown), len(real.Builds), len(real.Tests))
}
