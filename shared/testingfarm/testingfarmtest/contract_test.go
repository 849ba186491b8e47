package testingfarmtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
	"github.com/distaff-project/distaff/shared/wire"
)

const label = "pr/fedora/rpms/hello/7/1/rpmlint/1"

// bench is a stand-in, a client of it, and who hears its webhooks.
type bench struct {
	farm   *testingfarmtest.Farm
	client *testingfarm.Farm
	url    string
	hooks  chan testingfarm.Hook
	hook   testingfarm.Webhook
}

func start(t *testing.T, cfg testingfarmtest.Config) *bench {
	t.Helper()
	if cfg.HookPause == 0 {
		cfg.HookPause = time.Millisecond
	}
	farm, err := testingfarmtest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(farm)
	b := &bench{farm: farm, url: server.URL, hooks: make(chan testingfarm.Hook, 1000)}
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		h, err := testingfarm.ParseHook(raw)
		if err != nil {
			t.Errorf("webhook %q: %v", raw, err)
		}
		b.hooks <- h
	}))
	t.Cleanup(func() { farm.Close(); server.Close(); ear.Close() })
	b.hook = testingfarm.Webhook{URL: ear.URL, Token: "word"}
	b.client = b.as("key")
	return b
}

// as is a client with a key of its own.
func (b *bench) as(token string) *testingfarm.Farm {
	return testingfarm.New(testingfarm.Config{Name: "local", URL: b.url + "/v0.1", Token: token, Pause: time.Millisecond})
}

func (b *bench) body(t *testing.T, check testingfarm.Check, label string) json.RawMessage {
	t.Helper()
	raw, err := testingfarm.Body(check, testingfarm.Plan{
		Package: "hello", Distro: "fedora-rawhide", Branch: "rawhide", Compose: "Fedora-Rawhide", KojiTask: 42,
		SourceURL: "https://example.org/hello.git", Commit: strings.Repeat("a", 40), Deployment: "prod", Label: label, Webhook: b.hook,
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (b *bench) ask(t *testing.T, check testingfarm.Check, label string) string {
	t.Helper()
	id, err := b.client.Request(t.Context(), b.body(t, check, label))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// until looks after each webhook until the request is there.
func (b *bench) until(t *testing.T, id string, there func(testingfarm.Result) bool) testingfarm.Result {
	t.Helper()
	for {
		r, err := b.client.Look(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if there(r) {
			return r
		}
		select {
		case <-b.hooks:
		case <-time.After(90 * time.Second):
			t.Fatalf("nothing more is heard, it is %s", r.Outcome)
		}
	}
}

func (b *bench) done(t *testing.T, id string) testingfarm.Result {
	t.Helper()
	return b.until(t, id, func(r testingfarm.Result) bool { return r.Outcome.Final() })
}

// gate is a Runner that waits to be let go.
func gate() (testingfarmtest.Runner, chan testingfarmtest.Verdict) {
	verdicts := make(chan testingfarmtest.Verdict)
	return testingfarmtest.RunnerFunc(func(ctx context.Context, _ testingfarmtest.Job) (testingfarmtest.Verdict, error) {
		select {
		case v := <-verdicts:
			return v, nil
		case <-ctx.Done():
			return testingfarmtest.Verdict{}, ctx.Err()
		}
	}), verdicts
}

func TestARequestGoesThroughItsStatesAndTellsOfEach(t *testing.T) {
	runner, verdicts := gate()
	b := start(t, testingfarmtest.Config{Runner: runner})
	id := b.ask(t, testingfarm.Rpmlint, label)
	running := b.until(t, id, func(r testingfarm.Result) bool { return r.Outcome == testingfarm.Running })
	if running.Artifacts == "" || running.Label != label || running.Created.IsZero() {
		t.Errorf("running: %+v", running)
	}
	verdicts <- testingfarmtest.Verdict{Overall: "failed", Tests: []testingfarmtest.TestRun{
		{Name: "/lint/spec", Result: "passed", Took: time.Second, Output: "fine\n"},
		{Name: "/lint/rpm", Result: "failed", Notes: []string{"one error"}, Output: "E: zero-length\n"},
	}}
	r := b.done(t, id)
	if got, want := testingfarm.Summary(r), "1 of 2 failed: /lint/rpm (one error)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if raw, err := b.client.Log(t.Context(), r, r.LogURL(), 1000); err != nil || string(raw) != "E: zero-length\n" {
		t.Errorf("excerpt %q: %v", raw, err)
	}
	if test := r.Report.Tests[0]; test.Seconds != 1 || test.Arch != "x86_64" || test.Plan != "/plans/rpmlint" {
		t.Errorf("got %+v", test)
	}
	if raw, err := b.client.Log(t.Context(), r, r.Artifacts+"/pipeline.log", 1000); err != nil || !strings.Contains(string(raw), "of task 42") {
		t.Errorf("pipeline.log %q: %v", raw, err)
	}
}

func TestAWebhookSaysOnlyWhichRequest(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	id := b.ask(t, testingfarm.Rpmlint, label)
	for range 3 { // queued, running, complete
		if h := <-b.hooks; h.RequestID != id || !h.Is("word") {
			t.Errorf("heard %+v", h)
		}
	}
}

func TestAWebhookIsRepeatedUntilTaken(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	refused, heard := 0, make(chan struct{}, 10)
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refused++; refused < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		heard <- struct{}{}
	}))
	defer deaf.Close()
	b.farm.Fault(func(f *testingfarmtest.Faults) { f.LoseHooks = 2 }) // only the last one
	b.hook.URL = deaf.URL
	b.ask(t, testingfarm.Rpmlint, label)
	<-heard
}

func TestWebhooksGetLostDoubledAndHeldBack(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	b.farm.Fault(func(f *testingfarmtest.Faults) { f.LoseHooks, f.DoubleHooks, f.HoldHooks = 1, true, true })
	id := b.ask(t, testingfarm.Rpmlint, label)
	for range 4 { // of queued, running, complete the first is lost, the others are told twice at the end
		h := <-b.hooks
		if r, err := b.client.Look(t.Context(), id); err != nil || !r.Outcome.Final() || h.RequestID != id {
			t.Errorf("%v %v", r.Outcome, err)
		}
	}
}

func TestALostAnswerIsFoundByItsLabel(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	since := time.Now().Add(-time.Minute)
	if found, err := b.client.Find(t.Context(), label, since); err != nil || len(found) != 0 {
		t.Fatalf("found %v %v", found, err)
	}
	b.farm.Fault(func(f *testingfarmtest.Faults) { f.LoseAnswer = 1 })
	_, err := b.client.Request(t.Context(), b.body(t, testingfarm.Rpmlint, label))
	if !errors.Is(err, testingfarm.ErrUnknown) {
		t.Fatalf("got %v", err)
	}
	found, err := b.client.Find(t.Context(), label, since)
	if err != nil || len(found) != 1 || found[0].Label != label {
		t.Fatalf("found %v %v", found, err)
	}
	if diff := cmp.Diff(map[string]int{label: 1}, b.farm.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestFindGivesOurOwnOldestFirst(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	first, second := b.ask(t, testingfarm.Rpmlint, label), b.ask(t, testingfarm.Rpmlint, label)
	b.ask(t, testingfarm.Rpmlint, "pr/fedora/rpms/hello/7/1/rpmlint/2")
	if _, err := b.as("another").Request(t.Context(), b.body(t, testingfarm.Rpmlint, label)); err != nil {
		t.Fatal(err)
	}
	var ids []string
	found, err := b.client.Find(t.Context(), label, time.Now().Add(-time.Hour))
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{first, second}, ids); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if found, err := b.client.Find(t.Context(), label, time.Now().Add(time.Hour)); err != nil || len(found) != 0 {
		t.Errorf("found in the future: %v %v", found, err)
	}
}

func TestAroundGivesOurOwnThatHaveNotEnded(t *testing.T) {
	runner, release := gate()
	b := start(t, testingfarmtest.Config{Runner: runner})
	first, second := b.ask(t, testingfarm.Rpmlint, label), b.ask(t, testingfarm.Rpmlint, "pr/fedora/rpms/hello/7/1/rpmlint/2")
	if _, err := b.as("another").Request(t.Context(), b.body(t, testingfarm.Rpmlint, label)); err != nil {
		t.Fatal(err)
	}
	for then, want := range map[time.Duration][]string{0: {first, second}, -time.Hour: nil, time.Hour: nil} {
		var ids []string
		found, err := b.client.Around(t.Context(), time.Now().Add(then))
		for _, r := range found {
			ids = append(ids, r.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" || err != nil {
			t.Errorf("%s from now: %v %s", then, err, diff)
		}
	}
	for range 3 {
		release <- testingfarmtest.Verdict{Overall: "passed"}
	}
	b.done(t, first)
	b.done(t, second)
	if found, err := b.client.Around(t.Context(), time.Now()); err != nil || len(found) != 0 {
		t.Errorf("after the end: %v %v", found, err)
	}
}

func TestWhatFailsBeforeItIsTakenIsNotTaken(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	b.farm.Fault(func(f *testingfarmtest.Faults) { f.Unavailable, f.Broken = 1, 1 })
	for _, unknown := range []bool{false, true} { // 503, then 500
		_, err := b.client.Request(t.Context(), b.body(t, testingfarm.Rpmlint, label))
		if !wire.Temporary(err) || errors.Is(err, testingfarm.ErrUnknown) != unknown {
			t.Errorf("got %v", err)
		}
	}
	if n := len(b.farm.Counts()); n != 0 {
		t.Errorf("%d were taken", n)
	}
}

func TestARequestRunningIsCancelled(t *testing.T) {
	runner, _ := gate()
	b := start(t, testingfarmtest.Config{Runner: runner, Parallel: 1})
	running, waiting := b.ask(t, testingfarm.Rpmlint, label), ""
	b.until(t, running, func(r testingfarm.Result) bool { return r.Outcome == testingfarm.Running })
	waiting = b.ask(t, testingfarm.Rpmlint, label+"1")
	if r := b.until(t, waiting, func(r testingfarm.Result) bool { return r.State == "queued" }); r.Outcome != testingfarm.Queued {
		t.Errorf("waiting is %s", r.Outcome)
	}
	for _, id := range []string{waiting, running} {
		if err := b.client.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if r := b.done(t, id); r.Outcome != testingfarm.Cancelled || r.Overall != "error" {
			t.Errorf("%s/%s", r.State, r.Overall)
		}
		if err := b.client.Cancel(t.Context(), id); err != nil {
			t.Errorf("again: %v", err)
		}
	}
}

func TestCancellingOfADoneOrForeignRequest(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	id := b.ask(t, testingfarm.Rpmlint, label)
	b.done(t, id)
	if err := b.client.Cancel(t.Context(), id); err != nil {
		t.Errorf("done: %v", err)
	}
	if err := b.as("another").Cancel(t.Context(), id); !errors.Is(err, testingfarm.ErrNotFound) {
		t.Errorf("foreign: %v", err)
	}
	if _, err := b.client.Look(t.Context(), "00000000-0000-4000-8000-000000000000"); !errors.Is(err, testingfarm.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

func TestWhatItRefuses(t *testing.T) {
	b := start(t, testingfarmtest.Config{Tokens: []string{"key"}})
	good := string(b.body(t, testingfarm.Rpmlint, label))
	for name, c := range map[string]struct {
		client *testingfarm.Farm
		body   string
		code   int
		reason string
	}{
		"a wrong key":      {b.as("other"), good, 401, "Not authorized"},
		"no arch":          {b.client, strings.Replace(good, `"arch":"x86_64"`, `"a":1`, 1), 422, "environments.0.arch: field required"},
		"an unknown arch":  {b.client, strings.ReplaceAll(good, `"x86_64"`, `"vax"`), 400, "environments.0.arch: Unsupported architecture vax."},
		"no test":          {b.client, `{"environments":[{"arch":"x86_64"}]}`, 422, "test: exactly one of"},
		"no environment":   {b.client, `{"test":{"fmf":{"url":"u","ref":"r"}}}`, 422, "environments: field required"},
		"a number as arch": {b.client, strings.Replace(good, `"arch":"x86_64"`, `"arch":7`, 1), 422, "not a valid string"},
		"no JSON":          {b.client, `{`, 422, "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.client.Request(t.Context(), json.RawMessage(c.body))
			var refused *testingfarm.Refused
			if !errors.As(err, &refused) || refused.Code != c.code || !strings.Contains(refused.Reason, c.reason) {
				t.Errorf("got %v", err)
			}
		})
	}
	if n := len(b.farm.Counts()); n != 0 {
		t.Errorf("%d were taken", n)
	}
}

func TestWhatBreaksIsTheInfrastructures(t *testing.T) {
	b := start(t, testingfarmtest.Config{Runner: testingfarmtest.RunnerFunc(func(context.Context, testingfarmtest.Job) (testingfarmtest.Verdict, error) {
		return testingfarmtest.Verdict{}, errors.New("the disk is full")
	})})
	if r := b.done(t, b.ask(t, testingfarm.Rpmlint, label)); testingfarm.Summary(r) != "infrastructure: the disk is full" {
		t.Errorf("%s", testingfarm.Summary(r))
	}
	b.farm.Fault(func(f *testingfarmtest.Faults) { f.NoMachine = 1 })
	if r := b.done(t, b.ask(t, testingfarm.Rpmlint, label)); testingfarm.Summary(r) != "infrastructure: provisioning failed: no machine could be had" {
		t.Errorf("%s", testingfarm.Summary(r))
	}
}

func TestARunHasAnEnd(t *testing.T) {
	runner, _ := gate()
	b := start(t, testingfarmtest.Config{Runner: runner, Timeout: 20 * time.Millisecond})
	if r := b.done(t, b.ask(t, testingfarm.Rpmlint, label)); testingfarm.Summary(r) != "infrastructure: no result after 20ms" {
		t.Errorf("%s", testingfarm.Summary(r))
	}
}

func TestWhatWasNotDoneAtAStopIsDoneAfterIt(t *testing.T) {
	dir := t.TempDir()
	runner, _ := gate()
	before := start(t, testingfarmtest.Config{Runner: runner, Dir: dir, Parallel: 1})
	id := before.ask(t, testingfarm.Rpmlint, label)
	before.until(t, id, func(r testingfarm.Result) bool { return r.Outcome == testingfarm.Running })
	second := before.ask(t, testingfarm.Rpmlint, label)
	before.farm.Close()
	after := start(t, testingfarmtest.Config{Dir: dir})
	after.hooks = before.hooks // the address was stored with the request
	for _, id := range []string{id, second} {
		if r := after.done(t, id); r.Outcome != testingfarm.Passed || r.Label != label {
			t.Errorf("%+v", r)
		}
	}
	if diff := cmp.Diff(map[string]int{label: 2}, after.farm.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestNoMoreRunAtOnceThanAllowed(t *testing.T) {
	var running, most atomic.Int32
	arrived, leave := make(chan struct{}, 100), make(chan struct{})
	b := start(t, testingfarmtest.Config{Parallel: 3, Runner: testingfarmtest.RunnerFunc(func(context.Context, testingfarmtest.Job) (testingfarmtest.Verdict, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		arrived <- struct{}{}
		<-leave
		return testingfarmtest.Verdict{Overall: "passed"}, nil
	})})
	var ids []string
	for range 20 {
		ids = append(ids, b.ask(t, testingfarm.Rpmlint, label))
	}
	for range 3 {
		<-arrived
	}
	close(leave)
	for _, id := range ids {
		b.done(t, id)
	}
	if most.Load() != 3 {
		t.Errorf("%d ran at once", most.Load())
	}
}

func TestComposesAreOffered(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	composes, err := b.client.Composes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, distro := range []string{"fedora-rawhide", "fedora-43", "fedora-eln", "centos-stream-10"} {
		if _, ok := testingfarm.ResolveCompose(composes, distro); !ok {
			t.Errorf("%s is not offered", distro)
		}
	}
}

// A request of ours has at least the fields of a recorded one, so a reader of
// theirs can read it.
func TestARequestHasTheFieldsOfARealOne(t *testing.T) {
	b := start(t, testingfarmtest.Config{})
	id := b.ask(t, testingfarm.Custom, label)
	b.done(t, id)
	resp, err := http.Get(b.url + "/v0.1/requests/" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var shown map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&shown); err != nil {
		t.Fatal(err)
	}
	for path, keys := range map[string]string{
		"":                                     "id user_id token_id test state environments_requested notes result run settings user queued_time run_time created updated",
		"test":                                 "fmf script sti",
		"test fmf":                             "url ref merge_sha path name settings plan_filter test_name test_filter",
		"result":                               "summary overall xunit xunit_url",
		"run":                                  "console stages artifacts",
		"environments_requested 0":             "arch os pool variables secrets artifacts settings tmt hardware kickstart",
		"environments_requested 0 artifacts 0": "id type packages install order",
	} {
		var at any = shown
		for step := range strings.FieldsSeq(path) {
			if list, ok := at.([]any); ok {
				at = list[0]
			} else {
				at = at.(map[string]any)[step]
			}
		}
		for key := range strings.FieldsSeq(keys) {
			if _, ok := at.(map[string]any)[key]; !ok {
				t.Errorf("%q lacks %s", path, key)
			}
		}
	}
}
