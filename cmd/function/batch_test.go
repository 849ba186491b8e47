package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/tests/around"
)

const (
	opened = `{"specversion":"1.0","id":"1","source":"/test","type":"distaff.pull-request.opened","datacontenttype":"application/json",
"data":{"forge":"fedora","repo":"rpms/bash","number":7,"branch":"rawhide","commit":"0123456789abcdef0123456789abcdef01234567","updated":"2026-11-21T08:00:00Z"}}`
	unreadable = `{"specversion":"1.0","id":"2","source":"/test","type":"distaff.pull-request.opened","datacontenttype":"application/json","data":{"number":"seven"}}`
)

// A Job has nobody who answers for it: what its process ends with is the answer.
func TestAJobEndsWithWhatIsToBecomeOfItsEvent(t *testing.T) {
	for _, c := range []struct {
		name   string
		event  string
		answer int // of the broker
		env    []string
		code   int
		dead   bool
	}{
		{"done", opened, 202, nil, jobDone, false},
		{"the broker is down", opened, 503, nil, jobAgain, false},
		{"for the second of three times", opened, 503, []string{"DISTAFF_JOB_FAILURES", "1", "DISTAFF_JOB_ATTEMPTS", "3"}, jobAgain, false},
		{"for the last time", opened, 503, []string{"DISTAFF_JOB_FAILURES", "2", "DISTAFF_JOB_ATTEMPTS", "3"}, jobDead, true},
		{"nobody can read it", unreadable, 202, nil, jobDead, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.answers(c.answer)
			var log around.Log
			env := p.with(append(c.env, "FUNCTION", "on-pr-opened", "K_EXECUTION_MODE", "batch", "K_EVENT_PATH", p.writes(c.event))...)
			if code := run(t.Context(), env, slog.New(slog.NewJSONHandler(&log, nil))); code != c.code {
				t.Errorf("exit code %d\n%s", code, log.String())
			}
			if said := p.said(); (len(said) > 0) != (c.code == jobDone) {
				t.Errorf("it said %v", said)
			}
			// Beside each letter there may be what else function dead-letter keeps.
			dead := slices.DeleteFunc(p.keys("dead/"), func(key string) bool { return !strings.Contains(key, "/distaff.pull-request.opened/") })
			if (len(dead) == 1) != c.dead {
				t.Fatalf("dead letters %v", dead)
			}
			if used := p.keys("usage/"); len(used) != 1 {
				t.Errorf("what it used is in %v", used)
			}
			if c.dead {
				p.isDeadLetter(dead[0], "http://job/on-pr-opened")
			}
			if len(c.env) > 0 && !strings.Contains(log.String(), `"attempts":3`) {
				t.Errorf("the line does not tell which attempt it was:\n%s", log.String())
			}
		})
	}
}

func (p *place) isDeadLetter(key, dest string) {
	p.Helper()
	object, err := p.bucket.Get(p.Context(), key)
	if err != nil {
		p.Fatal(err)
	}
	var e event.Event
	if err := json.Unmarshal(object.Body, &e); err != nil {
		p.Fatal(err)
	}
	reason, err := base64.StdEncoding.DecodeString(event.Extension(e, "knativeerrordata"))
	if event.Extension(e, "knativeerrordest") != dest || event.Extension(e, "knativeerrorcode") == "" || len(reason) == 0 || err != nil {
		p.Errorf("it tells %v %q, %v", e.Extensions(), reason, err)
	}
}

// Where another Service keeps dead letters, this one needs no right to.
func TestAJobsDeadLetterCanBeSent(t *testing.T) {
	p := newPlace(t)
	p.answers(202)
	env := p.with("FUNCTION", "on-pr-opened", "K_EXECUTION_MODE", "batch", "K_EVENT_PATH", filepath.Join(p.writes(unreadable), "event"),
		"DISTAFF_DEAD_LETTER_SINK", p.env["K_SINK"]+"/dead-letter")
	if code := run(t.Context(), env, slog.New(slog.DiscardHandler)); code != jobDead {
		t.Errorf("exit code %d", code)
	}
	if said := p.said(); len(said) != 1 || said[0].path != "/dead-letter" || said[0].header.Get("ce-knativeerrorcode") != "422" || said[0].id != "2" {
		t.Errorf("%+v", said)
	}
	if dead := p.keys("dead/"); len(dead) != 0 {
		t.Errorf("also kept under %v", dead)
	}
}

func TestAJobThatCannotKeepItsDeadLetterIsNotOver(t *testing.T) {
	p := newPlace(t)
	p.answers(500)
	env := p.with("FUNCTION", "on-pr-opened", "K_EXECUTION_MODE", "batch", "K_EVENT_PATH", p.writes(unreadable), "DISTAFF_DEAD_LETTER_SINK", p.env["K_SINK"])
	if code := run(t.Context(), env, slog.New(slog.DiscardHandler)); code != jobAgain {
		t.Errorf("exit code %d", code)
	}
}

func TestAJobThatIsStoppedIsTriedAgain(t *testing.T) {
	p := newPlace(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	env := p.with("FUNCTION", "on-pr-opened", "K_EXECUTION_MODE", "batch", "K_EVENT_PATH", p.writes(opened))
	if code := run(ctx, env, slog.New(slog.DiscardHandler)); code != jobAgain {
		t.Errorf("exit code %d", code)
	}
	if used := p.keys("usage/"); len(used) != 1 {
		t.Errorf("what it used is in %v", used)
	}
}

func TestAJobTellsAllThatIsWrongAroundIt(t *testing.T) {
	p := newPlace(t)
	for want, env := range map[string]func(string) (string, bool){
		"no such file":                      p.with("K_EXECUTION_MODE", "batch", "K_EVENT_PATH", "/nowhere"),
		"read the event in":                 p.with("K_EXECUTION_MODE", "batch", "K_EVENT_PATH", p.writes("{")),
		"more than 4194304 bytes":           p.with("K_EXECUTION_MODE", "batch", "K_EVENT_PATH", p.writes(strings.Repeat(" ", eventMost+1))),
		"DISTAFF_JOB_FAILURES":              p.with("K_EXECUTION_MODE", "batch", "K_EVENT_PATH", p.writes(opened), "DISTAFF_JOB_FAILURES", "-1"),
		"write batch or follow":             p.with("K_EXECUTION_MODE", "job"),
		"there is nothing to follow":        p.with("K_EXECUTION_MODE", "follow", "FUNCTION", "on-pr-opened"),
		"K_CE_OVERRIDES: is not of":         p.with("K_CE_OVERRIDES", "{"),
		"is no name of an attribute":        p.with("K_CE_OVERRIDES", `{"extensions":{"No-Name":"x"}}`),
		"K_CA_CERTS: no certificate":        p.with("K_CA_CERTS", "certificate"),
		"DISTAFF_DEAD_LETTER_SINK: is no":   p.with("DISTAFF_DEAD_LETTER_SINK", "dead-letter"),
		"DISTAFF_SINK_TOKEN_FILE: read the": p.with("DISTAFF_SINK_TOKEN_FILE", "/nowhere"),
		"write http/protobuf":               p.with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
	} {
		var log around.Log
		function, _ := env("FUNCTION")
		if function == "" {
			function = "on-pr-opened"
		}
		asked := func(name string) (string, bool) {
			if name == "FUNCTION" {
				return function, true
			}
			return env(name)
		}
		if code := run(t.Context(), asked, slog.New(slog.NewJSONHandler(&log, nil))); code != distaff.BadConfig || !strings.Contains(log.String(), want) {
			t.Errorf("no %q; exit code %d\n%s", want, code, log.String())
		}
	}
}
