package gateask

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/greenwave"
	"github.com/distaff-project/distaff/shared/greenwave/greenwavetest"
	"github.com/distaff-project/distaff/shared/wire"
)

// at is in the whole seconds of a CloudEvent.
func at() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

func wanted(nvrs ...string) event.Event {
	q := event.GateQuestion{Rule: "fixes", Label: "rule/fixes/1/gate/1", Context: "push", Product: "fedora-45"}
	for _, nvr := range nvrs {
		q.Subjects = append(q.Subjects, event.GateSubject{Type: "koji_build", Item: nvr})
	}
	draft := event.GateAskWanted.Say(q)
	draft.ID = "1"
	return fn.Sent("rule", draft, at())
}

func gate(t *testing.T) (*greenwavetest.Server, *greenwave.Client) {
	t.Helper()
	server := greenwavetest.New(greenwavetest.Policy{
		Context: "push", Products: []string{"fedora-45"}, Type: "koji_build", TestCases: []string{"rpminspect"},
	})
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return server, greenwave.New(web.URL, &wire.Client{Pause: time.Microsecond})
}

func TestAnAnswerSaysWhetherTheGateIsOpen(t *testing.T) {
	base := event.GateAnswer{Rule: "fixes", Label: "rule/fixes/1/gate/1", At: at()}
	with := func(change func(*event.GateAnswer)) event.GateAnswer {
		answer := base
		change(&answer)
		return answer
	}
	many := make([]string, 250)
	for n := range many {
		many[n] = fmt.Sprintf("p%03d-1-1.fc45", n)
	}
	cases := []struct {
		name    string
		about   []string
		results map[string]string
		want    event.GateAnswer
	}{
		{"passed", []string{"bash-5-1.fc45"}, map[string]string{"bash-5-1.fc45": "PASSED"}, with(func(a *event.GateAnswer) {
			a.Pass, a.Summary = true, "All required tests passed"
		})},
		{"no result yet", []string{"bash-5-1.fc45"}, nil, with(func(a *event.GateAnswer) {
			a.Summary, a.Waiting = "Of 1 required tests, 1 not passed", true
			a.Unmet = []string{"rpminspect of bash-5-1.fc45: test-result-missing"}
		})},
		{"one of them failed", []string{"bash-5-1.fc45", "zsh-5-1.fc45"}, map[string]string{"bash-5-1.fc45": "PASSED", "zsh-5-1.fc45": "FAILED"}, with(func(a *event.GateAnswer) {
			a.Summary = "Of 2 required tests, 1 not passed"
			a.Unmet = []string{"rpminspect of zsh-5-1.fc45: test-result-failed"}
		})},
		{"more than Greenwave takes at once, the last of them failed", many, func() map[string]string {
			all := map[string]string{}
			for _, nvr := range many {
				all[nvr] = "PASSED"
			}
			all["p249-1-1.fc45"] = "FAILED"
			return all
		}(), with(func(a *event.GateAnswer) {
			a.Summary = "Of 50 required tests, 1 not passed"
			a.Unmet = []string{"rpminspect of p249-1-1.fc45: test-result-failed"}
		})},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			server, client := gate(t)
			for nvr, outcome := range c.results {
				server.Result(nvr, "rpminspect", outcome)
			}
			if diff := cmp.Diff(c.want, answered(t, New(client), wanted(c.about...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhereNothingCanDecideThatIsSaid(t *testing.T) {
	none := answered(t, New(nil), wanted("bash-5-1.fc45"))
	if none.Pass || none.Trouble == "" {
		t.Errorf("without a Greenwave: %+v", none)
	}
	web := httptest.NewServer(greenwavetest.New())
	defer web.Close()
	lawless := answered(t, New(greenwave.New(web.URL, nil)), wanted("bash-5-1.fc45"))
	if lawless.Pass || lawless.Waiting || lawless.Summary != "no policy of Greenwave applies to bash-5-1.fc45 in fedora-45 for push" {
		t.Errorf("without a policy: %+v", lawless)
	}
}

func TestATroubleBehindGreenwaveComesAgain(t *testing.T) {
	server, client := gate(t)
	server.Down(100)
	if code, _ := fn.Verdict(second(New(client).Hear(t.Context(), wanted("bash-5-1.fc45")))); code < 500 {
		t.Errorf("it is answered %d", code)
	}
}

func second(_ []event.Draft, err error) error { return err }

func answered(t *testing.T, f fn.Function, e event.Event) event.GateAnswer {
	t.Helper()
	drafts, err := f.Hear(t.Context(), e)
	if err != nil || len(drafts) != 1 {
		t.Fatalf("%d drafts, %v", len(drafts), err)
	}
	var answer event.GateAnswer
	if err := json.Unmarshal(drafts[0].Data, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
