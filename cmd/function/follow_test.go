package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
	"github.com/distaff-project/distaff/tests/around"
)

// await waits until n events were sent.
func (p *place) await(n int) []sent {
	p.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		if said := p.said(); len(said) >= n {
			return said
		}
		select {
		case <-p.heard:
		case <-limit.C:
			p.Fatalf("%d of %d events were sent", len(p.said()), n)
		}
	}
}

// empties waits until the queue holds nothing.
func (p *place) empties() {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
	defer cancel()
	if err := p.bus.Wait(ctx, "distaff", func(s fedmsgtest.State) bool { return s.Ready+s.Unacked == 0 }); err != nil {
		p.Fatal(err)
	}
}

func TestTheBusCanBeFollowed(t *testing.T) {
	p := newPlace(t)
	var log around.Log
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	env := p.with("FUNCTION", "fedmsg-drain", "K_EXECUTION_MODE", "follow")
	go func() { ended <- run(ctx, env, slog.New(slog.NewJSONHandler(&log, nil))) }()
	p.opens(1)
	first := p.await(1)[0]
	if first.kind != "distaff.pull-request.opened" || !strings.HasPrefix(first.trace, "00-") {
		t.Errorf("%+v", first)
	}
	p.empties()
	p.answers(http.StatusServiceUnavailable) // then nothing is acked
	p.opens(2)
	p.answers(http.StatusAccepted)
	p.await(2)
	p.empties()
	if got := ask(t, http.MethodGet, "http://127.0.0.1:"+p.env["PORT"]+"/health/readiness", ""); got.Code != http.StatusOK {
		t.Errorf("readiness %+v", got)
	}
	terminate()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, log.String())
	}
	if facts := p.keys("events/fedora/rpms/hello/"); len(facts) != 2 {
		t.Errorf("stored %v", facts)
	}
	if used := p.keys("usage/"); len(used) != 1 {
		t.Errorf("what it used is in %v", used)
	}
	if n := strings.Count(log.String(), `"type":"fedora-messaging.message"`); n < 2 {
		t.Errorf("%d lines for 2 messages\n%s", n, log.String())
	}
}

func TestWithoutABusItSaysSo(t *testing.T) {
	p := newPlace(t)
	raw, err := os.ReadFile(p.env["DISTAFF_CONFIG"])
	if err != nil {
		t.Fatal(err)
	}
	config, _, _ := strings.Cut(string(raw), "\nbus:")
	file := filepath.Join(t.TempDir(), "distaff.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var log around.Log
	if code := run(ctx, p.with("FUNCTION", "clock-tick,fedmsg-drain", "DISTAFF_CONFIG", file), slog.New(slog.NewJSONHandler(&log, nil))); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(log.String(), "the configuration has no bus: it hears nothing") {
		t.Error(log.String())
	}
}

// TestAFollowerThatIsKilledLosesNothing kills the real program, with -9, in the
// middle of three hundred messages, again and again.
func TestAFollowerThatIsKilledLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	const messages = 300
	p := newPlace(t)
	program := build(t)
	for n := 1; n <= messages; n++ {
		p.opens(n)
	}
	for round := 1; ; round++ {
		cmd, log := p.start(program, "FUNCTION=fedmsg-drain", "K_EXECUTION_MODE=follow")
		if round > 3 {
			p.empties()
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v\n%s", err, log)
			}
			break
		}
		p.await(round * 50)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
	}
	times := map[string]int{}
	for _, e := range p.said() {
		times[e.id]++
	}
	twice := 0
	for _, n := range times {
		if n > 1 {
			twice++
		}
	}
	if len(times) != messages || twice > 3*32 {
		t.Errorf("%d of %d messages were said, %d of them twice", len(times), messages, twice)
	}
	t.Logf("killed three times: all %d said, %d of them twice", len(times), twice)
}

// build builds the program as it is shipped.
func build(t testing.TB) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "function")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// start runs the program with the environment of the place and more.
func (p *place) start(program string, more ...string) (*exec.Cmd, *around.Log) {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), program)
	log := new(around.Log)
	cmd.Stderr = log
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%s", name, value))
	}
	cmd.Env = append(cmd.Env, more...)
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	return cmd, log
}
