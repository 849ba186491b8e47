package koji_test

import (
	"context"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

func buildError(text string) error { return &koji.Fault{Code: koji.FaultBuild, Text: text} }

func failure(t *testing.T, runner kojitest.Runner, change ...func(*kojitest.Config)) koji.Failure {
	t.Helper()
	server, hub := local(t, runner, change...)
	id := mustBuild(t, hub, scratch("a"))
	if state := finish(t, server, id); state != koji.Failed {
		t.Fatalf("the build is %s", state)
	}
	f, err := hub.Failure(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func twoArches(c *kojitest.Config) {
	c.Targets["rawhide"] = kojitest.Target{Arches: []string{"aarch64", "x86_64"}}
}

func TestTheArchitectureThatFailedCountsNotTheCancelledOnes(t *testing.T) {
	f := failure(t, kojitest.Script{OnArch: func(ctx context.Context, job kojitest.ArchJob) error {
		if job.Arch == "aarch64" { // comes first, and waits
			<-ctx.Done()
			return ctx.Err()
		}
		_ = kojitest.WriteLog(job.Dir, "root.log", "all installed\n")
		_ = kojitest.WriteLog(job.Dir, "build.log", "+ make\nRPM build errors:\n")
		return buildError("error building package (arch x86_64), mock exited with status 1; see build.log or root.log for more information")
	}}, twoArches)
	if f.Arch != "x86_64" || f.Method != "buildArch" || f.Log != "build.log" || !strings.Contains(string(f.Tail), "RPM build errors") {
		t.Errorf("%+v", f)
	}
	if !strings.HasPrefix(f.Fault, "BuildError: error building package") {
		t.Errorf("the fault is %q", f.Fault)
	}
	if !strings.HasSuffix(f.LogURL, "/kojifiles/work/tasks/4/4/build.log") || !strings.HasSuffix(f.TaskURL, "/koji/taskinfo?taskID=4") {
		t.Errorf("%s %s", f.TaskURL, f.LogURL)
	}
}

func TestTheLogIsTheOneThatTells(t *testing.T) {
	const either = "error building package (arch x86_64), mock exited with status 1; see build.log or root.log for more information"
	for name, c := range map[string]struct{ fault, build, root, want string }{
		"mock does not say, the build log does":     {either, "error: Bad exit status\n", "fine\n", "build.log"},
		"mock does not say, the root log does":      {either, "fine\n", "No matching package to install: 'foo'\n", "root.log"},
		"mock does not say, nothing does":           {either, "fine\n", "fine\n", "build.log"},
		"mock does not say, nothing was built":      {either, "", "anything\n", "root.log"},
		"the buildroot could not be filled":         {"could not init mock buildroot, mock exited with status 30; see root.log for more information", "x\n", "y\n", "root.log"},
		"the fault names no log":                    {"the machine went away", "error: x\n", "y\n", "build.log"},
		"the fault names a log that is not there":   {"error building, see other.log for more information", "x\n", "y\n", ""},
		"neither log is there":                      {either, "", "", ""},
		"a log under another name is what it names": {"Error running GIT command \"x\", see checkout.log for details", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := failure(t, kojitest.Script{OnArch: func(_ context.Context, job kojitest.ArchJob) error {
				for log, text := range map[string]string{"build.log": c.build, "root.log": c.root} {
					if text != "" {
						_ = kojitest.WriteLog(job.Dir, log, text)
					}
				}
				return buildError(c.fault)
			}})
			if f.Log != c.want {
				t.Errorf("it is %q, not %q", f.Log, c.want)
			}
		})
	}
}

func TestALongLogIsCutAtItsBeginning(t *testing.T) {
	f := failure(t, kojitest.Script{OnArch: func(_ context.Context, job kojitest.ArchJob) error {
		_ = kojitest.WriteLog(job.Dir, "build.log", strings.Repeat("make: nothing\n", 100_000)+"error: the end\n")
		return buildError("see build.log for more information")
	}})
	if len(f.Tail) != koji.TailSize || !strings.HasSuffix(string(f.Tail), "error: the end\n") {
		t.Errorf("%d bytes", len(f.Tail))
	}
}

func TestASourcePackageThatCannotBeMadeIsTheFailure(t *testing.T) {
	f := failure(t, kojitest.Script{OnSRPM: func(context.Context, kojitest.SRPMJob) error {
		return buildError(`Error running GIT command "git reset", see checkout.log for details`)
	}})
	if f.Method != "buildSRPMFromSCM" || f.Log != "checkout.log" || f.Task != 2 {
		t.Errorf("%+v", f)
	}
}

func TestABuildMayFailByItself(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	request := scratch("a")
	request.Target = "no-such-target"
	id := mustBuild(t, hub, request)
	if state := finish(t, server, id); state != koji.Failed {
		t.Fatalf("the build is %s", state)
	}
	f, err := hub.Failure(t.Context(), id)
	if err != nil || f.Task != id || f.Method != "build" || f.Log != "" || f.Fault != "GenericError: unknown build target: no-such-target" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestWhatDidNotFailHasNoFailure(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	id := mustBuild(t, hub, scratch("a"))
	finish(t, server, id)
	_, err := hub.Failure(t.Context(), id)
	mentions(t, err, "is CLOSED")
	_, err = hub.Failure(t.Context(), 99)
	mentions(t, err, "not known")
}
