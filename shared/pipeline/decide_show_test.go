package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// asked leaves out what is only shown, shows the rest.
func asked(said []string) []string {
	var out []string
	for _, line := range said {
		if !strings.HasPrefix(line, "show ") {
			out = append(out, line)
		}
	}
	return out
}

func shows(said []string) []string {
	var out []string
	for _, line := range said {
		if strings.HasPrefix(line, "show ") {
			out = append(out, line)
		}
	}
	return out
}

// What a pull request shows, and how often it is said.
func TestStatuses(t *testing.T) {
	onlyBuild := func(r *pipeline.Rules) { r.Checks = nil }
	passed := koji("closed", 100, nil)
	tests := []struct {
		name  string
		rules func(*pipeline.Rules)
		given []any
		when  any
		want  []string
	}{
		{
			name: "every check is shown from the first moment on", when: pushed("a"), want: []string{
				"show on aaa: scratch build - rawhide queued: Queued", "show on aaa: custom - rawhide queued: Queued",
				"show on aaa: installability - rawhide queued: Queued", "show on aaa: rpmlint - rawhide queued: Queued",
			},
		},
		{
			name: "main is called rawhide", rules: onlyBuild, when: pushedTo("a", "main", 0),
			want: []string{"show on aaa: scratch build - rawhide queued: Queued"},
		},
		{
			name: "statuses unproved are shown again", given: []any{pushed("a"), looked(nil), released(nil)}, when: koji("free", 100, nil), want: []string{
				"show on aaa: scratch build - rawhide running: RPM build is waiting for a Koji builder", "show on aaa: custom - rawhide queued: Queued",
				"show on aaa: installability - rawhide queued: Queued", "show on aaa: rpmlint - rawhide queued: Queued",
			},
		},
		{
			name: "what is proved is not", given: []any{pushed("a"), proof(), looked(nil), released(nil)}, when: koji("free", 100, nil),
			want: []string{"show on aaa: scratch build - rawhide running: RPM build is waiting for a Koji builder"},
		},
		{
			name: "the last word of a run asks for a proof", rules: onlyBuild, given: building(), when: passed,
			want: []string{"show for sure on aaa: scratch build - rawhide passed: RPM build succeeded"},
		},
		{
			name: "without which it is said again", rules: onlyBuild, given: []any{building(), passed}, when: passes(10 * time.Minute),
			want: []string{"show for sure on aaa: scratch build - rawhide passed: RPM build succeeded"},
		},
		{name: "but not before ten minutes", rules: onlyBuild, given: []any{building(), passed}, when: passes(9 * time.Minute)},
		{name: "and not after the proof", rules: onlyBuild, given: []any{building(), passed, proof()}, when: passes(time.Hour)},
		{
			name: "a proof of an older status proves nothing", rules: onlyBuild, given: []any{building(), passed, func(p *play) any {
				return event.Shown{PullRequestID: bash, Label: p.openAsk("show"), Run: 1, Rev: p.doc.Rev - 1}
			}}, when: passes(10 * time.Minute),
			want: []string{"show for sure on aaa: scratch build - rawhide passed: RPM build succeeded"},
		},
		{
			name: "a status that a late one may cover is shown once more", rules: onlyBuild, given: []any{building(), passed, func(p *play) any {
				check := p.doc.Run.Checks[pipeline.Build]
				return event.Shown{
					PullRequestID: bash, Label: p.openAsk("show"), Run: 1, Rev: p.doc.Rev, Commit: p.doc.Run.Commit,
					Unsure: []event.Status{{Check: check.Name, Rev: check.Rev, State: string(check.State), Text: check.Text}},
				}
			}}, when: passes(10 * time.Minute),
			want: []string{"show once more on aaa: scratch build - rawhide passed: RPM build succeeded"},
		},
		{
			name: "a superseded run is shown as it ended, before the new one", rules: onlyBuild, given: building(), when: pushed("b"), want: []string{
				"show for sure on aaa: scratch build - rawhide cancelled: superseded by bbbbbbb",
				"show on bbb: scratch build - rawhide queued: Queued",
			},
		},
		{
			name: "nothing is shown on a commit nobody knows", rules: onlyBuild, when: func(p *play) any {
				return pipeline.Moved{PullRequest: event.PullRequest{PullRequestID: bash, Branch: "rawhide", Updated: p.begun}}
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rules()
			if tt.rules != nil {
				tt.rules(&r)
			}
			_, said := story(t, r, tt.given, tt.when)
			if diff := cmp.Diff(tt.want, shows(said)); diff != "" {
				t.Errorf("shows (-want +got):\n%s", diff)
			}
		})
	}
}

// A forge that takes no status is not asked for ever.
func TestStatusesNobodyTakesAreGivenUp(t *testing.T) {
	p, _ := story(t, rules(), building(), koji("failed", 100, failure(false, "no")))
	times := 1
	for range 20 {
		if len(p.hear(t, passes(6*time.Hour))) > 0 {
			times++
		}
	}
	if times != 5 || len(p.doc.Asks) > 0 {
		t.Errorf("said %d times, and still asks for %v", times, p.doc.Under(""))
	}
}

// When an order is given up in the moment in which statuses are said again, the
// end of the run is shown all the same.
func TestTheEndIsShownAlsoWhenStatusesAreDueAtOnce(t *testing.T) {
	p, _ := story(t, rules(), pushed("a"), looked(nil), released(nil), passes(5*time.Minute), passes(10*time.Minute), passes(20*time.Minute), passes(40*time.Minute))
	p.hear(t, passes(12*time.Hour)) // check sees to the rest
	if p.doc.Run.Phase != pipeline.Over {
		t.Errorf("the run is %s", p.doc.Run.Phase)
	}
}
