package broker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func TestWhatIsNotDeliveredIsDeliveredAfterARestart(t *testing.T) {
	dir := t.TempDir()
	set := manifests(t, oneBroker, trigger("works", "a", ""), trigger("fails", "a", "{retry: 5, backoffPolicy: linear, backoffDelay: PT1H}"))
	works, fails := &heard{}, &heard{answer: always(500, "")}
	services := map[string]broker.Subscriber{"works": works, "fails": fails}
	retried := make(chan struct{}, 10)
	b := run(t, set, broker.Options{Dir: dir, Observe: func(r broker.Record) {
		if r.Kind == broker.Retried && r.Next > 0 || r.Kind == broker.Delivered {
			retried <- struct{}{}
		}
	}}, services)
	first := say("1", "a")
	if err := first.SetData("application/json", []byte(`{"nvr": "bash-5.3-1"}`)); err != nil {
		t.Fatal(err)
	}
	first.SetExtension("attempt", 3)
	publish(t, b, first)
	<-retried
	<-retried // delivered to one, waits an hour for the other
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	fails.answer, fails.events = nil, nil
	b = run(t, set, broker.Options{Dir: dir}, services)
	settle(t, b)
	if len(works.events) != 1 || len(fails.events) != 1 {
		t.Fatalf("%d and %d deliveries", len(works.events), len(fails.events))
	}
	again := fails.events[0]
	if string(again.Data()) != `{"nvr": "bash-5.3-1"}` || again.Extensions()["attempt"] != "3" || again.Extensions()["knativebrokerttl"] != nil {
		t.Errorf("the event is now %v", again)
	}
	want := []string{
		"1 accepted",
		"1 retried fails by Service fails, attempt 1: 500",
		"1 retried fails by Service fails, attempt 2: 500 again in 1h0m0s",
		"1 delivered fails by Service fails, attempt 1: 202",
	}
	without := func(lines []string) []string {
		kept := []string{}
		for _, line := range lines {
			if !strings.Contains(line, "works") {
				kept = append(kept, line)
			}
		}
		return kept
	}
	if diff := cmp.Diff(want, without(story(b.History("1")))); diff != "" {
		t.Error("history goes on over restarts", diff)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	offline, err := broker.ReadHistory(dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, without(story(offline))); diff != "" {
		t.Error("history read without a broker", diff)
	}
	b = run(t, set, broker.Options{Dir: dir}, services)
	settle(t, b)
	if len(works.events) != 1 || len(fails.events) != 1 {
		t.Error("what was delivered is delivered again")
	}
}

func TestEventsAcceptedBeforeTheStartWait(t *testing.T) {
	dir := t.TempDir()
	set := manifests(t, oneBroker, trigger("work", "a", ""))
	b := prepare(t, set, broker.Options{Dir: dir}, nil)
	publish(t, b, say("1", "a"))
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	work := &heard{}
	b = run(t, set, broker.Options{Dir: dir}, map[string]broker.Subscriber{"work": work})
	settle(t, b)
	if diff := cmp.Diff([]string{"1"}, work.ids()); diff != "" {
		t.Error(diff)
	}
}

func TestAnEventForATriggerThatIsGoneIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	b := prepare(t, manifests(t, oneBroker, trigger("work", "a", "")), broker.Options{Dir: dir}, nil)
	publish(t, b, say("1", "a"))
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second start finds nothing to give up
		b = run(t, manifests(t, oneBroker), broker.Options{Dir: dir}, nil)
		settle(t, b)
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"1 accepted", "1 lost work by , attempt 0: 0 the manifests have no such trigger any more"}
	if diff := cmp.Diff(want, story(b.History())); diff != "" {
		t.Error(diff)
	}
}

// The child publishes events from many goroutines and writes the id of each
// one that was accepted; then it is killed while it does so.
func TestKillNineLosesNothingThatWasAccepted(t *testing.T) {
	sets := map[string]*manifest.Set{
		"one broker": manifests(t, oneBroker, trigger("work", "opened", "")),
		"handed on":  manifests(t, twoBrokers, at("ci", trigger("work", "opened", ""))),
	}
	if dir := os.Getenv("DISTAFF_BROKER_CHILD"); dir != "" {
		publishForEver(t, dir, sets[os.Getenv("DISTAFF_BROKER_SET")])
		return
	}
	for name, set := range sets {
		t.Run(name, func(t *testing.T) { killNine(t, name, set) })
	}
}

func killNine(t *testing.T, name string, set *manifest.Set) {
	t.Helper()
	dir := t.TempDir()
	delivered := map[string]int{}
	accepted := map[string]bool{}
	for round := range 5 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillNineLosesNothingThatWasAccepted$")
		child.Env = append(os.Environ(), "DISTAFF_BROKER_CHILD="+dir, "DISTAFF_BROKER_SET="+name, fmt.Sprintf("DISTAFF_BROKER_ROUND=%d", round))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 400*(round+1) {
				_ = child.Process.Kill()
			}
			read(lines.Text(), accepted, delivered)
		}
		_ = child.Wait()
	}
	var mu sync.Mutex
	work := broker.Func(func(_ context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
		mu.Lock()
		defer mu.Unlock()
		delivered[e.ID()]++
		return nil, 202, 0, nil, nil
	})
	b := run(t, set, broker.Options{Name: "events", Dir: dir}, map[string]broker.Subscriber{"work": work})
	settle(t, b)
	lost, twice := 0, 0
	for id := range accepted {
		if delivered[id] == 0 {
			lost++
		}
		if delivered[id] > 1 {
			twice++
		}
	}
	if lost > 0 || len(accepted) < 1000 {
		t.Errorf("%d of %d accepted events are lost", lost, len(accepted))
	}
	t.Logf("%d accepted, %d delivered twice", len(accepted), twice)
}

// read takes one whole line of the child; the last one may be cut.
func read(line string, accepted map[string]bool, delivered map[string]int) {
	kind, id, _ := strings.Cut(line, " ")
	id, whole := strings.CutSuffix(id, ".")
	switch {
	case !whole:
	case kind == "accepted":
		accepted[id] = true
	case kind == "delivered":
		delivered[id]++
	}
}

func publishForEver(t *testing.T, dir string, set *manifest.Set) {
	var mu sync.Mutex
	write := func(kind, id string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(os.Stdout, kind+" "+id+".\n")
	}
	work := broker.Func(func(_ context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
		write("delivered", e.ID())
		return nil, 202, 0, nil, nil
	})
	b := run(t, set, broker.Options{Name: "events", Dir: dir, SegmentBytes: 64 << 10, KeepBytes: -1}, map[string]broker.Subscriber{"work": work})
	for worker := range 50 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv("DISTAFF_BROKER_ROUND"), worker, n)
				if b.Publish(context.Background(), say(id, "opened")) == nil {
					write("accepted", id)
				}
			}
		}()
	}
	select {}
}
