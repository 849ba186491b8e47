package testingfarm_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// of makes tests: "failed:/a,/b" are two that failed.
func of(groups ...string) []testingfarm.Test {
	var tests []testingfarm.Test
	for _, group := range groups {
		word, names, _ := strings.Cut(group, ":")
		for name := range strings.SplitSeq(names, ",") {
			tests = append(tests, testingfarm.Test{Name: name, Result: word})
		}
	}
	return tests
}

func many(word string, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("/suite/test-%d", i)
	}
	return word + ":" + strings.Join(names, ",")
}

func TestASummaryBeginsWithTheResult(t *testing.T) {
	for _, c := range []struct {
		result testingfarm.Result
		want   string
	}{
		{testingfarm.Result{Outcome: testingfarm.Failed, Report: testingfarm.Report{Tests: of(many("passed", 29), "failed:/smoke/cli,/upgrade")}}, "2 of 31 failed: /smoke/cli, /upgrade"},
		{testingfarm.Result{Outcome: testingfarm.Passed, Report: testingfarm.Report{Tests: of(many("passed", 31))}}, "31 passed"},
		{testingfarm.Result{Outcome: testingfarm.Passed, Report: testingfarm.Report{Tests: of("passed:/a,/b", "skipped:/c")}}, "2 passed, 1 skipped"},
		{testingfarm.Result{Outcome: testingfarm.Passed}, "passed"},
		{testingfarm.Result{Outcome: testingfarm.Passed, Note: "against Fedora rawhide", Report: testingfarm.Report{Tests: of("passed:/a")}}, "1 passed (against Fedora rawhide)"},
		{testingfarm.Result{Outcome: testingfarm.Failed, Report: testingfarm.Report{Tests: of(many("failed", 21))}}, "21 of 21 failed: /suite/test-0, /suite/test-1, /suite/test-2, /suite/test-3, …"},
		{testingfarm.Result{Outcome: testingfarm.Failed, Report: testingfarm.Report{Tests: of("failed:/same,/same,/same")}}, "3 of 3 failed: /same"},
		{testingfarm.Result{Outcome: testingfarm.Failed, Report: testingfarm.Report{Tests: []testingfarm.Test{{Name: "/install/x", Result: "failed", Note: "nothing provides libmoon.so.1 needed by x-1.0-1.noarch"}}}}, "1 of 1 failed: /install/x (nothing provides libmoon.so.1 needed by x-1.0-1.noa…)"},
		{testingfarm.Result{Outcome: testingfarm.Failed, Report: testingfarm.Report{Tests: of("passed:/a", "error:/b")}}, "1 of 2 in error: /b"},
		{testingfarm.Result{Outcome: testingfarm.Failed}, "failed"},
		{testingfarm.Result{Outcome: testingfarm.Failed, Note: "failed: the disk is full"}, "failed: the disk is full"},
		{testingfarm.Result{Outcome: testingfarm.NeedsInspection, Report: testingfarm.Report{Tests: of("passed:/a", "needs_inspection:/b")}}, "1 of 2 to inspect: /b"},
		{testingfarm.Result{Outcome: testingfarm.Error, State: "error", Note: "provisioning failed: no machine"}, "infrastructure: provisioning failed: no machine"},
		{testingfarm.Result{Outcome: testingfarm.Error, State: "error"}, "infrastructure: no reason given"},
		{testingfarm.Result{Outcome: testingfarm.Error, State: "complete", Report: testingfarm.Report{Tests: of("passed:/a", "error:/b")}}, "1 of 2 in error: /b"},
		{testingfarm.Result{Outcome: testingfarm.Error, State: "complete", Report: testingfarm.Report{Suites: []testingfarm.Suite{{Note: "no guest"}}}}, "infrastructure: no guest"},
		{testingfarm.Result{Outcome: testingfarm.Skipped, Note: "rpminspect is not installed"}, "skipped: rpminspect is not installed"},
		{testingfarm.Result{Outcome: testingfarm.Cancelled}, "cancelled"},
		{testingfarm.Result{Outcome: testingfarm.Queued}, "queued"},
		{testingfarm.Result{Outcome: testingfarm.Running, Report: testingfarm.Report{Tests: of("passed:/a", "failed:/b", "pending:/c,/d")}}, "running: 2 of 4 done"},
		{testingfarm.Result{Outcome: testingfarm.Running}, "running"},
	} {
		if got := testingfarm.Summary(c.result); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestASummaryIsNeverTooLong(t *testing.T) {
	for n := range 120 {
		name := strings.Repeat("ü", n)
		for _, tests := range [][]testingfarm.Test{of("failed:" + name), of("failed:" + name + ",/b"), of("failed:/a," + name), of("failed:/a,"+name+",/c", many("failed", 50))} {
			for _, note := range []string{"", name} {
				s := testingfarm.Summary(testingfarm.Result{Outcome: testingfarm.Failed, Note: note, Report: testingfarm.Report{Tests: tests}})
				if l := utf8.RuneCountInString(s); l > testingfarm.SummaryLength {
					t.Fatalf("%d runes: %s", l, s)
				}
			}
		}
	}
}
