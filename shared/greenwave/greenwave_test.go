package greenwave_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/greenwave"
	"github.com/distaff-project/distaff/shared/greenwave/greenwavetest"
	"github.com/distaff-project/distaff/shared/wire"
)

func bash(types ...string) greenwave.Question {
	q := greenwave.Question{Product: "fedora-45", Context: "bodhi_update_push_stable"}
	for _, t := range types {
		q.Subjects = append(q.Subjects, greenwave.Subject{Item: "bash-5.2-1.fc45", Type: t})
	}
	return q
}

func start(t *testing.T) (*greenwavetest.Server, *greenwave.Client) {
	t.Helper()
	server := greenwavetest.New(greenwavetest.Policy{
		Context: "bodhi_update_push_stable", Products: []string{"fedora-45"}, Type: "koji_build",
		TestCases: []string{"rpminspect", "installability"},
	})
	at := httptest.NewServer(server)
	t.Cleanup(at.Close)
	return server, greenwave.New(at.URL+"/", &wire.Client{Pause: time.Microsecond})
}

func TestAGateOpensWhenAllRequiredTestsPassed(t *testing.T) {
	server, client := start(t)
	steps := []struct {
		name    string
		does    func()
		pass    bool
		waiting bool
		unmet   []string
	}{
		{"nothing is known yet", func() {}, false, true, []string{
			"rpminspect of bash-5.2-1.fc45: test-result-missing", "installability of bash-5.2-1.fc45: test-result-missing",
		}},
		{"one failed", func() { server.Result("bash-5.2-1.fc45", "rpminspect", "FAILED") }, false, false, []string{
			"rpminspect of bash-5.2-1.fc45: test-result-failed", "installability of bash-5.2-1.fc45: test-result-missing",
		}},
		{"both passed", func() {
			server.Result("bash-5.2-1.fc45", "rpminspect", "PASSED")
			server.Result("bash-5.2-1.fc45", "installability", "PASSED")
		}, true, false, nil},
	}
	for _, step := range steps {
		step.does()
		d, err := client.Decide(t.Context(), bash("koji_build"))
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		var unmet []string
		for _, r := range d.Unmet {
			unmet = append(unmet, r.String())
		}
		if d.Satisfied != step.pass || d.Waiting() != step.waiting {
			t.Errorf("%s: satisfied %v, waiting %v", step.name, d.Satisfied, d.Waiting())
		}
		if diff := cmp.Diff(step.unmet, unmet); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
}

func TestWithoutAPolicyThereIsNoDecision(t *testing.T) {
	_, client := start(t)
	if _, err := client.Decide(t.Context(), bash("bodhi_update")); !errors.Is(err, greenwave.ErrNoPolicy) {
		t.Errorf("the error is %v", err)
	}
}

func TestATroubleBehindGreenwaveIsTemporary(t *testing.T) {
	server, client := start(t)
	server.Down(100)
	_, err := client.Decide(t.Context(), bash("koji_build"))
	if !wire.Temporary(err) || wire.Code(err) != http.StatusBadGateway {
		t.Errorf("the error is %v", err)
	}
}

func TestNoQuestionIsSentThatGreenwaveWouldRefuse(t *testing.T) {
	server, client := start(t)
	many := bash()
	for range greenwave.SubjectsMost + 1 {
		many.Subjects = append(many.Subjects, greenwave.Subject{Item: "bash-5.2-1.fc45", Type: "koji_build"})
	}
	for _, q := range []greenwave.Question{bash(), many} {
		if _, err := client.Decide(t.Context(), q); err == nil {
			t.Errorf("%d subjects were asked about", len(q.Subjects))
		}
	}
	if server.Asked() != 0 {
		t.Errorf("%d questions were sent", server.Asked())
	}
}
