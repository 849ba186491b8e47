package bench

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// starts is how often the program is started for one figure.
const starts = 20

// BenchmarkStart measures the program production runs: its size, how long it
// takes from its start until it has dealt with its first event (a pull request
// was opened: it reads and writes the bucket over S3 and sends four events), and
// the memory it then has.
func BenchmarkStart(b *testing.B) {
	program, size := build(b)
	w := startWorld(b)
	for b.Loop() {
		var took []time.Duration
		var rss []float64
		for range starts {
			t, m := w.once(b, program)
			took, rss = append(took, t), append(rss, m)
		}
		slices.Sort(took)
		slices.Sort(rss)
		b.ReportMetric(float64(took[starts/2].Microseconds())/1000, "ms-to-first-event-p50")
		b.ReportMetric(float64(took[starts-1].Microseconds())/1000, "ms-to-first-event-max")
		b.ReportMetric(rss[starts/2], "MiB-resident-p50")
	}
	b.ReportMetric(float64(size)/(1<<20), "MiB-program")
	b.ReportMetric(0, "ns/op")
}

func build(b *testing.B) (program string, size int64) {
	b.Helper()
	program = filepath.Join(b.TempDir(), "function")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/function")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		b.Fatal(err)
	}
	return program, info.Size()
}

// around is what the program needs around it: a bucket, a broker, a
// configuration.
type around struct {
	config, sink string
	sent         *atomic.Int64
	number       int // of the last pull request
}

func startWorld(b *testing.B) *around {
	b.Helper()
	server, err := store.Open("", store.Options{Credentials: store.Credentials{AccessKey: "bench", SecretKey: "bench-secret"}})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := server.Bucket("distaff"); err != nil {
		b.Fatal(err)
	}
	bucket := httptest.NewServer(server)
	b.Cleanup(bucket.Close)
	sent := new(atomic.Int64)
	broker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sent.Add(1)
		w.WriteHeader(http.StatusAccepted)
	}))
	b.Cleanup(broker.Close)
	file := filepath.Join(b.TempDir(), "distaff.yaml")
	text := fmt.Sprintf(`
name: bench
pages: https://ci.example.org/
bucket: {name: distaff, endpoint: %q, region: us-east-1, access_key_env: BENCH_KEY, secret_key_env: BENCH_SECRET}
forges: {fedora: {type: pagure, url: https://src.example.org, user: robot}}
koji: {fedora: {server: https://koji.example.org/kojihub}}
testing_farm: {public: {}}
`, bucket.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return &around{config: file, sink: broker.URL, sent: sent}
}

// once starts the program, waits until it has dealt with one event, and ends it.
func (w *around) once(b *testing.B, program string) (time.Duration, float64) {
	b.Helper()
	port := freePort(b)
	cmd := exec.CommandContext(b.Context(), program)
	var log strings.Builder
	cmd.Stderr = &log
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "FUNCTION=on-pr-opened", "PORT=" + port, "K_SINK=" + w.sink, "DISTAFF_CONFIG=" + w.config,
		"BENCH_KEY=bench", "BENCH_SECRET=bench-secret",
	}
	w.number++
	id := event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: w.number}
	d := event.PullRequestOpened.Say(opened(id, time.Now()))
	d.ID = fmt.Sprint("opened-", w.number)
	before, start := w.sent.Load(), time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	deliver(b, "http://127.0.0.1:"+port, fn.Sent("forge-webhook", d, start))
	took, rss := time.Since(start), mebibytes(strconv.Itoa(cmd.Process.Pid), "VmRSS")
	if w.sent.Load() == before {
		b.Fatalf("it said nothing\n%s", log.String())
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v\n%s", err, log.String())
	}
	return took, rss
}

func freePort(b *testing.B) string {
	b.Helper()
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	return port
}

// deliver posts e until somebody takes it.
func deliver(b *testing.B, address string, e event.Event) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(500 * time.Microsecond)
	defer again.Stop()
	for {
		code, err := send(ctx, address, e)
		switch {
		case err == nil && code == http.StatusOK:
			return
		case err == nil:
			b.Fatalf("the program answered %d", code)
		}
		select { // it does not listen yet
		case <-again.C:
		case <-ctx.Done():
			b.Fatalf("the program does not answer: %v", err)
		}
	}
}
