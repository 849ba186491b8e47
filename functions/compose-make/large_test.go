package composemake_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// TestALargeTag measures a tag of as many packages as DISTAFF_LARGE says (source
// packages come on top): the first compose of it, the same again, and one with
// ten builds changed. Its figures stand in the log. The Koji is a process of its
// own, the bucket is on disk, and compose-make has the time it has in a cluster.
func TestALargeTag(t *testing.T) {
	packages, err := strconv.Atoi(os.Getenv("DISTAFF_LARGE"))
	if err != nil {
		t.Skip("DISTAFF_LARGE does not say how many packages to make: 20000")
	}
	budget := 18 * time.Second
	if text := os.Getenv("DISTAFF_BUDGET"); text != "" {
		if budget, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	distant := startApart(t, packages)
	server, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	bucket, err := server.Bucket("distaff")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: bucket, koji: kojiAt(t, distant.url)}
	w.options = composemake.Options{URL: "http://bucket.example/composes", Budget: budget}
	w.open(w.options)
	signed := func(r *compose.Request) { r.Sigkeys = []string{key} }
	measure := func(what string) compose.Compose {
		before, runs := distant.ask("stats"), w.runs
		cpu, at := cpuTime(), time.Now()
		c := w.compose(request(signed))
		took, used := time.Since(at), cpuTime()-cpu
		after := distant.ask("stats")
		calls := 0
		for name, n := range after.Calls {
			calls += n - before.Calls[name]
		}
		t.Logf("%s: %s, %s of CPU, %d runs, %d packages, %d KiB of metadata; %d files asked for, %d KiB of them, %d calls; peak RSS %d MiB; directory %d",
			what, took.Round(time.Millisecond), used.Round(time.Millisecond), w.runs-runs, c.Packages, c.Bytes>>10,
			after.Files-before.Files, (after.Bytes-before.Bytes)>>10, calls, peakRSS(), c.DirOf())
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
	distant.ask("update")
	if changed := measure("10 builds changed"); changed.DirOf() == first.ID || changed.Packages != first.Packages {
		t.Errorf("%d packages, in the directory of %d", changed.Packages, changed.DirOf())
	}
}

// apart is a Koji in a process of its own.
type apart struct {
	t   testing.TB
	url string
	in  func(line string) error
	out *bufio.Scanner
}

func startApart(t testing.TB, packages int) *apart {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKojiApart$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), "DISTAFF_APART="+strconv.Itoa(packages))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := &apart{t: t, out: bufio.NewScanner(out), in: func(line string) error { _, err := fmt.Fprintln(in, line); return err }}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	for a.out.Scan() {
		if url, found := strings.CutPrefix(a.out.Text(), "koji at "); found {
			a.url = url
			return a
		}
	}
	t.Fatal("the Koji does not start")
	return nil
}

func (a *apart) ask(line string) kojitest.Stats {
	a.t.Helper()
	if err := a.in(line); err != nil {
		a.t.Fatal(err)
	}
	var stats kojitest.Stats
	for a.out.Scan() {
		if raw, found := strings.CutPrefix(a.out.Text(), "stats "); found {
			if err := json.Unmarshal([]byte(raw), &stats); err != nil {
				a.t.Fatal(err)
			}
			return stats
		}
	}
	a.t.Fatal("the Koji is gone")
	return stats
}

// TestKojiApart is the process that startApart starts.
func TestKojiApart(t *testing.T) {
	packages, err := strconv.Atoi(os.Getenv("DISTAFF_APART"))
	if err != nil {
		t.Skip("it is started by TestALargeTag")
	}
	server, err := kojitest.New(kojitest.Config{
		Dir: t.TempDir(), Runner: kojitest.Script{Bare: true}, Users: map[string]string{"pkg": "secret"}, AnyPackage: true,
		Tags: []kojitest.TagSpec{{Name: "f45", Arches: []string{"x86_64"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	server.SetBaseURL(web.URL)
	bulk := kojitest.Bulk{Tag: "f45", Builds: packages / 4, RPMs: 4, Key: key}
	if err := server.AddBulk(bulk); err != nil {
		t.Fatal(err)
	}
	fmt.Println("koji at " + web.URL)
	bulk.Builds = 10
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if lines.Text() == "update" {
			if err := server.UpdateBulk(bulk); err != nil {
				t.Fatal(err)
			}
		}
		raw, err := json.Marshal(server.Stats())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("stats " + string(raw))
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakRSS is in MiB, with the bucket's code, which is in the process too.
func peakRSS() int64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Maxrss >> 10
}
