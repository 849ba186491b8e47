package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// childEnv names the crowd a child process is to measure, as JSON.
const childEnv = "DISTAFF_BENCH_CHILD"

// BenchmarkThousandPullRequests opens 1,000 pull requests at the same moment.
// Each has its build, its six checks and its seven statuses, none of them twice.
// Latency is from the call of the web hook to the first status on the forge.
// Each runs in a process of its own, whose memory also holds the broker, the
// store, and what is stored unless that is durable. A durable one is as fast as
// the disk: see fsync in the line about the machine.
func BenchmarkThousandPullRequests(b *testing.B) {
	for _, c := range []crowd{
		{Store: "memory"},
		{Store: "memory", Durable: true},
		{Store: "embedded"},
		{Store: "embedded", Durable: true},
		{Store: "http"},
		{Store: "http", Durable: true},
	} {
		c.PullRequests = 1000
		b.Run(fmt.Sprintf("store=%s/durable=%t", c.Store, c.Durable), func(b *testing.B) {
			for b.Loop() {
				got := c.inChild(b)
				b.ReportMetric(got.Seconds, "s")
				b.ReportMetric(float64(got.Delivered)/got.Seconds, "events/s")
				b.ReportMetric(got.P50, "p50-s-to-status")
				b.ReportMetric(got.P99, "p99-s-to-status")
				b.ReportMetric(got.MiB, "MiB-peak")
				b.ReportMetric(float64(got.Retried), "retried")
				for _, why := range got.Why {
					b.Log("retried: ", why)
				}
				b.ReportMetric(float64(got.Requests)/float64(c.PullRequests), "requests/PR")
			}
			b.ReportMetric(0, "ns/op") // of one operation; the seconds say it
		})
	}
}

// inChild measures in a process of its own.
func (c crowd) inChild(b *testing.B) measured {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	c.Dir = b.TempDir()
	what, err := json.Marshal(c)
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), childEnv+"="+string(what))
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v\n%s", err, said.String())
	}
	var got measured
	if err := json.Unmarshal(out, &got); err != nil {
		b.Fatal(err)
	}
	return got
}

// child measures what the parent named and writes the figures.
func child(what string) int {
	var c crowd
	err := json.Unmarshal([]byte(what), &c)
	if err == nil {
		var got measured
		if got, err = c.measure(context.Background()); err == nil {
			got.MiB = mebibytes("self", "VmHWM")
			err = json.NewEncoder(os.Stdout).Encode(got)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestACrowdIsServedWholly(t *testing.T) {
	for _, c := range []crowd{
		{PullRequests: 20, Store: "memory"},
		{PullRequests: 20, Store: "http", Durable: true, Dir: filepath.Join(t.TempDir(), "crowd")},
	} {
		if _, err := c.measure(t.Context()); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
