package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

var (
	errOnce = errors.New("down for a moment")
	said    = event.BuildStarted.Say(event.Build{Label: "x"})
)

// hears is a function that hears kind and answers with a draft or an error.
func hears(name, kind string, err error) fn.Function {
	return fn.Function{
		Name: name, Says: []event.Named{event.BuildStarted},
		Hears: []fn.Route{{Type: kind, Handle: func(context.Context, event.Event) ([]event.Draft, error) {
			if err != nil {
				return nil, err
			}
			return []event.Draft{said}, nil
		}}},
	}
}

func api(name string) fn.Function {
	return fn.Function{Name: name, Web: func(_ context.Context, r *http.Request) (fn.Response, []event.Draft, error) {
		return fn.Response{Code: http.StatusAccepted, Text: name + " at " + r.URL.Path}, nil, nil
	}}
}

// start serves functions, and gives what they said.
func start(t *testing.T, functions ...fn.Function) (address string, sent func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	runner := fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Sink: func(_ context.Context, e event.Event) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, e.Source()+" "+e.Type())
		return nil
	}}
	front := httptest.NewServer(newServer(&distaff.Process{Functions: functions, Runner: runner}).routes())
	t.Cleanup(front.Close)
	return front.URL, func() []string { mu.Lock(); defer mu.Unlock(); return all }
}

type answer struct {
	Code        int
	Body, After string
}

func post(t *testing.T, address, body string, header ...string) answer {
	t.Helper()
	return ask(t, http.MethodPost, address, body, header...)
}

func ask(t *testing.T, method, address, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, strings.TrimSpace(string(raw)), resp.Header.Get("Retry-After")}
}

// binary are the headers of an event in binary mode.
func binary(kind string) []string {
	return []string{"ce-id", "1", "ce-source", "/test", "ce-specversion", "1.0", "ce-type", kind, "content-type", "application/json"}
}

func TestEventsAreTakenInBothModes(t *testing.T) {
	at, sent := start(t, hears("a", "k", nil))
	structured := `{"specversion":"1.0","id":"1","source":"/test","type":"k","data":{}}`
	batch := "[" + structured + "]"
	for _, c := range []struct {
		name, body string
		header     []string
		want       answer
	}{
		{"binary", "{}", binary("k"), answer{Code: 200}},
		{"structured", structured, []string{"content-type", "application/cloudevents+json"}, answer{Code: 200}},
		{"a batch", batch, []string{"content-type", "application/cloudevents-batch+json"}, answer{Code: 415, Body: "batches of events are not taken; send one at a time"}},
		{"no event", "{}", []string{"content-type", "application/json"}, answer{Code: 415, Body: "this is no CloudEvent; send one in binary or structured mode"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, post(t, at, c.body, c.header...)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if diff := cmp.Diff([]string{"/a distaff.build.started", "/a distaff.build.started"}, sent()); diff != "" {
		t.Error(diff)
	}
	for name, got := range map[string]answer{
		"an event without an id": post(t, at, "{}", binary("k")[2:]...),
		"broken JSON":            post(t, at, "{", "content-type", "application/cloudevents+json"),
	} {
		if got.Code != http.StatusBadRequest || got.Body == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := post(t, at, strings.Repeat(" ", eventMost+1), binary("k")...); got.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("an event that is too large: %+v", got)
	}
	if got := ask(t, http.MethodGet, at, ""); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("a GET: %+v", got)
	}
}

func TestTheVerdictDecidesWhetherAnEventComesAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		errs []error
		want answer
	}{
		{"dealt with", []error{nil}, answer{Code: 200}},
		{"permanent", []error{fn.Permanent(errOnce)}, answer{Code: 422, Body: "f0: down for a moment"}},
		{"later", []error{fn.Later(1500*time.Millisecond, errOnce)}, answer{Code: 503, Body: "f0: down for a moment", After: "2"}},
		{"a breakdown", []error{errOnce}, answer{Code: 500, Body: "f0: down for a moment"}},
		{"the worst of several", []error{nil, fn.Permanent(errOnce), errOnce, fn.Later(time.Second, errOnce)}, answer{Code: 500, Body: "f2: down for a moment"}},
		{"what comes again is worse than what does not", []error{fn.Permanent(errOnce), fn.Later(time.Second, errOnce)}, answer{Code: 503, Body: "f1: down for a moment", After: "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var functions []fn.Function
			for i, err := range c.errs {
				functions = append(functions, hears(fmt.Sprint("f", i), "k", err))
			}
			at, _ := start(t, functions...)
			if diff := cmp.Diff(c.want, post(t, at, "{}", binary("k")...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The RabbitMQ broker drops what is answered 4xx, so it is told something else.
func TestWhatCanNeverBeDealtWithIsRefusedInTheBrokersWords(t *testing.T) {
	s := newServer(&distaff.Process{
		Functions: []fn.Function{hears("f", "k", fn.Permanent(errOnce))}, Runner: fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler)},
	})
	var err error
	if s.refusal, err = refusal(func(string) (string, bool) { return "501", true }); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s.routes())
	defer front.Close()
	for name, kind := range map[string]string{"permanent": "k", "not heard": "other"} {
		if got := post(t, front.URL, "{}", binary(kind)...); got.Code != http.StatusNotImplemented {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := post(t, front.URL, "no event"); got.Code != http.StatusNotImplemented {
		t.Errorf("no event: %+v", got)
	}
	for _, wrong := range []string{"422", "600", "x"} {
		if _, err := refusal(func(string) (string, bool) { return wrong, true }); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

func TestAPanicIsTheFaultOfOneEvent(t *testing.T) {
	bad := fn.Function{Name: "bad", Hears: []fn.Route{{Type: "k", Handle: func(context.Context, event.Event) ([]event.Draft, error) {
		panic("a nil map")
	}}}}
	at, sent := start(t, bad, hears("good", "k", nil))
	if got := post(t, at, "{}", binary("k")...); got.Code != http.StatusInternalServerError {
		t.Errorf("%+v", got)
	}
	if len(sent()) != 1 {
		t.Errorf("the other function said %v", sent())
	}
}

func TestSeveralFunctionsShareAProcess(t *testing.T) {
	sink := fn.Function{Name: "dead-letter", Hears: []fn.Route{{Handle: func(context.Context, event.Event) ([]event.Draft, error) {
		return nil, nil
	}}}}
	at, sent := start(t, hears("a", "k", nil), hears("b", "k", nil), hears("c", "other", nil), sink, api("hooks"))
	for _, c := range []struct {
		name, path, kind string
		want             answer
	}{
		{"all that hear it", "/", "k", answer{Code: 200}},
		{"the one it is addressed to", "/a", "k", answer{Code: 200}},
		{"none", "/", "unknown", answer{Code: 422, Body: "no function here hears unknown"}},
		{"one that does not hear it", "/a", "other", answer{Code: 422, Body: "no function here hears other"}},
		{"a dead letter, addressed", "/dead-letter", "unknown", answer{Code: 200}},
		{"an api", "/hooks/forge", "k", answer{Code: 202, Body: "hooks at /forge"}},
		{"nobody", "/nobody", "k", answer{Code: 404, Body: "404 page not found"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, post(t, at+c.path, "{}", binary(c.kind)...)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if len(sent()) != 3 {
		t.Errorf("said: %v", sent())
	}
}

func TestTheOnlyApiIsAtTheTopToo(t *testing.T) {
	at, _ := start(t, api("hooks"))
	for _, path := range []string{"/forge", "/hooks/forge"} {
		if diff := cmp.Diff(answer{Code: 202, Body: "hooks at /forge"}, post(t, at+path, "")); diff != "" {
			t.Error(path, diff)
		}
	}
}

func TestADeadLetterSinkAloneTakesEverything(t *testing.T) {
	at, _ := start(t, hears("dead-letter", "", nil))
	if got := post(t, at, "{}", binary("anything")...); got.Code != http.StatusOK {
		t.Errorf("%+v", got)
	}
}

func TestHealth(t *testing.T) {
	s := newServer(&distaff.Process{Functions: []fn.Function{api("hooks")}})
	front := httptest.NewServer(s.routes())
	defer front.Close()
	codes := func() (live, ready int) {
		return ask(t, http.MethodGet, front.URL+"/health/liveness", "").Code, ask(t, http.MethodGet, front.URL+"/health/readiness", "").Code
	}
	if live, ready := codes(); live != 200 || ready != 200 {
		t.Errorf("while it serves: %d, %d", live, ready)
	}
	s.ending.Store(true)
	if live, ready := codes(); live != 200 || ready != 503 {
		t.Errorf("while it ends: %d, %d", live, ready)
	}
}
