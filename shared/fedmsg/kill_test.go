package fedmsg_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

const (
	childURL   = "DISTAFF_TEST_CHILD_URL"
	childQueue = "DISTAFF_TEST_CHILD_QUEUE"
)

// TestMain lets the test binary be the process that is killed: with the
// environment set it drains a queue, and asks before each step.
func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		os.Exit(child(url, os.Getenv(childQueue)))
	}
	os.Exit(m.Run())
}

func child(url, queue string) int {
	q, err := fedmsg.Open(fedmsg.Config{
		URL: url, Queue: queue, Passive: true,
		SetAside: func(context.Context, fedmsg.Malformed) error { return nil },
	})
	if err == nil {
		asks := bufio.NewReader(os.Stdin)
		step := func(what string) error {
			fmt.Println(what)
			_, err := asks.ReadByte()
			return err
		}
		_, err = q.Drain(context.Background(), 1_000_000, 5*plenty, func(_ context.Context, m fedmsg.Message) error {
			if err := step("consumed"); err != nil {
				return err
			}
			return step(m.ID) // that is the publishing
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestKilledProcessesLoseNothing(t *testing.T) { killFacts(t, listen(t, fedmsgtest.NewBus())) }

// killFacts kills one drain after the other, between consuming and publishing
// and between publishing and acking, and then lets one finish: every message
// was published at least once, and twice only where the ack was missing. That
// is at most one message for each kill: the one that was published and not
// acked, or the one before it, whose ack was on its way. A process that dies
// with unread messages resets its connection, and the broker may then drop what
// it had not read of it.
func killFacts(t *testing.T, url string) {
	const messages, kills = 600, 20
	p := newPlace(t, url)
	p.say(messages)
	published := map[string]int{}
	for round := range kills {
		drainInChild(p, published, 1+5*round) // steps: odd ones are before publishing
	}
	drainInChild(p, published, 0)
	twice := 0
	for i := 1; i <= messages; i++ {
		switch published[fmt.Sprint(i)] {
		case 0:
			t.Errorf("message %d is lost", i)
		case 1:
		default:
			twice++
		}
	}
	if twice > kills {
		t.Errorf("%d messages were published more than once by %d kills", twice, kills)
	}
	if p.waiting() != 0 {
		t.Errorf("%d messages were left", p.waiting())
	}
	t.Logf("%d messages, %d processes killed: none lost, %d published more than once", messages, kills, twice)
}

// drainInChild runs a drain in a process of its own, killed with SIGKILL after
// so many steps (0: never), and counts what it published.
func drainInChild(p *place, published map[string]int, kill int) {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childURL+"="+p.url, childQueue+"="+p.queue)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		p.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		if id := lines.Text(); id != "consumed" {
			published[id]++
		}
		if n == kill {
			_ = cmd.Process.Kill()
			break
		}
		_, _ = in.Write([]byte("\n"))
	}
	if err := cmd.Wait(); (err != nil) != (kill > 0) {
		p.Errorf("drain killed after %d steps: %v", kill, err)
	}
}
