package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/distaff-project/distaff/tests/around"
)

// TestAnEventOnItsWayThroughAProcess has all of it real: the configuration, the
// bucket by S3's protocol, the broker's HTTP.
func TestAnEventOnItsWayThroughAProcess(t *testing.T) {
	var mu sync.Mutex
	var sent []string
	answer := http.StatusAccepted
	broker := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, strings.Join([]string{r.Header.Get("ce-type"), r.Header.Get("ce-cause"), r.Header.Get("ce-traceparent")}, " "))
		w.WriteHeader(answer)
	})
	a := around.New(t, broker, "")
	bucket := a.Bucket
	vars, port := a.Env(), around.Port(t)
	vars["FUNCTION"], vars["PORT"] = "on-pr-opened", port
	env := func(name string) (string, bool) { value, ok := vars[name]; return value, ok }
	var log bytes.Buffer
	ready := readyWriter{Writer: &log, ready: make(chan struct{})}
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, env, slog.New(slog.NewJSONHandler(&ready, nil))) }()
	select {
	case <-ready.ready:
	case code := <-ended:
		t.Fatalf("it ended with %d\n%s", code, log.String())
	}
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	header := append(binary("distaff.pull-request.opened"), "ce-traceparent", trace)
	body := `{"forge":"fedora","repo":"rpms/bash","number":7,"branch":"rawhide","commit":"0123456789abcdef0123456789abcdef01234567","updated":"2026-11-21T08:00:00Z"}`
	address := "http://127.0.0.1:" + port

	mu.Lock()
	answer = http.StatusInternalServerError
	mu.Unlock()
	if got := post(t, address, body, header...); got.Code != http.StatusInternalServerError || !strings.Contains(got.Body, "answered 500") {
		t.Errorf("while the broker is down: %+v", got)
	}
	mu.Lock()
	answer, sent = http.StatusAccepted, nil
	mu.Unlock()
	if got := post(t, address, body, header...); got.Code != http.StatusOK || got.Body != "" {
		t.Errorf("the event come again: %+v", got)
	}
	mu.Lock()
	said := strings.Join(sent, "\n")
	mu.Unlock()
	for _, want := range []string{"distaff.change.look-wanted 1 " + trace, "distaff.release.look-wanted 1 " + trace, "distaff.status.wanted 1 " + trace} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in what was said:\n%s", want, said)
		}
	}
	if _, err := bucket.Get(t.Context(), "pr/fedora/rpms/bash/7.json"); err != nil {
		t.Error(err)
	}
	terminate()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	if used, err := bucket.List(t.Context(), "usage/", "", 0); err != nil || len(used) != 1 {
		t.Errorf("what it used: %v, %v", used, err)
	}
	if strings.Contains(log.String(), around.Secret) {
		t.Error("a secret is in the log")
	}
	if lines := strings.Count(log.String(), `"msg":"event"`); lines != 2 {
		t.Errorf("%d lines for 2 events\n%s", lines, log.String())
	}
}

// readyWriter tells when the first line is written: the process is ready.
type readyWriter struct {
	io.Writer
	once  sync.Once
	ready chan struct{}
}

func (w *readyWriter) Write(p []byte) (int, error) {
	defer w.once.Do(func() { close(w.ready) })
	return w.Writer.Write(p)
}
