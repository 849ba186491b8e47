package equivalence

import (
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
)

type (
	texts = map[string]string
	expr  = eventingv1.SubscriptionsAPIFilter
)

func exact(name, text string) expr { return expr{Exact: texts{name: text}} }
func sql(text string) expr         { return expr{CESQL: text} }

// built has one attribute of each kind.
func built() event.Event {
	e := event.New()
	e.SetID("7")
	e.SetSource("/koji")
	e.SetType("distaff.build.done")
	e.SetTime(time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC))
	e.SetDataSchema("https://distaff.example/build")
	_ = e.SetData("application/json; charset=utf-8", []byte("{}"))
	e.SetExtension("repo", "rpms/bash")
	e.SetExtension("attempt", 3)
	e.SetExtension("draft", true)
	e.SetExtension("empty", "")
	return e
}

func TestNamedFiltersDecideTheSame(t *testing.T) {
	tests := []struct {
		name string
		trigger
		want bool
	}{
		{"no filter at all", trigger{}, true},
		{"no attributes", trigger{Attributes: texts{}}, true},
		{"an empty list of filters leaves the attributes", trigger{Attributes: texts{"type": "x"}, Filters: []expr{}}, false},
		{"filters override the filter", trigger{Attributes: texts{"type": "x"}, Filters: []expr{exact("type", "distaff.build.done")}}, true},
		{"attributes must all be so", trigger{Attributes: texts{"type": "distaff.build.done", "repo": "x"}}, false},
		{"the empty text is any value", trigger{Attributes: texts{"repo": ""}}, true},
		{"the empty text is not no value", trigger{Attributes: texts{"branch": ""}}, false},
		{"the empty text is not an empty value", trigger{Attributes: texts{"empty": ""}}, false},
		{"the empty text of an optional attribute", trigger{Attributes: texts{"subject": ""}}, false},
		{"a number is no text to attributes", trigger{Attributes: texts{"attempt": "3"}}, false},
		{"a number is any value", trigger{Attributes: texts{"attempt": ""}}, true},
		{"a number as printed", trigger{Filters: []expr{exact("attempt", "3")}}, true},
		{"a boolean as printed", trigger{Filters: []expr{exact("draft", "true")}}, true},
		{"time as on the wire", trigger{Filters: []expr{exact("time", "2026-11-21T05:00:00Z")}}, true},
		{"the beginning of a time", trigger{Filters: []expr{{Prefix: texts{"time": "2026-11-21"}}}}, true},
		{"a URI", trigger{Filters: []expr{{Suffix: texts{"dataschema": "/build"}}}}, true},
		{"the old name of dataschema", trigger{Attributes: texts{"schemaurl": "https://distaff.example/build"}}, true},
		{"the media type alone", trigger{Attributes: texts{"datamediatype": "application/json"}}, true},
		{"the content type whole", trigger{Attributes: texts{"datacontenttype": "application/json"}}, false},
		{"case of a value", trigger{Filters: []expr{exact("repo", "RPMS/bash")}}, false},
		{"exact of two attributes wants both", trigger{Filters: []expr{{Exact: texts{"repo": "rpms/bash", "type": "x"}}}}, false},
		{"a missing attribute", trigger{Filters: []expr{exact("branch", "x")}}, false},
		{"not of a missing attribute", trigger{Filters: []expr{{Not: &expr{Exact: texts{"branch": "x"}}}}}, true},
		{"any", trigger{Filters: []expr{{Any: []expr{exact("repo", "x"), exact("draft", "true")}}}}, true},
		{"any of one", trigger{Filters: []expr{{Any: []expr{exact("repo", "x")}}}}, false},
		{"all", trigger{Filters: []expr{{All: []expr{exact("repo", "x"), exact("draft", "true")}}}}, false},
		{"several filters are all of them", trigger{Filters: []expr{exact("draft", "true"), exact("repo", "x")}}, false},
		{"CESQL", trigger{Filters: []expr{sql("EXISTS repo AND repo LIKE 'rpms/%'")}}, true},
		{"CESQL on a missing attribute is an error, and an error is no", trigger{Filters: []expr{sql("branch != 'x'")}}, false},
		{"not of such an error is yes", trigger{Filters: []expr{{Not: &expr{CESQL: "branch = 'x'"}}}}, true},
		{"CESQL on a missing attribute, guarded", trigger{Filters: []expr{sql("NOT EXISTS branch")}}, true},
		{"CESQL short cut hides an error", trigger{Filters: []expr{sql("TRUE OR branch = 'x'")}}, true},
		{"CESQL of a number", trigger{Filters: []expr{sql("attempt + 1 = 4")}}, true},
		{"CESQL of a boolean", trigger{Filters: []expr{sql("draft")}}, true},
		{"CESQL of a text is a panic", trigger{Filters: []expr{sql("repo")}}, false},
		{"not of a panic is a panic", trigger{Filters: []expr{{Not: &expr{CESQL: "repo"}}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := filtered(tt.trigger)
			if got, err := compare(t, f, built()); err != nil || got != same && got != sparedPanic {
				t.Errorf("compare = %v, %v", got, err)
			}
			mine, err := ours(f.yaml(t))
			if err != nil {
				t.Fatal(err)
			}
			if got := mine.Filter.Match(built()); got != tt.want {
				t.Errorf("wanted: %t; want %t", got, tt.want)
			}
		})
	}
}

type trigger filtered

// Each refusal at load has its reason in what a cluster does instead.
func TestWhatOnlyTheLocalBrokerRefusesSurprisesOnACluster(t *testing.T) {
	tests := []struct {
		name    string
		trigger filtered
		// What the cluster does with an event that the trigger does not mean.
		delivers, panics bool
	}{
		{"an empty list", filtered{Filters: []expr{{All: []expr{}}}}, true, false},
		{"an empty filter", filtered{Filters: []expr{{}}}, true, false},
		{"no attribute", filtered{Filters: []expr{{Exact: texts{}}}}, true, false},
		{"an empty text", filtered{Filters: []expr{exact("repo", "")}}, true, false},
		{"a number", filtered{Filters: []expr{sql("1 + 1")}}, false, true},
		{"a function that is not there", filtered{Filters: []expr{sql("NOSUCH(repo)")}}, false, false},
	}
	if len(tests) != len(differences) {
		t.Errorf("%d cases for %d differences", len(tests), len(differences))
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.trigger.yaml(t)
			_, refused := ours(text)
			if refused == nil || !explained(tt.trigger, refused) {
				t.Errorf("the local broker says %v", refused)
			}
			their, err := theirs(t.Context(), text)
			if err != nil {
				t.Fatal("Knative refuses it too:", err)
			}
			wants, panicked := knativeWants(t.Context(), their, built())
			if wants != tt.delivers || (panicked != "") != tt.panics {
				t.Errorf("%s: Knative delivers %t, panic %q", differences[i].because, wants, panicked)
			}
		})
	}
}

func TestBothRefuseTheSameNames(t *testing.T) {
	for _, name := range []string{"", "Type", "my-ext", "1st", "data_x", "ünï", "repo2"} {
		for form, f := range map[string]filtered{
			"attributes": {Attributes: texts{name: "x"}},
			"exact":      {Filters: []expr{exact(name, "x")}},
			"suffix":     {Filters: []expr{{Not: &expr{Suffix: texts{name: "x"}}}}},
		} {
			want := sameRefusal
			if name == "repo2" {
				want = same
			}
			if got, err := compare(t, f, built()); got != want || err != nil {
				t.Errorf("%s %q: %v, %v", form, name, got, err)
			}
		}
	}
}
