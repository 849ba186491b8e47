package knative

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
)

// cast does the builds and the tests, at once. A package's name says how they
// end.
type cast struct {
	kojitest.Script
	busy atomic.Int64
}

const (
	broken = "broken" // does not build
	untidy = "untidy" // fails rpmlint
)

func newCast() *cast {
	c := &cast{}
	c.OnArch = func(_ context.Context, job kojitest.ArchJob) error {
		if !strings.Contains(job.SRPM, broken) {
			return nil
		}
		if err := kojitest.WriteLog(job.Dir, "build.log", "main.c:1: error: expected ';'\n"); err != nil {
			return err
		}
		return &koji.Fault{Code: koji.FaultBuild, Text: "error building package (arch x86_64), mock exited with status 1; see build.log or root.log for more information"}
	}
	return c
}

func (c *cast) Run(ctx context.Context, job testingfarmtest.Job) (testingfarmtest.Verdict, error) {
	c.busy.Add(1)
	defer c.busy.Add(-1)
	if job.Check == testingfarm.Rpmlint && strings.Contains(job.Label, untidy) {
		return testingfarmtest.Verdict{Overall: "failed", Tests: []testingfarmtest.TestRun{
			{Name: "/rpmlint", Result: "failed", Output: "E: no-changelogname-tag\n"},
		}}, nil
	}
	return testingfarmtest.Scripted{}.Run(ctx, job)
}

func (c *cast) working() bool { return c.busy.Load() > 0 }
