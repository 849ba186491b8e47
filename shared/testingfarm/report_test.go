package testingfarm_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/tests/corpus"
)

const artifacts = "https://artifacts.example.org/7d6a6cbf-3cd5-49fb-aca1-f76ffa0734aa"

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestATmtReportIsReadWhole(t *testing.T) {
	got, err := testingfarm.ReadReport(read(t, "tmt.xml"), artifacts)
	if err != nil {
		t.Fatal(err)
	}
	log := func(name, path string) testingfarm.Log {
		return testingfarm.Log{Name: name, URL: artifacts + "/" + path}
	}
	want := testingfarm.Report{
		Overall: "failed",
		Suites: []testingfarm.Suite{
			{Name: "/plans/smoke", Result: "failed", Stage: "complete", Tests: 4, Logs: []testingfarm.Log{log("workdir", "work-smoke")}},
			{Name: "/plans/upgrade", Result: "error", Note: "the machine did not come back", Logs: []testingfarm.Log{
				{Name: "guest setup", URL: artifacts + "/guest-setup/pre.txt", Setup: "pre_artifact_installation"},
				{Name: "build installation", URL: artifacts + "/guest-setup/artifacts", Setup: "artifact_installation"},
			}},
		},
		Tests: []testingfarm.Test{
			{
				Name: "/smoke/cli", Plan: "/plans/smoke", Arch: "aarch64", Guest: "server", Result: "failed", Seconds: 12.5, Serial: 1,
				Log: artifacts + "/work-smoke/cli/output.txt", Note: "check 'dmesg' failed; exit code 2",
				Logs: []testingfarm.Log{log("log_dir", "work-smoke/cli"), log("testout.log", "work-smoke/cli/output.txt")},
			},
			{
				Name: "/smoke/gui", Plan: "/plans/smoke", Arch: "x86_64", Guest: "client", Result: "passed", Serial: 2,
				Log: "https://elsewhere.example.org/output.txt", Logs: []testingfarm.Log{{Name: "testout.log", URL: "https://elsewhere.example.org/output.txt"}},
			},
			{Name: "/smoke/docs", Plan: "/plans/smoke", Result: "skipped", Serial: 3},
			{
				Name: "/smoke/phased", Plan: "/plans/smoke", Result: "error", Log: artifacts + "/phase-2.log",
				Logs: []testingfarm.Log{log("one", "phase-1.log"), {Name: "two", URL: artifacts + "/phase-2.log", Phase: "test"}},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnSTIReportIsRead(t *testing.T) {
	got, err := testingfarm.ReadReport(read(t, "sti.xml"), artifacts)
	if err != nil {
		t.Fatal(err)
	}
	want := []testingfarm.Test{
		{
			Name: "ansible", Plan: "tests/tests.yml", Arch: "x86_64", Result: "failed", Log: artifacts + "/work/ansible-output.txt",
			Logs: []testingfarm.Log{{Name: "ansible-output.txt", URL: artifacts + "/work/ansible-output.txt"}},
		},
		{Name: "shell", Plan: "tests/tests.yml", Result: "passed"},
	}
	if diff := cmp.Diff(want, got.Tests); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsThereOfAnUnfinishedReportIsRead(t *testing.T) {
	whole := read(t, "tmt.xml")
	last := -1
	for cut := 0; cut < len(whole); cut += 7 {
		got, err := testingfarm.ReadReport(whole[:cut], artifacts)
		if !errors.Is(err, testingfarm.ErrPartial) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if len(got.Tests) < last {
			t.Fatalf("cut at %d there are %d tests, before there were %d", cut, len(got.Tests), last)
		}
		last = len(got.Tests)
	}
	if last != 4 {
		t.Errorf("at last %d tests", last)
	}
}

func TestAHostileReportDoesNoHarm(t *testing.T) {
	for name, raw := range map[string]string{
		"entities that multiply": `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><testsuites><testsuite name="&b;"/></testsuites>`,
		"a file to be read":      `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><testsuites><testsuite><testcase name="a"><note>&f;</note></testcase></testsuite></testsuites>`,
		"a deep tree":            strings.Repeat("<a>", 100_000),
		"crossed elements":       `<testsuites><testsuite></testsuites></testsuite>`,
		"two roots":              `<testsuites/><testsuites/>`,
		"no XML":                 "\x00\x01\x02",
		"nothing":                "",
		"too many plans":         "<testsuites>" + strings.Repeat("<testsuite/>", 3000) + "</testsuites>",
		"too many tests":         "<testsuites><testsuite>" + strings.Repeat("<testcase/>", 30_000) + "</testsuite></testsuites>",
		"too large":              "<testsuites>" + strings.Repeat(" ", 32<<20) + "</testsuites>",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := testingfarm.ReadReport([]byte(raw), artifacts)
			if err == nil {
				t.Error("taken for a good report")
			}
			if s := fmt.Sprint(got); strings.Contains(s, "root:") || strings.Contains(s, "aaaa") {
				t.Errorf("something was expanded: %.200s", s)
			}
		})
	}
}

func TestOnlyWebAddressesBecomeLinks(t *testing.T) {
	for href, want := range map[string]string{
		"testout.log":                        artifacts + "/testout.log",
		"./a b/[1].log":                      artifacts + "/a%20b/%5B1%5D.log",
		"/other/x.log":                       "https://artifacts.example.org/other/x.log",
		"javascript:alert(1)":                "",
		"data:text/html,x":                   "",
		"file:///etc/passwd":                 "",
		"https://user:secret@example.org/x":  "",
		"http://[::1":                        "",
		"//example.org/x.log":                "https://example.org/x.log",
		"https://a.example.org/x?y=1&amp;z=": "https://a.example.org/x?y=1&z=",
	} {
		raw := `<testsuites><testsuite><testcase name="a"><logs><log name="testout.log" href="` + href + `"/></logs></testcase></testsuite></testsuites>`
		got, err := testingfarm.ReadReport([]byte(raw), artifacts)
		if err != nil {
			t.Fatal(err)
		}
		if got.Tests[0].Log != want {
			t.Errorf("%s became %q, want %q", href, got.Tests[0].Log, want)
		}
	}
}

// The figures were counted with another XML reader.
func TestRecordedReportsAreRead(t *testing.T) {
	const scenarios = artifacts + "/scenarios/"
	for name, want := range map[string]struct {
		overall, counts string
		excerpt         string // the log to take an excerpt from, beginning or whole
	}{
		"cli_51335c9e-355e-46ff-a915-76194898c29d": {"passed", "1 plans, 5 passed", artifacts + "/pipeline.log"},
		"inprogress":              {"undefined", "6 plans, 4 passed, 2 failed, 1 error, 1 undefined", "http://artifacts.osci.redhat.com/testing-farm/a8ffd8d2-cd15-4996-891e-f713e2b988e5/"},
		"sti-fail":                {"failed", "1 plans, 1 failed", scenarios + "sti-fail/work-tests.ymlbkyu8e/ansible-output.txt"},
		"sti-pass":                {"passed", "1 plans, 1 passed", artifacts + "/pipeline.log"},
		"tf-error-show-passed":    {"error", "2 plans, 1 passed, 1 error", scenarios + "tf-synthetic-error/pipeline.log"},
		"tf-synthetic-error":      {"error", "1 plans, 1 error", scenarios + "tf-synthetic-error/pipeline.log"},
		"tmt-21-fails":            {"failed", "1 plans, 21 failed", scenarios + "tmt-21-fails/work-allw5U7yu/plans/all/execute/data/tests/output.txt"},
		"tmt-error-pending":       {"error", "1 plans, 3 pending", artifacts + "/pipeline.log"},
		"tmt-failed-install":      {"error", "1 plans", scenarios + "tmt-failed-install/guest-setup-2f53d6d4-ef46-42af-a3d1-c87db9490f27/artifact-installation-"},
		"tmt-failed-prepare":      {"error", "1 plans", scenarios + "tmt-failed-prepare/work-advancedlnc1jou2/tmt-run.log"},
		"tmt-html-artifact-first": {"failed", "1 plans, 1 failed", scenarios},
		"tmt-html-artifact":       {"failed", "1 plans, 1 failed", scenarios},
		"tmt-inprogress-pending":  {"undefined", "1 plans, 3 pending", artifacts + "/pipeline.log"},
		"tmt-log-race":            {"failed", "1 plans, 2 passed, 1 failed", scenarios + "tmt-log-race/workdir/failed/output.txt"},
		"tmt-mixed-warnings":      {"failed", "2 plans, 1 passed, 1 failed", ""},
		"tmt-mixed":               {"failed", "8 plans, 118 passed, 1 failed", "https://artifacts.dev.testing-farm.io/8587cad1-aa42-46a8-97fc-21cc612d8edb/work-basic_WExhR/plans/features/basic/execute/data/tests/discover/distgit/output.txt"},
		"tmt-multihost-pass":      {"passed", "1 plans, 5 passed", artifacts + "/pipeline.log"},
		"tmt-single-fail-ai":      {"failed", "1 plans, 1 failed", scenarios + "tmt-single-fail-ai/"},
		"tmt-single-fail":         {"failed", "1 plans, 1 failed", scenarios + "tmt-single-fail/work-allw5U7yu/plans/all/execute/data/tests/output.txt"},
		"tmt-single-info":         {"info", "1 plans, 1 info", artifacts + "/pipeline.log"},
		"tmt-single-pass":         {"passed", "1 plans, 1 passed", artifacts + "/pipeline.log"},
		"tmt-warnings":            {"failed", "1 plans, 1 failed", scenarios + "tmt-warnings/"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := testingfarm.ReadReport(corpus.Read(t, "systems/testing-farm/results/"+name+"_results.xml"), artifacts)
			if err != nil {
				t.Fatal(err)
			}
			counts := fmt.Sprintf("%d plans", len(got.Suites))
			for _, word := range []string{"passed", "failed", "error", "skipped", "info", "needs_inspection", "pending", "undefined"} {
				n := 0
				for _, test := range got.Tests {
					if test.Result == word {
						n++
					}
				}
				if n > 0 {
					counts += fmt.Sprintf(", %d %s", n, word)
				}
			}
			if got.Overall != want.overall || counts != want.counts {
				t.Errorf("got %s: %s; want %s: %s", got.Overall, counts, want.overall, want.counts)
			}
			r := testingfarm.Result{Artifacts: artifacts, Report: got}
			if log := r.LogURL(); want.excerpt != "" && !strings.HasPrefix(log, want.excerpt) {
				t.Errorf("excerpt from %s", log)
			}
		})
	}
}

func TestTestsOnSeveralMachinesAreToldApart(t *testing.T) {
	got, err := testingfarm.ReadReport(corpus.Read(t, "systems/testing-farm/results/tmt-multihost-pass_results.xml"), artifacts)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, test := range got.Tests {
		lines = append(lines, fmt.Sprintf("%s %s %s %d", test.Name, test.Guest, test.Arch, test.Serial))
	}
	want := []string{
		"/server-setup/testing-farm/tests/multihost/A server x86_64 1",
		"/tests/testing-farm/tests/multihost/B server x86_64 2",
		"/tests/testing-farm/tests/multihost/B client aarch64 2",
		"/tests/testing-farm/tests/multihost/C server x86_64 3",
		"/tests/testing-farm/tests/multihost/C client aarch64 3",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func FuzzReadReport(f *testing.F) {
	for _, name := range []string{"tmt.xml", "sti.xml"} {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Add(`<testsuites><testsuite><testcase name="a"><testcase name="b"><note>x`)
	f.Add(`<testcase result="FAIL"><phase result="fail" name="p"><log href="//x"/></phase></testcase>`)
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := testingfarm.ReadReport([]byte(raw), artifacts)
		if err != nil && !errors.Is(err, testingfarm.ErrPartial) {
			t.Fatalf("another error: %v", err)
		}
		for _, test := range got.Tests {
			if test.Log != "" && !strings.HasPrefix(test.Log, "http") {
				t.Fatalf("a link to %q", test.Log)
			}
			if strings.ContainsAny(test.Name+test.Note+test.Plan, "\n\x00\x1b") {
				t.Fatalf("control characters in %q", test.Name)
			}
		}
		for _, outcome := range []testingfarm.Outcome{testingfarm.Failed, testingfarm.Error, testingfarm.Passed, testingfarm.Running} {
			r := testingfarm.Result{Outcome: outcome, State: "complete", Report: got, Artifacts: artifacts}
			if s := testingfarm.Summary(r); len([]rune(s)) > testingfarm.SummaryLength {
				t.Fatalf("a summary of %d: %s", len([]rune(s)), s)
			}
			_ = r.LogURL()
		}
	})
}
