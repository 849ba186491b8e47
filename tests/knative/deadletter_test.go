package knative

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestWhatIsAnswered500IsTriedAgainThenKeptThenReplayed(t *testing.T) {
	s := onStage(t)
	var well atomic.Bool
	subscriber := hears(t, func(heard) int {
		if well.Load() {
			return http.StatusOK
		}
		return http.StatusInternalServerError
	})
	s.with(`
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: tests-fails}
spec:
  broker: distaff
  filter: {attributes: {type: tests.fails}}
  subscriber: {uri: "` + subscriber.URL + `"}
  delivery:
    retry: 2
    backoffPolicy: exponential
    backoffDelay: PT0.2S
    deadLetterSink:
      ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: dead-letter}
      uri: /dead-letter/from/tests-fails
`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code, err := s.post(ctx, "distaff", `{"a":1}`, map[string]string{"Id": "fails-1", "Source": "/tests", "Type": "tests.fails", "Subject": "rpms/bash"})
	if err != nil || code != http.StatusAccepted {
		t.Fatalf("posted: %d, %v", code, err)
	}
	var tries []heard
	for range 3 {
		tries = append(tries, subscriber.wait(t))
	}
	for i, least := range []time.Duration{200 * time.Millisecond, 400 * time.Millisecond} {
		if pause := tries[i+1].At.Sub(tries[i].At); pause < least || pause > least+time.Second {
			t.Errorf("the pause before try %d was %s, and should be %s", i+2, pause, least)
		}
	}
	p := s.play()
	letter := ""
	for letter == "" {
		if err := s.settle(ctx); err != nil {
			t.Fatal(err)
		}
		for _, key := range p.keys(ctx, "dead/") {
			if strings.Contains(key, "tests.fails") {
				letter = key
			}
		}
	}
	object, err := s.world.Files.Get(ctx, letter)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"fails-1"`, `"knativeerrorcode":`, `500`, `"a":1`} {
		if !strings.Contains(strings.ReplaceAll(string(object.Body), " ", ""), want) {
			t.Errorf("there is no %s in the dead letter\n%s", want, object.Body)
		}
	}
	if got := len(subscriber.got()); got != 3 {
		t.Errorf("it was tried %d times, and should be 3", got)
	}
	well.Store(true)
	out := s.distaff(ctx, "dead", "replay", "--all", "--yes", "--broker", "http://127.0.0.1:8081/"+s.namespace+"/distaff")
	again := subscriber.wait(t)
	if again.Header.Get("Ce-Replayof") != "fails-1" || again.Body != `{"a":1}` {
		t.Errorf("replayed: %+v\n%s", again, out)
	}
	t.Logf("\n%s", s.distaff(ctx, "dead", "list"))
}

// distaff runs the command line against the world's bucket, as an operator does.
func (s *stage) distaff(ctx context.Context, args ...string) string {
	s.t.Helper()
	program := filepath.Join(shared.dir, "distaff")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", program, "./cmd/distaff")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(ctx, program, append(args, "--config", filepath.Join(shared.dir, "stage", "world", "config.yaml"))...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("distaff %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
