package fn_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

var at = time.Unix(1772442000, 0).UTC()

func request(label string) event.Event {
	d := changed.Say(event.FarmRequest{Farm: "public", Request: "r", Label: label})
	d.ID = "event-" + label
	return fn.Sent("somebody", d, at)
}

func tick(name string) event.Event {
	d := event.Tick.Say(event.Nothing{}).With("tick", name)
	d.ID = "tick"
	return fn.Sent("timer", d, at)
}

// seen says one look for each request it hears.
func seen(says ...event.Draft) func(context.Context, fn.In[event.FarmRequest]) ([]event.Draft, error) {
	return func(context.Context, fn.In[event.FarmRequest]) ([]event.Draft, error) { return says, nil }
}

func look(text string) event.Draft {
	return event.TestsSeen.Say(event.Tests{Farm: "public", Tests: []event.Test{{Text: text}}})
}

func TestAnEventGoesToTheRouteItMatches(t *testing.T) {
	heard := ""
	note := func(what string) func(context.Context, event.Event) ([]event.Draft, error) {
		return func(context.Context, event.Event) ([]event.Draft, error) { heard = what; return nil, nil }
	}
	f := fn.Function{Name: "f", Hears: []fn.Route{
		fn.OnTick("minute", note("minute")), fn.OnTick("hour", note("hour")),
		fn.Route{Type: changed.Name(), Handle: note("public")}.Where("farm", "public"),
		{Type: changed.Name(), Handle: note("any farm")},
	}}
	other := request("l")
	other.SetExtension("farm", "redhat")
	for want, e := range map[string]event.Event{"minute": tick("minute"), "hour": tick("hour"), "public": request("l"), "any farm": other} {
		if _, err := f.Hear(t.Context(), e); err != nil || heard != want {
			t.Errorf("%s was heard as %q, %v", want, heard, err)
		}
	}
	_, err := f.Hear(t.Context(), tick("year"))
	if code, _ := fn.Verdict(err); code != http.StatusUnprocessableEntity {
		t.Errorf("what nobody hears: %v", err)
	}
}

func TestWhereLeavesTheRouteAsItWas(t *testing.T) {
	route := fn.OnTick("minute", nil)
	narrow := route.Where("farm", "public")
	if diff := cmp.Diff([]map[string]string{{"tick": "minute"}, {"tick": "minute", "farm": "public"}}, []map[string]string{route.Match, narrow.Match}); diff != "" {
		t.Error(diff)
	}
}

func TestVerdicts(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name  string
		err   error
		code  int
		after time.Duration
	}{
		{"done", nil, http.StatusOK, 0},
		{"a breakdown is repeated", broken, http.StatusInternalServerError, 0},
		{"what repeating cannot cure is not", fn.Permanent(broken), http.StatusUnprocessableEntity, 0},
		{"however it is wrapped", fmt.Errorf("f: %w", fn.Permanent(broken)), http.StatusUnprocessableEntity, 0},
		{"what passes is repeated later", fmt.Errorf("f: %w", fn.Later(40*time.Second, broken)), http.StatusServiceUnavailable, 40 * time.Second},
		{"permanent is the stronger word", fn.Permanent(fn.Later(time.Second, broken)), http.StatusUnprocessableEntity, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if code, after := fn.Verdict(tt.err); code != tt.code || after != tt.after {
				t.Errorf("Verdict = %d, %s", code, after)
			}
			if tt.err != nil && !errors.Is(tt.err, broken) {
				t.Error("the reason is lost")
			}
		})
	}
}

func TestDataNobodyCanReadIsPermanent(t *testing.T) {
	f := fn.Function{Name: "f", Hears: []fn.Route{fn.On(changed, seen())}}
	e := request("l")
	if err := e.SetData("application/json", []byte(`{"farm":7}`)); err != nil {
		t.Fatal(err)
	}
	_, err := f.Hear(t.Context(), e)
	if code, _ := fn.Verdict(err); code != http.StatusUnprocessableEntity {
		t.Errorf("Hear = %v", err)
	}
}

func TestAFunctionSaysOnlyWhatItDeclares(t *testing.T) {
	f := fn.Function{Name: "f", Hears: []fn.Route{fn.On(changed, seen(look("a")))}}
	_, err := f.Hear(t.Context(), request("l"))
	if code, _ := fn.Verdict(err); code != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), "does not declare") {
		t.Errorf("Hear = %v", err)
	}
}

func TestAnAnswerIsNamedByWhatItAnswersAndSays(t *testing.T) {
	ids := func(e event.Event, drafts ...event.Draft) []string {
		f := fn.Function{Name: "f", Says: []event.Named{event.TestsSeen}, Hears: []fn.Route{fn.On(changed, seen(drafts...))}}
		out, err := f.Hear(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, d := range out {
			if d.Attributes[event.Cause] != e.ID() {
				t.Errorf("the cause is %q", d.Attributes[event.Cause])
			}
			ids = append(ids, d.ID)
		}
		return ids
	}
	first := ids(request("l"), look("a"), look("a"))
	if diff := cmp.Diff(first, ids(request("l"), look("a"), look("a"))); diff != "" {
		t.Errorf("the same answer has another id:\n%s", diff)
	}
	if first[0] == first[1] {
		t.Errorf("two answers have the id %s", first[0])
	}
	if other := ids(request("l"), look("b")); other[0] == first[0] {
		t.Errorf("another answer to the same event has the same id %s", other[0])
	}
	if other := ids(request("m"), look("a")); other[0] == first[0] {
		t.Errorf("the answer to another event has the same id %s", other[0])
	}
	named := look("a")
	named.ID = "fedora/rpms/bash/12@7.0"
	if own := ids(request("l"), named); own[0] != named.ID {
		t.Errorf("the draft's own id became %s", own[0])
	}
}

func TestATraceIsHandedOn(t *testing.T) {
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	f := fn.Function{Name: "f", Says: []event.Named{event.TestsSeen}, Hears: []fn.Route{fn.On(changed, seen(look("a")))}}
	e := request("l")
	e.SetExtension(event.Traceparent, trace)
	out, err := f.Hear(t.Context(), e)
	if err != nil || out[0].Attributes[event.Traceparent] != trace {
		t.Errorf("%v, %v", out, err)
	}
}

func TestAFunctionHasADeadline(t *testing.T) {
	var left time.Duration
	f := fn.Function{Name: "f", Hears: []fn.Route{{Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return nil, nil
	}}}}
	if _, err := f.Hear(t.Context(), request("l")); err != nil || left <= fn.Deadline-time.Second || left > fn.Deadline {
		t.Errorf("%s is left, %v", left, err)
	}
}

func TestWhatIsSaidArrivesInOrderOrTheEventComesAgain(t *testing.T) {
	f := fn.Function{Name: "f", Says: []event.Named{event.TestsSeen}, Hears: []fn.Route{fn.On(changed, seen(look("a"), look("b"), look("c")))}}
	var arrived []string
	full := 2
	var log strings.Builder
	r := fn.Runner{Now: func() time.Time { return at }, Log: slog.New(slog.NewTextHandler(&log, nil)), Sink: func(_ context.Context, e event.Event) error {
		if len(arrived) == full {
			return errors.New("the broker is full")
		}
		arrived = append(arrived, e.ID())
		if e.Source() != "/f" || !e.Time().Equal(at) || e.DataContentType() != "application/json" {
			t.Errorf("arrived %v", e)
		}
		return nil
	}}
	err := r.Run(t.Context(), f, request("l"))
	if code, _ := fn.Verdict(err); code != http.StatusInternalServerError || len(arrived) != 2 {
		t.Errorf("%d arrived, %v", len(arrived), err)
	}
	first := arrived
	arrived, full = nil, 9
	if err := r.Run(t.Context(), f, request("l")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, arrived[:2]); diff != "" || len(arrived) != 3 {
		t.Errorf("the second time:\n%s", diff)
	}
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "outcome=failed") || !strings.Contains(text, "outcome=done") {
		t.Errorf("the log says:\n%s", text)
	}
}

func TestAllThatHearAnEventDealWithIt(t *testing.T) {
	heard := make(chan string, 9)
	hears := func(name string, err error) fn.Function {
		return fn.Function{Name: name, Hears: []fn.Route{{Type: changed.Name(), Handle: func(context.Context, event.Event) ([]event.Draft, error) {
			heard <- name
			if name == "panics" {
				panic("no such key")
			}
			return nil, err
		}}}}
	}
	r := fn.Runner{Now: func() time.Time { return at }, Log: slog.New(slog.DiscardHandler), Sink: func(context.Context, event.Event) error { return nil }}
	sink := fn.Function{Name: "sink", Hears: []fn.Route{{Handle: func(context.Context, event.Event) ([]event.Draft, error) { heard <- "sink"; return nil, nil }}}}
	tests := []struct {
		name      string
		functions []fn.Function
		heard     int
		code      int
	}{
		{"both", []fn.Function{hears("a", nil), hears("b", nil)}, 2, http.StatusOK},
		{"not the sink", []fn.Function{hears("a", nil), sink}, 1, http.StatusOK},
		{"the sink alone", []fn.Function{sink}, 1, http.StatusOK},
		{"nobody", []fn.Function{{Name: "deaf"}, {Name: "too"}}, 0, http.StatusUnprocessableEntity},
		{"what may be cured is worth repeating", []fn.Function{hears("a", fn.Permanent(errors.New("x"))), hears("b", errors.New("y"))}, 2, http.StatusInternalServerError},
		{"a panic is a breakdown of its own function", []fn.Function{hears("panics", nil), hears("b", nil)}, 2, http.StatusInternalServerError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := r.RunAll(t.Context(), tt.functions, request("l"))
			if code, _ := fn.Verdict(err); code != tt.code || len(heard) != tt.heard {
				t.Errorf("%d heard it, %v", len(heard), err)
			}
			for range len(heard) {
				<-heard
			}
		})
	}
}
