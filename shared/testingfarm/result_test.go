package testingfarm_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/tests/corpus"
)

// Fedora's CI of today shows these wrongly; this is what we show, and why.
var better = map[string]struct {
	outcome testingfarm.Outcome
	why     string
}{
	"new/":             {testingfarm.Queued, "it waits, nothing broke"},
	"complete/unknown": {testingfarm.Error, "an end without a verdict judged nothing"},
	"complete/":        {testingfarm.Error, "an end without a verdict judged nothing"},
	"error/unknown":    {testingfarm.Error, "the state says that the infrastructure broke"},
	"canceled/":        {testingfarm.Cancelled, "somebody wanted it so"},
	"cancel-requested/": {
		testingfarm.Running, "it is still being stopped",
	},
	"/":      {testingfarm.Requested, "nothing is said yet"},
	"weird/": {testingfarm.Requested, "a new state is no error"},
}

func TestStatesReadAsTodayExceptWhereThatMisleads(t *testing.T) {
	var recorded struct {
		Vectors []struct {
			State, Overall *string
			Result         string
		}
	}
	if err := json.Unmarshal(corpus.Read(t, "packit/vectors/tf_state.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	word := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	used := map[string]bool{}
	for _, v := range recorded.Vectors {
		key := word(v.State) + "/" + word(v.Overall)
		want := testingfarm.Outcome(v.Result)
		if b, ok := better[key]; ok {
			used[key] = true
			want = b.outcome
			if v.Result == string(want) {
				t.Errorf("%s is no difference any more: take it out", key)
			}
		}
		if got := testingfarm.Of(word(v.State), word(v.Overall)); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if len(used) != len(better) {
		t.Errorf("%d of %d differences were met", len(used), len(better))
	}
}

func TestEveryPairOfWordsHasOneOutcome(t *testing.T) {
	for _, c := range []struct {
		state, overall string
		want           testingfarm.Outcome
	}{
		{"new", "", testingfarm.Queued},
		{"queued", "", testingfarm.Queued},
		{"running", "", testingfarm.Running},
		{"cancel-requested", "error", testingfarm.Running},
		{"canceled", "error", testingfarm.Cancelled},
		{"error", "", testingfarm.Error},
		{"error", "unknown", testingfarm.Error},
		{"error", "passed", testingfarm.Error},
		{"complete", "passed", testingfarm.Passed},
		{"complete", "info", testingfarm.Passed},
		{"complete", "failed", testingfarm.Failed},
		{"complete", "skipped", testingfarm.Skipped},
		{"complete", "needs_inspection", testingfarm.NeedsInspection},
		{"complete", "canceled", testingfarm.Cancelled},
		{"complete", "error", testingfarm.Error},
		{"complete", "unknown", testingfarm.Error},
		{"complete", "", testingfarm.Error},
		{"", "", testingfarm.Requested},
		{"hibernating", "passed", testingfarm.Requested},
	} {
		got := testingfarm.Of(c.state, c.overall)
		if got != c.want {
			t.Errorf("%s/%s is %s, want %s", c.state, c.overall, got, c.want)
		}
		if final := c.state == "complete" || c.state == "error" || c.state == "canceled"; got.Final() != final {
			t.Errorf("%s/%s final: %v", c.state, c.overall, got.Final())
		}
	}
}

const request = `{
 "id": "7d6a6cbf-3cd5-49fb-aca1-f76ffa0734aa", "state": "complete",
 "environments_requested": [{"arch": "x86_64", "os": {"compose": "Fedora-43"},
   "variables": {"KOJI_TASK_ID": "1", "DISTAFF_LABEL": "pr/fedora/rpms/packit/7/2/rpmlint/1"}}],
 "result": {"summary": " two\nlines ", "overall": "failed", "xunit": null, "xunit_url": null},
 "run": {"console": null, "artifacts": "https://artifacts.example.org/7d6a6cbf-3cd5-49fb-aca1-f76ffa0734aa/"},
 "queued_time": 15.5, "run_time": 188.25,
 "created": "2026-10-04T11:26:25.239829", "updated": "2026-10-04 11:30:00.5"}`

func TestATimeWithoutAZoneIsInUTC(t *testing.T) {
	got, err := testingfarm.Read([]byte(request))
	if err != nil {
		t.Fatal(err)
	}
	want := testingfarm.Result{
		ID: "7d6a6cbf-3cd5-49fb-aca1-f76ffa0734aa", Label: label,
		Outcome: testingfarm.Failed, State: "complete", Overall: "failed", Note: "two lines",
		Compose: "Fedora-43", Arch: "x86_64",
		Created: time.Date(2026, 10, 4, 11, 26, 25, 239829000, time.UTC),
		Updated: time.Date(2026, 10, 4, 11, 30, 0, 500000000, time.UTC),
		Queued:  15500 * time.Millisecond, Ran: 188250 * time.Millisecond,
		Artifacts: "https://artifacts.example.org/7d6a6cbf-3cd5-49fb-aca1-f76ffa0734aa",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(testingfarm.Result{})); diff != "" {
		t.Error(diff)
	}
}

func TestOddRequestsOfOthersAreReadAllTheSame(t *testing.T) {
	for name, raw := range map[string]string{
		"empty":               `{}`,
		"nulls":               `{"id":null,"state":null,"environments_requested":null,"result":null,"run":null,"queued_time":null}`,
		"numbers as values":   `{"environments_requested":[{"variables":{"DISTAFF_LABEL":7,"A":[1]}}]}`,
		"a label that climbs": `{"environments_requested":[{"variables":{"DISTAFF_LABEL":"../../etc"}}]}`,
		"a script as address": `{"run":{"artifacts":"javascript:alert(1)"}}`,
		"a time of nowhere":   `{"created":"yesterday","queued_time":-1,"run_time":1e300}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := testingfarm.Read([]byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			if got.Label != "" || got.Artifacts != "" || !got.Created.IsZero() || got.Queued != 0 || got.Ran < 0 || got.Outcome != testingfarm.Requested {
				t.Errorf("read too much into it: %+v", got)
			}
		})
	}
}

func TestRecordedRequestsAreRead(t *testing.T) {
	for name, want := range map[string]string{
		"cancel-requested":          "running | Fedora-37 | running",
		"canceled":                  "cancelled | Fedora-37 | cancelled",
		"complete":                  "passed | Fedora-37 | passed",
		"error":                     "error | Fedora-37 | infrastructure: no reason given",
		"error-with-complete-state": "error | Fedora-37 | infrastructure: A nice human-readable error reason.",
		"request-error-reason":      "error | Fedora-Rawhide | infrastructure: Test environment installation failed: Install packages",
		"running":                   "running | Fedora-37 | running",
		"cli_51335c9e-355e-46ff-a915-76194898c29d_get": "passed |  | passed",
		"cli_2db3190a-f608-4f69-adf8-2129c1d0d03b_get": "requested | Fedora-39 | requested",
		"cli_2db3190a-f608-4f69-adf8-2129c1d0d03b_403": "requested |  | requested",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := testingfarm.Read(corpus.Read(t, "systems/testing-farm/requests/"+name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join([]string{string(r.Outcome), r.Compose, testingfarm.Summary(r)}, " | ")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(path.Base(name), "7d6a6cbf") && r.Queued != 15555667*time.Microsecond {
				t.Errorf("waited %s", r.Queued)
			}
		})
	}
}
