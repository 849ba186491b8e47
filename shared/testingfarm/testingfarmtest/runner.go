package testingfarmtest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// Job is one request to be run.
type Job struct {
	ID    string
	Label string
	// Check is which of the known plans is asked for; Custom is any other.
	Check testingfarm.Check
	// URL, Ref and Plan are what plan of which repository.
	URL, Ref, Plan string
	Arch           string
	Compose        string
	Variables      map[string]string
	Context        map[string]string
	// Task is the Koji task of the build, 0 without one.
	Task int64
	// Dir is where logs go; its files are served beside results.xml.
	Dir string
	// Log is pipeline.log.
	Log io.Writer
}

// Logf writes one line to pipeline.log.
func (j Job) Logf(format string, args ...any) {
	_, _ = fmt.Fprintf(j.Log, "[%s] %s\n", time.Now().UTC().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// Verdict is what came of a Job.
type Verdict struct {
	// Overall is passed, failed, skipped or error.
	Overall string
	// Summary is one sentence, needed where there are no tests.
	Summary string
	Tests   []TestRun
}

// TestRun is one test of a Verdict.
type TestRun struct {
	Name   string
	Result string // passed, failed, error, skipped, info, needs_inspection
	Took   time.Duration
	Notes  []string
	// Log is the path of its output below Job.Dir. Where it is empty, Output is
	// written to the place the real one uses.
	Log    string
	Output string
}

// Runner does what a plan says. An error is the infrastructure's: the request
// ends in the state error with it as the summary. It returns soon after its
// context ends, leaving no process behind.
type Runner interface {
	Run(ctx context.Context, job Job) (Verdict, error)
}

// RunnerFunc is a function that runs.
type RunnerFunc func(ctx context.Context, job Job) (Verdict, error)

// Run calls the function.
func (f RunnerFunc) Run(ctx context.Context, job Job) (Verdict, error) { return f(ctx, job) }

// Scripted answers at once: what is written for the check, else one test that
// passes.
type Scripted map[testingfarm.Check]Verdict

// Run gives the verdict written down.
func (s Scripted) Run(_ context.Context, job Job) (Verdict, error) {
	if v, ok := s[job.Check]; ok {
		return v, nil
	}
	return Verdict{Overall: "passed", Tests: []TestRun{{
		Name: "/" + string(job.Check), Result: "passed", Output: "scripted: passed\n",
	}}}, nil
}

// checkOf tells which of the known plans is asked for.
func checkOf(url, plan string) testingfarm.Check {
	name := strings.TrimSuffix(url[strings.LastIndexByte(url, '/')+1:], ".git")
	for _, c := range testingfarm.Checks() {
		switch {
		case name == string(c)+"-pipeline":
			return c
		case (name == "shared-tests" || name == "tmt-plans") && strings.HasSuffix(plan, "/"+string(c)):
			return c
		}
	}
	return testingfarm.Custom
}
