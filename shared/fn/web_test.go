package fn_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

const changed = event.TestingFarmChanged

// api answers what it is told to, and says one draft.
func api(err error, says ...event.Named) fn.Function {
	return fn.Function{Name: "an-api", Says: says, Web: func(context.Context, *http.Request) (fn.Response, []event.Draft, error) {
		return fn.Response{Code: http.StatusAccepted, Text: "heard"}, []event.Draft{changed.Say(event.FarmRequest{Farm: "public", Label: "l"})}, err
	}}
}

func call(f fn.Function, sink fn.Sink) *httptest.ResponseRecorder {
	runner := fn.Runner{Sink: sink, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	answer := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/x", nil)
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	fn.ServeWeb(runner, f).ServeHTTP(answer, req)
	return answer
}

func TestAnAPISaysBeforeItAnswers(t *testing.T) {
	var said []event.Event
	sink := func(_ context.Context, e event.Event) error { said = append(said, e); return nil }
	f := api(nil, changed)
	for range 2 {
		if got := call(f, sink); got.Code != http.StatusAccepted || got.Body.String() != "heard\n" {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	}
	if len(said) != 2 || said[0].ID() == said[1].ID() || said[0].ID() == "" {
		t.Fatalf("two calls are two events: %v", said)
	}
	if event.Extension(said[0], event.Traceparent) == "" || said[0].Source() != "/an-api" {
		t.Errorf("%v", said[0])
	}
}

func TestAPanicIsACallThatWasNotDealtWith(t *testing.T) {
	f := fn.Function{Name: "an-api", Web: func(context.Context, *http.Request) (fn.Response, []event.Draft, error) { panic("hostile") }}
	var told fn.Report
	runner := fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Watch: []fn.Watch{func(ctx context.Context, _ fn.Begun) (context.Context, func(fn.Report)) {
		return ctx, func(r fn.Report) { told = r }
	}}}
	answer := httptest.NewRecorder()
	fn.ServeWeb(runner, f).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/x", nil))
	if answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "hostile") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if told.Code != http.StatusInternalServerError || told.Err == nil {
		t.Errorf("who watches was told %+v", told)
	}
}

func TestACallThatWasNotDealtWithIsToBeMadeAgain(t *testing.T) {
	good := func(context.Context, event.Event) error { return nil }
	bad := func(context.Context, event.Event) error { return errors.New("the broker is full of secrets") }
	for name, c := range map[string]struct {
		f     fn.Function
		sink  fn.Sink
		code  int
		after string
	}{
		"a broker that does not take the event": {api(nil, changed), bad, http.StatusServiceUnavailable, "5"},
		"a breakdown":                           {api(errors.New("no bucket"), changed), good, http.StatusInternalServerError, ""},
		"a breakdown that passes":               {api(fn.Later(90*time.Second, errors.New("held")), changed), good, http.StatusServiceUnavailable, "90"},
		"an event it does not declare":          {api(nil), good, http.StatusUnprocessableEntity, ""},
		"a function that is no api":             {fn.Function{Name: "on-something"}, good, http.StatusUnprocessableEntity, ""},
	} {
		got := call(c.f, c.sink)
		if got.Code != c.code || got.Header().Get("Retry-After") != c.after {
			t.Errorf("%s: %d after %q", name, got.Code, got.Header().Get("Retry-After"))
		}
		if body := got.Body.String(); body != "not done; call again later\n" && body != "this call cannot be dealt with\n" {
			t.Errorf("%s tells the caller %q", name, body)
		}
	}
}

func TestWhatACallerHasIsNotSentAgain(t *testing.T) {
	for named, want := range map[string]bool{
		``: false, `"a"`: true, `W/"a"`: true, `"b", W/"a"`: true, `*`: true, `"b"`: false, `a`: false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if named != "" {
			r.Header.Set("If-None-Match", named)
		}
		if got := fn.Has(r, `W/"a"`); got != want {
			t.Errorf("%s: %t", named, got)
		}
	}
}
