package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

func TestABadConfigurationEndsTheProcess(t *testing.T) {
	var out bytes.Buffer
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"FUNCTION": "nobody", "PORT": "http", "DISTAFF_CONFIG": "/nowhere"}[name]
		return value, ok
	}
	if code := run(t.Context(), env, slog.New(slog.NewJSONHandler(&out, nil))); code != distaff.BadConfig {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"FUNCTION: no function", "K_SINK: is missing", "PORT: ", "/nowhere"} {
		if n := strings.Count(out.String(), want); n != 1 {
			t.Errorf("%q is said %d times in\n%s", want, n, out.String())
		}
	}
	if lines := strings.Count(out.String(), "\n"); lines != 4 {
		t.Errorf("%d lines for 4 problems:\n%s", lines, out.String())
	}
}

func TestWhatIsBegunEndsAfterSIGTERM(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	slow := fn.Function{Name: "slow", Hears: []fn.Route{{Type: "k", Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
		close(begun)
		<-goOn
		return nil, ctx.Err()
	}}}}
	runner := fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, terminate := context.WithCancel(t.Context())
	s := newServer(&distaff.Process{Functions: []fn.Function{slow}, Runner: runner})
	ended, answered := make(chan int), make(chan answer)
	go func() { ended <- serve(ctx, listener, s) }()
	go func() { answered <- post(t, "http://"+listener.Addr().String(), "{}", binary("k")...) }()
	<-begun
	terminate()
	for !s.ending.Load() { // until it has heard
		if resp, err := http.Get("http://" + listener.Addr().String() + "/health/readiness"); err == nil {
			resp.Body.Close()
		}
	}
	close(goOn)
	if got := <-answered; got.Code != http.StatusOK {
		t.Errorf("the event in hand: %+v", got)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
