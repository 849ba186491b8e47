package page_test

import (
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/page"
)

func at(clock string) time.Time {
	t, err := time.Parse("15:04:05", clock)
	if err != nil {
		panic(err)
	}
	return t.AddDate(2026, 10, 20)
}

// base is what all samples share.
func base() page.Run {
	return page.Run{
		ID: "pr-tiny-42-3", Package: "tiny", Title: "Update to 1.4.0 (rhbz#2291877)", Author: "anna", Branch: "rawhide",
		Commit:      page.Link{Text: "9f3c1ab", URL: "https://src.example.org/rpms/tiny/c/9f3c1ab"},
		PullRequest: page.Link{Text: "#42", URL: "https://src.example.org/rpms/tiny/pull-request/42"},
		Number:      3, Cause: "a push by anna",
		Created: at("08:00:04"), Ended: at("08:42:10"), Generated: at("08:42:12"),
		JSON: "run.json", Index: "../index.html",
		Covered: []page.Note{
			{What: "Scratch build of 9f3c1ab, 4 architectures", Why: "Koji, target rawhide, buildroot f44-build at event 20311"},
			{What: "Installability, rpmlint, rpminspect", Why: "x86_64, compose Fedora-Rawhide"},
		},
		NotCovered: []page.Note{
			{What: "Tests of the package", Why: "skipped: no .fmf in the repository"},
			{What: "Upgrade from the last release", Why: "not switched on for this branch"},
		},
		Again: []page.Again{
			{How: "Comment on the pull request", Text: "/ci retest failed"},
			{How: "Command line", Text: "distaff retest tiny#42"},
			{How: "Or push a new commit", Text: "git commit --amend && git push --force"},
		},
		Events: []page.Event{
			{ID: "pr-tiny-42@1.0", Type: "org.distaff.build.asked", Source: "/on-pr-opened", Time: at("08:00:05")},
			{ID: "2026-4f0e1d", Type: "org.distaff.koji.task.done", Source: "/fedmsg-drain", Time: at("08:31:20")},
			{ID: "pr-tiny-42@7.0", Type: "org.distaff.status.asked", Source: "/on-koji-task-done", Time: at("08:31:21")},
		},
	}
}

func buildLinks() []page.Link {
	return []page.Link{
		{Text: "Koji task 1234567", URL: "https://koji.example.org/koji/taskinfo?taskID=1234567"},
		{Text: "build.log", URL: "https://kojipkgs.example.org/work/tasks/4567/1234567/build.log"},
	}
}

func steps() []page.Step {
	return []page.Step{
		{Name: "Taken up", Start: at("08:00:04"), End: at("08:00:06"), State: page.Passed},
		{Name: "Waiting for a Koji builder", Wait: true, Start: at("08:00:06"), End: at("08:12:31")},
		{Name: "Scratch build", Start: at("08:12:31"), End: at("08:31:20"), State: page.Passed},
		{Name: "Waiting for a test machine", Wait: true, Start: at("08:31:21"), End: at("08:36:02")},
		{Name: "Tests", Start: at("08:36:02"), End: at("08:42:10"), State: page.Passed},
	}
}

func artifacts() []page.Artifact {
	const dir = "https://kojipkgs.example.org/work/tasks/4567/1234567/"
	return []page.Artifact{
		{Name: "tiny-1.4.0-1.fc44.src.rpm", URL: dir + "tiny-1.4.0-1.fc44.src.rpm", Size: 184320},
		{Name: "tiny-1.4.0-1.fc44.x86_64.rpm", URL: dir + "tiny-1.4.0-1.fc44.x86_64.rpm", Size: 61440},
		{Name: "tiny-libs-1.4.0-1.fc44.s390x.rpm", URL: dir + "tiny-libs-1.4.0-1.fc44.s390x.rpm", Size: 1288490},
	}
}

func passed() page.Run {
	r := base()
	r.State = page.Passed
	r.Checks = []page.Check{
		{Name: "scratch build · rawhide", State: page.Passed, Required: true, Text: "built on 4 architectures", Waiting: 745, Working: 1129, Links: buildLinks()},
		{Name: "installability · rawhide", State: page.Passed, Required: true, Text: "2 packages install, upgrade and remove", Waiting: 281, Working: 95, Links: []page.Link{{Text: "Testing Farm", URL: "https://artifacts.example.org/8f1c"}}},
		{Name: "rpmlint · rawhide", State: page.Passed, Text: "0 errors, 3 warnings", Waiting: 30, Working: 12, Links: []page.Link{{Text: "Testing Farm", URL: "https://artifacts.example.org/8f1d"}}},
		{Name: "tests /plans/ci · rawhide", State: page.Passed, Required: true, Text: "31 tests passed", Attempt: 2, Attempts: 3, Waiting: 281, Working: 368, Links: []page.Link{{Text: "Testing Farm", URL: "https://artifacts.example.org/8f1e"}}},
	}
	for i := range 31 {
		r.Tests = append(r.Tests, page.Test{Name: fmt.Sprintf("/smoke/cli-%02d", i+1), Suite: "/plans/ci", Result: page.Passed, Time: page.Seconds(3 + i%7), Log: page.Link{Text: "output.txt", URL: fmt.Sprintf("https://artifacts.example.org/8f1e/%d/output.txt", i)}})
	}
	r.NotCovered = r.NotCovered[1:]
	r.Steps, r.Artifacts = steps(), artifacts()
	return r
}

func failed() page.Run {
	r := base()
	r.State, r.Number = page.Failed, 2
	r.Verdict = "Scratch build failed on s390x: undefined reference to 'tiny_parse'"
	r.Failures = []page.Failure{
		{
			Check: "scratch build · rawhide · s390x", Reason: "undefined reference to 'tiny_parse'", Rule: "undefined-reference",
			Log: page.Link{Text: "build.log", URL: "https://kojipkgs.example.org/work/tasks/4569/1234569/build.log"}, Line: 4123, First: 4116,
			Lines: []string{
				"+ /usr/bin/make -O -j4 V=1 VERBOSE=1",
				"gcc -O2 -flto=auto -ffat-lto-objects -fexceptions -g -grecord-gcc-switches -pipe -Wall -c main.c",
				"main.c: In function ‘main’:",
				"main.c:9:6: warning: unused variable ‘x’ [-Wunused-variable]",
				"    9 |  int x;",
				"gcc -O2 -flto=auto -Wl,-z,relro -Wl,--as-needed -o tiny main.o",
				"/usr/bin/ld: /tmp/cc1KxWIq.ltrans0.ltrans.o: in function `main':",
				"/builddir/build/BUILD/tiny-1.4.0-build/tiny-1.4.0/main.c:12:(.text.startup+0x2c): undefined reference to `tiny_parse'",
				"collect2: error: ld returned 1 exit status",
				"make[1]: *** [Makefile:7: tiny] Error 1",
				"make: *** [Makefile:3: all] Error 2",
				"error: Bad exit status from /var/tmp/rpm-tmp.0cKhWb (%build)",
			},
			Links: []page.Link{{Text: "Koji task 1234569", URL: "https://koji.example.org/koji/taskinfo?taskID=1234569"}},
		},
		{
			Check: "tests /plans/ci · rawhide", Reason: "cause not recognised; these are the last lines",
			Log: page.Link{Text: "output.txt", URL: "https://artifacts.example.org/8f1e/output.txt"}, Line: 3, First: 1,
			Lines: []string{"starting the thing", "", "something went wrong"},
		},
	}
	r.Checks = []page.Check{
		{Name: "scratch build · rawhide", State: page.Failed, Required: true, Text: "rpm build failed on s390x: build.log:4123 undefined reference to 'tiny_parse'", Waiting: 745, Working: 1129, Links: buildLinks()},
		{Name: "installability · rawhide", State: page.Skipped, Required: true, Text: "nothing was built"},
		{Name: "rpmlint · rawhide", State: page.Cancelled, Text: "nothing was built"},
		{Name: "tests /plans/ci · rawhide", State: page.Failed, Required: true, Text: "2 of 5 failed: /smoke/cli, /upgrade", Waiting: 281, Working: 368, Links: []page.Link{{Text: "Testing Farm", URL: "https://artifacts.example.org/8f1e"}}},
	}
	r.Tests = []page.Test{
		{Name: "/smoke/help", Suite: "/plans/ci", Result: page.Passed, Time: 2, Log: page.Link{Text: "output.txt", URL: "https://artifacts.example.org/1"}},
		{Name: "/smoke/cli", Suite: "/plans/ci", Result: page.Failed, Text: "Command 'tiny --version' (Expected 0, got 1)", Time: 4, Log: page.Link{Text: "output.txt", URL: "https://artifacts.example.org/2"}},
		{Name: "/smoke/man", Suite: "/plans/ci", Result: page.Passed, Time: 1, Log: page.Link{Text: "output.txt", URL: "https://artifacts.example.org/3"}},
		{Name: "/upgrade", Suite: "/plans/ci", Result: page.Failed, Text: "Maximum test time '5m' exceeded", Time: 300, Log: page.Link{Text: "output.txt", URL: "https://artifacts.example.org/4"}},
		{Name: "/smoke/data", Suite: "/plans/ci", Result: page.Skipped, Text: "needs more memory than the machine has"},
	}
	r.Steps = steps()
	r.Steps[2].State, r.Steps[4].State = page.Failed, page.Failed
	r.Artifacts = artifacts()[:1]
	return r
}

func running() page.Run {
	r := base()
	r.State, r.Ended = page.Running, time.Time{}
	r.Generated = at("08:24:31")
	r.Checks = []page.Check{
		{Name: "scratch build · rawhide", State: page.Running, Required: true, Text: "building: 2 of 4 architectures done", Waiting: 745, Working: 720, WaitsFor: "a Koji builder (s390x), typical 9 min", Links: buildLinks()[:1]},
		{Name: "installability · rawhide", State: page.Queued, Required: true, Text: "waits for the build"},
		{Name: "rpmlint · rawhide", State: page.Queued, Text: "waits for the build"},
	}
	r.Steps = []page.Step{
		{Name: "Taken up", Start: at("08:00:04"), End: at("08:00:06"), State: page.Passed},
		{Name: "Waiting for a Koji builder", Wait: true, Start: at("08:00:06"), End: at("08:12:31")},
		{Name: "Scratch build", Start: at("08:12:31"), State: page.Running},
	}
	r.Covered, r.Events = nil, r.Events[:1]
	return r
}

func superseded() page.Run {
	r := running()
	r.State, r.Ended, r.Generated = page.Superseded, at("08:20:00"), at("08:20:01")
	r.SupersededBy = page.Link{Text: "run 4 (abc1234)", URL: "../4/index.html"}
	for i := range r.Checks {
		r.Checks[i].State, r.Checks[i].Text, r.Checks[i].WaitsFor = page.Cancelled, "superseded by abc1234", ""
	}
	r.Steps[2].End, r.Steps[2].State = r.Ended, page.Cancelled
	return r
}

func infra() page.Run {
	r := base()
	r.State = page.InfraError
	r.Failures = []page.Failure{{
		Check: "scratch build · rawhide · aarch64", Reason: "Failed to download metadata for repo 'build': Cannot download repomd.xml", Rule: "mirror", Infra: true,
		Log: page.Link{Text: "root.log", URL: "https://kojipkgs.example.org/work/tasks/4569/1234569/root.log"}, Line: 212, First: 209,
		Lines: []string{
			"DEBUG util.py:446:  Updating and loading repositories:",
			"DEBUG util.py:444:  >>> Curl error (28): Timeout was reached for https://kojipkgs.example.org/repodata/repomd.xml",
			"DEBUG util.py:444:  >>> Curl error (28): Timeout was reached for https://kojipkgs.example.org/repodata/repomd.xml",
			"DEBUG util.py:444:  Failed to download metadata for repo 'build': Cannot download repomd.xml",
			"DEBUG util.py:610:  Child return code was: 1",
		},
	}}
	r.Checks = []page.Check{
		{Name: "scratch build · rawhide", State: page.InfraError, Required: true, Text: "infrastructure error: tried 3 times", Attempt: 3, Attempts: 3, Waiting: 3745, Working: 129, Links: buildLinks()},
		{Name: "installability · rawhide", State: page.Skipped, Required: true, Text: "nothing was built"},
	}
	r.Steps = []page.Step{
		{Name: "Scratch build, attempt 1", Start: at("08:00:06"), End: at("08:02:31"), State: page.InfraError},
		{Name: "Waiting to try again", Wait: true, Start: at("08:02:31"), End: at("08:12:31")},
		{Name: "Scratch build, attempt 2", Start: at("08:12:31"), End: at("08:14:02"), State: page.InfraError},
		{Name: "Waiting to try again", Wait: true, Start: at("08:14:02"), End: at("08:34:02")},
		{Name: "Scratch build, attempt 3", Start: at("08:34:02"), End: at("08:36:10"), State: page.InfraError},
	}
	r.Covered = nil
	return r
}

func entries() []page.Entry {
	pr := func(n string) page.Link {
		return page.Link{Text: "#" + n, URL: "https://src.example.org/rpms/x/pull-request/" + n}
	}
	return []page.Entry{
		{Package: "tiny", PullRequest: pr("42"), Title: "Update to 1.4.0 (rhbz#2291877)", Branch: "rawhide", Number: 3, State: page.Running, Verdict: "1 of 4 checks done, nothing failed so far", Changed: at("08:41:10"), Page: "tiny/42/3/index.html"},
		{Package: "zlib", PullRequest: pr("17"), Title: "Drop the i686 build", Branch: "rawhide", Number: 1, State: page.Failed, Verdict: "Scratch build failed on s390x: undefined reference to 'deflate_fast'", Changed: at("08:12:00"), Page: "zlib/17/1/index.html"},
		{Package: "python-requests", PullRequest: pr("8"), Title: "Convert to pyproject macros", Branch: "f43", Number: 5, State: page.Passed, Verdict: "All 6 checks passed", Changed: at("05:40:00"), Page: "python-requests/8/5/index.html"},
		{Package: "golang-github-spf13-cobra", PullRequest: pr("3"), Title: "Rebuild", Branch: "epel10", Number: 2, State: page.InfraError, Verdict: "Scratch build could not be checked: the infrastructure failed, not the package", Changed: at("02:12:00"), Page: "cobra/3/2/index.html"},
		{Package: "tiny", PullRequest: pr("42"), Title: "Update to 1.4.0 (rhbz#2291877)", Branch: "rawhide", Number: 2, State: page.Superseded, Verdict: "A newer run has taken over", Changed: at("00:05:00"), Page: "tiny/42/2/index.html"},
	}
}
