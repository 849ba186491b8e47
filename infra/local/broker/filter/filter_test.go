package filter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"github.com/distaff-project/distaff/infra/local/broker/filter"
)

func built() event.Event {
	e := event.New()
	e.SetID("7")
	e.SetSource("/forge/fedora")
	e.SetType("distaff.build.done")
	e.SetExtension("outcome", "passed")
	e.SetExtension("attempt", 3)
	e.SetExtension("draft", false)
	e.SetExtension("note", "two words")
	e.SetExtension("knativearrivaltime", types.Timestamp{Time: time.Date(2026, 11, 3, 4, 5, 6, 0, time.UTC)})
	return e
}

type texts = map[string]string

// Knative's filter panics there, and then nobody gets the event.
func TestAnExpressionThatIsNeitherTrueNorFalseStopsAll(t *testing.T) {
	neither := filter.Expr{CESQL: "outcome"}
	for name, expr := range map[string]filter.Expr{
		"alone": neither, "not": {Not: &neither}, "not not": {Not: &filter.Expr{Not: &neither}},
		"any": {Any: []filter.Expr{neither, {Exact: texts{"outcome": "passed"}}}},
		"all": {Not: &filter.Expr{All: []filter.Expr{neither, {Exact: texts{"outcome": "passed"}}}}},
	} {
		f, err := filter.Compile([]filter.Expr{expr})
		if err != nil {
			t.Fatal(err)
		}
		matched, why := f.Explain(built())
		if matched || f.Match(built()) || !strings.Contains(why, "gave passed, not true or false") {
			t.Errorf("%s: %t, %s", name, matched, why)
		}
	}
}

func TestFiltersMatchAsKnativeDoes(t *testing.T) {
	tests := []struct {
		name  string
		exprs []filter.Expr
		want  bool
		why   string
	}{
		{"no filter wants everything", nil, true, "the trigger has no filter"},
		{"exact equals", []filter.Expr{{Exact: texts{"type": "distaff.build.done"}}}, true, "type is distaff.build.done"},
		{
			"exact differs",
			[]filter.Expr{{Exact: texts{"type": "distaff.tests.done"}}},
			false,
			"type is distaff.build.done, the trigger wants distaff.tests.done",
		},
		{"exact is case-sensitive", []filter.Expr{{Exact: texts{"outcome": "Passed"}}}, false, "outcome is passed, the trigger wants Passed"},
		{"exact of several attributes wants all", []filter.Expr{{Exact: texts{"outcome": "passed", "type": "x"}}}, false, "type is distaff.build.done, the trigger wants x"},
		{"exact on a missing extension", []filter.Expr{{Exact: texts{"branch": "rawhide"}}}, false, "attribute branch is missing"},
		{"exact on a missing optional attribute", []filter.Expr{{Exact: texts{"subject": "x"}}}, false, "attribute subject is missing"},
		{"exact compares a number as it is printed", []filter.Expr{{Exact: texts{"attempt": "3"}}}, true, "attempt is 3"},
		{"exact compares a boolean as it is printed", []filter.Expr{{Exact: texts{"draft": "false"}}}, true, "draft is false"},
		{"exact compares a time as it is printed", []filter.Expr{{Exact: texts{"knativearrivaltime": "2026-11-03T04:05:06Z"}}}, true, "knativearrivaltime is 2026-11-03T04:05:06Z"},
		{"a time that was never set is the zero time", []filter.Expr{{Exact: texts{"time": "0001-01-01T00:00:00Z"}}}, true, "time is 0001-01-01T00:00:00Z"},
		{"prefix", []filter.Expr{{Prefix: texts{"type": "distaff."}}}, true, "type is distaff.build.done"},
		{"prefix differs", []filter.Expr{{Prefix: texts{"type": "koji."}}}, false, "type is distaff.build.done, the trigger wants something beginning with koji."},
		{"prefix on a missing attribute", []filter.Expr{{Prefix: texts{"branch": "f"}}}, false, "attribute branch is missing"},
		{"suffix", []filter.Expr{{Suffix: texts{"type": ".done"}}}, true, "type is distaff.build.done"},
		{"suffix differs", []filter.Expr{{Suffix: texts{"type": ".failed"}}}, false, "type is distaff.build.done, the trigger wants something ending with .failed"},
		{"suffix on a missing attribute", []filter.Expr{{Suffix: texts{"branch": "f"}}}, false, "attribute branch is missing"},
		{"a value of two words is quoted", []filter.Expr{{Exact: texts{"note": "x"}}}, false, `note is "two words", the trigger wants x`},
		{
			"all entries must accept",
			[]filter.Expr{{Exact: texts{"outcome": "passed"}}, {Exact: texts{"outcome": "failed"}}},
			false,
			"outcome is passed, the trigger wants failed",
		},
		{
			"all",
			[]filter.Expr{{All: []filter.Expr{{Exact: texts{"outcome": "passed"}}, {Prefix: texts{"type": "distaff."}}}}},
			true,
			"outcome is passed and type is distaff.build.done",
		},
		{
			"any with one that accepts",
			[]filter.Expr{{Any: []filter.Expr{{Exact: texts{"outcome": "failed"}}, {Exact: texts{"outcome": "passed"}}}}},
			true,
			"outcome is passed",
		},
		{
			"any with none that accepts",
			[]filter.Expr{{Any: []filter.Expr{{Exact: texts{"outcome": "failed"}}, {Exact: texts{"branch": "f44"}}}}},
			false,
			"none of these: outcome is passed, the trigger wants failed; attribute branch is missing",
		},
		{"not turns a refusal round", []filter.Expr{{Not: &filter.Expr{Exact: texts{"outcome": "failed"}}}}, true, "outcome is passed, the trigger wants failed"},
		{"not turns a match round", []filter.Expr{{Not: &filter.Expr{Exact: texts{"outcome": "passed"}}}}, false, "outcome is passed, and the trigger wants that not to be so"},
		{"not of a missing attribute accepts", []filter.Expr{{Not: &filter.Expr{Exact: texts{"branch": "f44"}}}}, true, "attribute branch is missing"},
		{"not of a CESQL error accepts", []filter.Expr{{Not: &filter.Expr{CESQL: "branch = 'f44'"}}}, true, `CESQL "branch = 'f44'" failed`},
		{"CESQL true", []filter.Expr{{CESQL: "outcome = 'passed' AND attempt > 2"}}, true, `CESQL "outcome = 'passed' AND attempt > 2" is true`},
		{"CESQL false", []filter.Expr{{CESQL: "attempt > 3"}}, false, `CESQL "attempt > 3" is false`},
		{"CESQL on a missing attribute fails and delivers nothing", []filter.Expr{{CESQL: "branch = 'f44'"}}, false, `CESQL "branch = 'f44'" failed: missing attribute`},
		{"CESQL on a missing attribute fails even when negated", []filter.Expr{{CESQL: "NOT (branch = 'f44')"}}, false, "failed: missing attribute"},
		{"CESQL guarded by EXISTS", []filter.Expr{{CESQL: "EXISTS branch AND branch = 'f44'"}}, false, "is false"},
		{"CESQL of a boolean attribute", []filter.Expr{{CESQL: "draft"}}, false, "CESQL draft is false"},
		{"CESQL that turns out to be text delivers nothing", []filter.Expr{{CESQL: "outcome"}}, false, "CESQL outcome failed: it gave passed, not true or false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := filter.Compile(tt.exprs)
			if err != nil {
				t.Fatal(err)
			}
			matched, why := f.Explain(built())
			if matched != tt.want || !strings.Contains(why, tt.why) {
				t.Errorf("Explain = %t, %q; want %t, %q", matched, why, tt.want, tt.why)
			}
			if f.Match(built()) != matched {
				t.Error("Match and Explain differ")
			}
		})
	}
}

func TestTheOldFilterComparesTextOnly(t *testing.T) {
	tests := []struct {
		name       string
		attributes texts
		want       bool
		why        string
	}{
		{"none wants everything", nil, true, "the trigger has no filter"},
		{"equal", texts{"outcome": "passed"}, true, "outcome is passed"},
		{"different", texts{"outcome": "failed"}, false, "outcome is passed, the trigger wants failed"},
		{"missing", texts{"branch": "f44"}, false, "attribute branch is missing"},
		{"empty text means any value", texts{"outcome": ""}, true, "outcome is passed"},
		{"any value, and there is none", texts{"branch": ""}, false, "attribute branch is missing"},
		{"any value, and the subject is empty", texts{"subject": ""}, false, "attribute subject is missing"},
		{"any value of a number", texts{"attempt": ""}, true, "attempt is 3"},
		{"a number never equals text", texts{"attempt": "3"}, false, "attempt is 3 but no text"},
		{"all must be equal", texts{"outcome": "passed", "type": "x"}, false, "type is distaff.build.done, the trigger wants x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := filter.Attributes(tt.attributes)
			if err != nil {
				t.Fatal(err)
			}
			matched, why := f.Explain(built())
			if matched != tt.want || !strings.Contains(why, tt.why) {
				t.Errorf("Explain = %t, %q; want %t, %q", matched, why, tt.want, tt.why)
			}
			if f.Match(built()) != matched {
				t.Error("Match and Explain differ")
			}
		})
	}
}

func TestFiltersThatCannotBeReadAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		exprs []filter.Expr
		want  string
	}{
		{"nothing set", []filter.Expr{{}}, "[0]: wants exactly one"},
		{"two set", []filter.Expr{{Exact: texts{"type": "x"}, CESQL: "TRUE"}}, "[0]: wants exactly one of exact, prefix, suffix, all, any, not, cesql; has cesql and exact"},
		{"empty exact", []filter.Expr{{Exact: texts{}}}, "[0].exact: names no attribute"},
		{"empty text", []filter.Expr{{Prefix: texts{"type": ""}}}, "[0].prefix.type: the text is empty"},
		{"upper-case attribute", []filter.Expr{{Exact: texts{"koji_tag": "x"}}}, "[0].exact.koji_tag: an attribute's name"},
		{"empty any", []filter.Expr{{Any: []filter.Expr{}}}, "[0].any: the list is empty"},
		{"deep", []filter.Expr{{Exact: texts{"type": "x"}}, {Not: &filter.Expr{Any: []filter.Expr{{CESQL: "a = "}}}}}, "[1].not.any[0].cesql: "},
		{"CESQL that does not parse", []filter.Expr{{CESQL: "type = = 'x'"}}, "[0].cesql: "},
		{"CESQL of an unknown function", []filter.Expr{{CESQL: "NOPE(type)"}}, "[0].cesql: "},
		{"CESQL that gives a number", []filter.Expr{{CESQL: "1 + 1"}}, "gives 2, not true or false"},
		{"CESQL that gives text", []filter.Expr{{CESQL: "type"}}, "not true or false"},
		{"CESQL without end", []filter.Expr{{CESQL: strings.Repeat("(", 5000)}}, "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := filter.Compile(tt.exprs)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Compile = %v; want %q", err, tt.want)
			}
		})
	}
	if _, err := filter.Attributes(texts{"Type": "x"}); err == nil {
		t.Error("an upper-case attribute is accepted in the old filter")
	}
}

func BenchmarkMatch(b *testing.B) {
	for name, expr := range map[string]filter.Expr{
		"exact": {Exact: texts{"type": "distaff.build.done"}},
		"cesql": {CESQL: "type = 'distaff.build.done' AND EXISTS outcome AND outcome = 'passed'"},
	} {
		f, err := filter.Compile([]filter.Expr{expr})
		if err != nil {
			b.Fatal(err)
		}
		e := built()
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f.Match(e)
			}
		})
	}
}
