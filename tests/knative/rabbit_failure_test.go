package knative

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rabbitTrigger is one of a test's own, that hears tests.NAME.
func rabbitTrigger(name, annotations, subscriber, delivery string) string {
	return fmt.Sprintf(`---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: tests-%[1]s, annotations: {%[2]s}}
spec:
  broker: distaff
  filter: {attributes: {type: tests.%[1]s}}
  subscriber: {%[3]s}
  delivery: {%[4]s}
`, name, annotations, subscriber, delivery)
}

// say posts an event of the type tests.NAME.
func (s *stage) say(name, id string) {
	s.t.Helper()
	code, err := s.post(s.t.Context(), "distaff", `{"a":1}`, map[string]string{"Id": id, "Source": "/tests", "Type": "tests." + name, "Subject": "rpms/bash"})
	if err != nil || code != http.StatusAccepted {
		s.t.Errorf("posted: %d, %v", code, err)
	}
}

// The broker repeats what it is to repeat, and takes every other answer for
// success: it does so against Knative's own rules, and distaff's functions have
// to know (DISTAFF_REFUSE_WITH). A release that does otherwise is seen here.
func TestRabbitKeepsWhatItRepeatedInVainAndDropsWhatIsRefused(t *testing.T) {
	s := onRabbitStage(t)
	const delay = 200 * time.Millisecond
	dead := hears(t, nil)
	subscriber := hears(t, func(h heard) int {
		code, _ := strconv.Atoi(strings.TrimPrefix(h.Type, "tests.answers"))
		if code == http.StatusOK { // it answers, but too late
			time.Sleep(2 * time.Second)
		}
		return code
	})
	wants := map[string]string{ // knativeerrorcode of the dead letter; empty: there is none
		"answers200": "-1", "answers400": "", "answers404": "404", "answers410": "", "answers422": "", "answers429": "429",
		"answers500": "500", "answers501": "501", "answers503": "503", "nobody": "-1",
	}
	text := ""
	for name := range wants {
		to := subscriber.URL
		if name == "nobody" {
			to = "http://127.0.0.1:9/"
		}
		text += rabbitTrigger(name, "", `uri: "`+to+`"`,
			`retry: 2, backoffPolicy: exponential, backoffDelay: PT0.2S, timeout: PT1S, deadLetterSink: {uri: "`+dead.URL+"/"+name+`"}`)
	}
	s.with(text)
	letters := 0
	for name, code := range wants {
		s.say(name, "one")
		if code != "" {
			letters++
		}
	}
	for range letters {
		dead.wait(t)
	}
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name := range wants {
		got[name] = ""
	}
	for _, h := range dead.got() {
		got[strings.TrimPrefix(h.Path, "/")] = h.Header.Get("Ce-Knativeerrorcode")
		if h.Body != `{"a":1}` || h.Header.Get("Ce-Knativeerrordest") == "" || h.Header.Get("Ce-Knativeerrordata") != "" || h.Header.Get("Ce-Subject") != "rpms/bash" {
			t.Errorf("the dead letter is %v %s", h.Header, h.Body)
		}
	}
	if diff := cmp.Diff(wants, got); diff != "" {
		t.Errorf("dead letters: -expected +got\n%s", diff)
	}
	tries := map[string][]time.Time{}
	for _, h := range subscriber.got() {
		name := strings.TrimPrefix(h.Type, "tests.")
		tries[name] = append(tries[name], h.At)
	}
	for name, at := range tries {
		want := 1
		if wants[name] != "" {
			want = 3
		}
		if len(at) != want {
			t.Errorf("%s was tried %d times, and should be %d", name, len(at), want)
		}
	}
	// Twice as long as Knative's own delivery: the first pause is two delays.
	at := tries["answers500"]
	for i, least := range []time.Duration{2 * delay, 4 * delay} {
		if i+1 < len(at) {
			if pause := at[i+1].Sub(at[i]); pause < least || pause > least+time.Second {
				t.Errorf("the pause before try %d was %s, and should be %s", i+2, pause, least)
			}
		}
	}
}

// What a function refuses for good is kept.
func TestRabbitBringsWhatAFunctionRefusesToTheDeadLetters(t *testing.T) {
	s := onRabbitStage(t)
	s.with(rabbitTrigger("refused", "", `ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: build-start}`,
		`retry: 1, backoffPolicy: exponential, backoffDelay: PT0.1S,
    deadLetterSink: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: dead-letter}, uri: /dead-letter/from/tests-refused}`))
	s.say("refused", "refused-1") // which build-start does not hear
	p := s.play()
	for until := time.Now().Add(30 * time.Second); ; {
		if err := s.settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, key := range p.keys(t.Context(), "dead/") {
			if strings.Contains(key, "tests.refused") {
				t.Log(key)
				return
			}
		}
		if time.Now().After(until) {
			t.Fatalf("it is not among %q", p.keys(t.Context(), "dead/"))
		}
	}
}

func TestRabbitHandsOverAsManyAtOnceAsTheAnnotationSays(t *testing.T) {
	s := onRabbitStage(t)
	const events = 12
	var now, most, done [2]atomic.Int64
	text := ""
	names := []string{"one", "three"}
	for i, annotations := range []string{"", `rabbitmq.eventing.knative.dev/parallelism: "3"`} {
		address := listening(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			n := now[i].Add(1)
			for m := most[i].Load(); n > m && !most[i].CompareAndSwap(m, n); m = most[i].Load() {
			}
			time.Sleep(50 * time.Millisecond)
			now[i].Add(-1)
			done[i].Add(1)
		}))
		text += rabbitTrigger(names[i], annotations, `uri: "`+address+`"`, "retry: 1")
	}
	s.with(text)
	var all sync.WaitGroup
	for n := range events {
		for _, name := range names {
			all.Go(func() { s.say(name, fmt.Sprint(n)) })
		}
	}
	all.Wait()
	for until := time.Now().Add(30 * time.Second); done[0].Load()+done[1].Load() < 2*events; {
		if time.Now().After(until) {
			t.Fatalf("only %d and %d came", done[0].Load(), done[1].Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := [2]int64{most[0].Load(), most[1].Load()}; got != [2]int64{1, 3} {
		t.Errorf("%d at once, and should be 1 and 3", got)
	}
}
