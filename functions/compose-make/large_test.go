package composemake_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// TestALargeTag measures a tag of as many packages as DISTAFF_LARGE says: the
// first compose of it, the same again, and one with ten packages changed. Its
// figures stand in the log.
func TestALargeTag(t *testing.T) {
	packages, err := strconv.Atoi(os.Getenv("DISTAFF_LARGE"))
	if err != nil {
		t.Skip("DISTAFF_LARGE does not say how many packages to make: 20000")
	}
	budget := time.Hour
	if text := os.Getenv("DISTAFF_BUDGET"); text != "" {
		if budget, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, func(_ *kojitest.Config, o *composemake.Options, _ *world) { o.Budget = budget })
	bulk := kojitest.Bulk{Tag: "f45", Builds: packages / 4, RPMs: 4, Key: key}
	if err := w.server.AddBulk(bulk); err != nil {
		t.Fatal(err)
	}
	signed := func(r *compose.Request) { r.Sigkeys = []string{key} }
	measure := func(what string) compose.Compose {
		before, runs := w.server.Stats(), w.runs
		cpu, at := cpuTime(), time.Now()
		c := w.compose(request(signed))
		took := time.Since(at)
		after := w.server.Stats()
		calls := 0
		var which []string
		for name, n := range after.Calls {
			if d := n - before.Calls[name]; d > 0 {
				calls += d
				which = append(which, name+"="+strconv.Itoa(d))
			}
		}
		t.Logf("%s: %s (%s), %s of CPU, %d runs, %d files asked for, %d KiB of them, %d calls (%s), peak RSS %d MiB, dir %d",
			what, took.Round(time.Millisecond), c.State, (cpuTime() - cpu).Round(time.Millisecond), w.runs-runs,
			after.Files-before.Files, (after.Bytes-before.Bytes)>>10, calls, strings.Join(which, " "), peakRSS(), c.DirOf())
		if c.State != compose.Done {
			t.Fatal(c.Reason)
		}
		runtime.GC()
		return c
	}
	first := measure("first")
	if again := measure("again"); again.DirOf() != first.ID {
		t.Error("the same was composed again")
	}
	bulk.Builds = 10
	if err := w.server.UpdateBulk(bulk); err != nil {
		t.Fatal(err)
	}
	if changed := measure("10 changed"); changed.DirOf() == first.ID || changed.Packages != first.Packages {
		t.Errorf("%d packages, in the directory of %d", changed.Packages, changed.DirOf())
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakRSS is in MiB. It counts the Koji and the bucket, which are in the process
// too.
func peakRSS() int64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Maxrss >> 10
}
