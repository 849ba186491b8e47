package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/tests/around"
)

// starts is how often the program is started for one figure.
const starts = 20

// collects is a collector that takes everything and looks at nothing.
func collects(b *testing.B) (address string, times *atomic.Int64) {
	b.Helper()
	times = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		times.Add(1)
	}))
	b.Cleanup(server.Close)
	return server.URL, times
}

// deliver posts e until the program takes it, and gives how long that took.
func deliver(b *testing.B, address string, e event.Event) time.Duration {
	b.Helper()
	raw, err := e.MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	for {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, strings.NewReader(string(raw)))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/cloudevents+json")
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Fatalf("it answered %d", resp.StatusCode)
			}
			return time.Since(start)
		}
		if time.Since(start) > time.Minute {
			b.Fatal(err)
		}
		select { // it does not listen yet
		case <-time.After(200 * time.Microsecond):
		case <-b.Context().Done():
		}
	}
}

func (p *place) opened(n int) event.Event {
	data := event.PullRequestOpened.Say(event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: n}, Branch: "rawhide",
		Commit: "0123456789abcdef0123456789abcdef01234567", Updated: time.Now(),
	})
	data.ID = fmt.Sprint("opened-", n)
	return fn.Sent("forge-webhook", data, time.Now())
}

func ends(b *testing.B, cmd *exec.Cmd, log *around.Log) {
	b.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v\n%s", err, log)
	}
}

// BenchmarkStart is how long it takes from the start of the process until it has
// dealt with its first event (it reads and writes the bucket and sends four
// events), with telemetry and without.
func BenchmarkStart(b *testing.B) {
	p := newPlace(b)
	program := build(b)
	collector, sent := collects(b)
	number := 0
	for name, more := range map[string][]string{"telemetry=off": nil, "telemetry=on": {"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector}} {
		b.Run(name, func(b *testing.B) {
			var took, last []time.Duration
			for b.Loop() {
				for range starts {
					number++
					begun := time.Now()
					cmd, log := p.start(program, append(more, "FUNCTION=on-pr-opened")...)
					deliver(b, "http://127.0.0.1:"+p.env["PORT"], p.opened(number))
					took = append(took, time.Since(begun))
					begun = time.Now()
					ends(b, cmd, log)
					last = append(last, time.Since(begun))
				}
			}
			b.ReportMetric(milli(quantile(took, 0.5)), "ms-to-first-2xx-p50")
			b.ReportMetric(milli(quantile(took, 0.99)), "ms-to-first-2xx-p99")
			b.ReportMetric(milli(quantile(last, 0.5)), "ms-to-end-p50")
			b.ReportMetric(0, "ns/op")
		})
	}
	if sent.Load() == 0 {
		b.Error("the collector was told nothing")
	}
}

// BenchmarkTelemetry is what telemetry adds to an event: the same program with it
// and without it, in turns.
func BenchmarkTelemetry(b *testing.B) {
	p := newPlace(b)
	program := build(b)
	collector, _ := collects(b)
	took := map[string][]time.Duration{}
	address := map[string]string{}
	for name, more := range map[string]string{"off": "X=", "on": "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector} {
		port := around.Port(b)
		cmd, log := p.start(program, more, "FUNCTION=on-pr-opened", "PORT="+port)
		defer ends(b, cmd, log) // not in a Cleanup: the context ends before
		address[name] = "http://127.0.0.1:" + port
		deliver(b, address[name], p.opened(1_000_000))
	}
	number := 0
	for b.Loop() {
		for _, name := range []string{"off", "on"} {
			number++
			took[name] = append(took[name], deliver(b, address[name], p.opened(number)))
		}
	}
	for name, all := range took {
		b.ReportMetric(milli(quantile(all, 0.5)), "ms-"+name+"-p50")
		b.ReportMetric(milli(quantile(all, 0.99)), "ms-"+name+"-p99")
	}
	b.ReportMetric(0, "ns/op")
}

const (
	// window is after how long without an event Knative takes the pod of the
	// minute Service away; see eventing's manifests.
	window = 6 * time.Second
	// limit is the memory its pod may use, in GB.
	limit = 128.0 / 1024
)

// BenchmarkHearing holds the two ways to hear the bus against each other: how
// long a message takes to be an event at the broker, and what a day of that is
// in GB-seconds. docs/follow.md has its table.
//
// What is measured is the real program: in minute mode its start, the tick, and
// the draining of five messages, each time anew; in follow mode a message every
// 50 ms or so. The wait for the minute is not slept through: each measured
// message is put at a hundred moments of the minute before its tick.
func BenchmarkHearing(b *testing.B) {
	p := newPlace(b)
	program := build(b)
	for b.Loop() {
		minute, follow := p.minutes(b, program), p.follows(b, program)
		day := float64(24*60) * (minute.life + window).Seconds()
		b.Logf("\n%-30s %12s %12s\n%s%s%s%s%s%s", "", "minute", "follow",
			row("message to event, p50", minute.latency(0.5), follow.latency(0.5)),
			row("message to event, p99", minute.latency(0.99), follow.latency(0.99)),
			row("of that at work, p50", seconds(quantile(minute.work, 0.5)), seconds(quantile(follow.work, 0.5))),
			row("memory in use", fmt.Sprintf("%.0f MiB", minute.rss), fmt.Sprintf("%.0f MiB", follow.rss)),
			row("pod seconds a day", fmt.Sprintf("%.0f", day), "86400"),
			row("GB-seconds a day, of 128 MiB", fmt.Sprintf("%.0f", day*limit), fmt.Sprintf("%.0f", 86400*limit)))
		b.ReportMetric(day*limit, "GB-s/day-minute")
		b.ReportMetric(86400*limit, "GB-s/day-follow")
	}
	b.ReportMetric(0, "ns/op")
}

func row(name, minute, follow string) string {
	return fmt.Sprintf("%-30s %12s %12s\n", name, minute, follow)
}

// hearing is what was measured of one way to hear.
type hearing struct {
	life time.Duration   // of an instance until it has answered the tick, p50
	work []time.Duration // from when it could be heard until the event
	wait time.Duration   // for the minute, at most
	rss  float64         // MiB
}

func (h hearing) latency(q float64) string {
	var all []time.Duration
	for _, work := range h.work {
		for i := range 100 {
			all = append(all, work+h.wait*time.Duration(i)/100)
		}
	}
	return seconds(quantile(all, q))
}

// minutes starts the program for a tick, with five messages in the queue, again
// and again.
func (p *place) minutes(b *testing.B, program string) hearing {
	b.Helper()
	h := hearing{wait: time.Minute}
	var lives []time.Duration
	number := 0
	for range starts {
		before := len(p.said())
		for range 5 {
			number++
			p.opens(number)
		}
		tick := fn.Sent("timer", event.Draft{ID: fmt.Sprint("tick-", number), Type: event.TickType, Attributes: map[string]string{"tick": "minute"}}, time.Now())
		begun := time.Now()
		cmd, log := p.start(program, "FUNCTION=clock-tick,fedmsg-drain")
		deliver(b, "http://127.0.0.1:"+p.env["PORT"]+"/fedmsg-drain", tick)
		lives = append(lives, time.Since(begun))
		h.rss = max(h.rss, rss(b, cmd))
		for _, e := range p.said()[before:] {
			h.work = append(h.work, e.at.Sub(begun))
		}
		ends(b, cmd, log)
	}
	if len(h.work) != number {
		b.Fatalf("%d of %d messages were said", len(h.work), number)
	}
	h.life = quantile(lives, 0.5)
	return h
}

func (p *place) follows(b *testing.B, program string) hearing {
	b.Helper()
	const first, messages = 1_000_000, 200
	var h hearing
	cmd, log := p.start(program, "FUNCTION=fedmsg-drain", "K_EXECUTION_MODE=follow")
	p.opens(first)
	p.await(len(p.said()) + 1)
	at := map[string]time.Time{}
	before := len(p.said())
	for n := range messages {
		time.Sleep(time.Duration(20+rand.N(60)) * time.Millisecond)
		at[fmt.Sprint("message-", first+1+n)] = time.Now()
		p.opens(first + 1 + n)
	}
	for _, e := range p.await(before + messages)[before:] {
		if published, ok := at[e.cause]; ok {
			h.work = append(h.work, e.at.Sub(published))
		}
	}
	h.rss = rss(b, cmd)
	ends(b, cmd, log)
	if len(h.work) != messages {
		b.Fatalf("%d of %d messages were said", len(h.work), messages)
	}
	return h
}

// rss is the memory a process has, in MiB.
func rss(b *testing.B, cmd *exec.Cmd) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024
		}
	}
	return 0
}

func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func milli(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }
