package compose_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/state"
)

func full() compose.Request {
	return compose.Request{
		Koji: "fedora", SourceType: compose.Tag, Source: []string{"f45"}, Packages: []string{"bash", "zsh"}, Builds: []string{"a-1-1", "b-1-1"},
		Sigkeys: []string{"0123abcd", ""}, Arches: []string{"s390x", "x86_64"}, Flags: compose.NoDeps, Results: compose.Repository,
		MultilibArches: []string{"x86_64"}, MultilibMethod: compose.MultilibDevel, LookasideRepos: []string{"https://a/", "https://b/"},
		ModularKojiTags: []string{"m1", "m2"}, ScratchModules: []string{"s:1"}, ScratchBuildTasks: []string{"1", "2"}, Modules: []string{"n:1"},
		Parents: []string{"Fedora-45"}, Event: 7, ModuleDefaultsURL: "https://d", ModuleDefaultsCommit: "c0", Label: "RC-1", ComposeType: "test",
		TargetDir: "default", RespinOf: "odcs-1-1-20261121.t.0", Lifetime: 3600, BaseModuleName: "platform",
	}
}

func TestWhatIsComparedForReuse(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *compose.Request)
		same   bool
	}{
		{"the order of packages is not", func(r *compose.Request) { r.Packages = []string{"zsh", "bash", "zsh"} }, true},
		{"the order of keys is not", func(r *compose.Request) { r.Sigkeys = []string{"", "0123abcd"} }, true},
		{"the order of arches is not", func(r *compose.Request) { r.Arches = []string{"x86_64", "s390x"} }, true},
		{"the event is not here", func(r *compose.Request) { r.Event = 8 }, true},
		{"the label is not", func(r *compose.Request) { r.Label = "RC-2" }, true},
		{"the type of compose is not", func(r *compose.Request) { r.ComposeType = "production" }, true},
		{"the lifetime is not", func(r *compose.Request) { r.Lifetime = 1 }, true},
		{"base modules are not", func(r *compose.Request) { r.BaseModuleName, r.BaseModuleStream = "a", "b" }, true},
		{"the type of source is", func(r *compose.Request) { r.SourceType = compose.Build }, false},
		{"the Koji instance is", func(r *compose.Request) { r.Koji = "cbs" }, false},
		{"sources are", func(r *compose.Request) { r.Source = []string{"f46"} }, false},
		{"packages are", func(r *compose.Request) { r.Packages = []string{"bash"} }, false},
		{"builds are", func(r *compose.Request) { r.Builds = nil }, false},
		{"keys are", func(r *compose.Request) { r.Sigkeys = []string{"0123abcd"} }, false},
		{"arches are", func(r *compose.Request) { r.Arches = []string{"x86_64"} }, false},
		{"flags are", func(r *compose.Request) { r.Flags = 0 }, false},
		{"results are", func(r *compose.Request) { r.Results = 0 }, false},
		{"multilib arches are", func(r *compose.Request) { r.MultilibArches = nil }, false},
		{"the multilib method is", func(r *compose.Request) { r.MultilibMethod = compose.MultilibAll }, false},
		{"lookaside repositories are", func(r *compose.Request) { r.LookasideRepos = nil }, false},
		{"modular tags are", func(r *compose.Request) { r.ModularKojiTags = nil }, false},
		{"scratch modules are", func(r *compose.Request) { r.ScratchModules = nil }, false},
		{"scratch builds are", func(r *compose.Request) { r.ScratchBuildTasks = nil }, false},
		{"modules are", func(r *compose.Request) { r.Modules = nil }, false},
		{"a module is no scratch module", func(r *compose.Request) { r.Modules, r.ScratchModules = r.ScratchModules, r.Modules }, false},
		{"parents are", func(r *compose.Request) { r.Parents = nil }, false},
		{"the defaults of modules are", func(r *compose.Request) { r.ModuleDefaultsCommit = "c1" }, false},
		{"what it is a respin of is", func(r *compose.Request) { r.RespinOf = "" }, false},
		{"the target directory is", func(r *compose.Request) { r.TargetDir = "other" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := full()
			tt.change(&r)
			if same := compose.ReuseKey(r) == compose.ReuseKey(full()); same != tt.same {
				t.Errorf("the same: %t", same)
			}
		})
	}
}

func TestWhoMayBeReused(t *testing.T) {
	tests := []struct {
		name    string
		change  func(mine, other *compose.Compose)
		changed bool
		want    bool
	}{
		{"one that is done", func(_, _ *compose.Compose) {}, false, true},
		{"a tag that did not change since", func(m, _ *compose.Compose) { m.Request.Event = 9 }, false, true},
		{"not a tag that did", func(m, _ *compose.Compose) { m.Request.Event = 9 }, true, false},
		{"the same event, whatever came after", func(_, _ *compose.Compose) {}, true, true},
		{"never one of a newer event", func(_, o *compose.Compose) { o.Request.Event = 8 }, false, false},
		{"of other sources only the same event", func(m, o *compose.Compose) {
			m.Request.SourceType, o.Request.SourceType, m.Request.Event = compose.Module, compose.Module, 9
		}, false, false},
		{"not by one who says no_reuse", func(m, _ *compose.Compose) { m.Request.Flags = compose.NoReuse }, false, false},
		{"nor of raw configurations", func(m, _ *compose.Compose) { m.Request.SourceType = compose.RawConfig }, false, false},
		{"nor of pulp", func(m, _ *compose.Compose) { m.Request.SourceType = compose.Pulp }, false, false},
		{"not a younger one", func(_, o *compose.Compose) { o.ID = 6 }, false, false},
		{"not itself", func(_, o *compose.Compose) { o.ID = 5 }, false, false},
		{"not one that reuses", func(_, o *compose.Compose) { o.Leader = 1 }, false, false},
		{"one that is being made", func(_, o *compose.Compose) { o.State, o.Reason = compose.Generating, "Compose is generating" }, false, true},
		{"not before it is clear of what", func(_, o *compose.Compose) { o.State, o.Reason = compose.Generating, "Compose thread started" }, false, false},
		{"not one that waits", func(_, o *compose.Compose) { o.State = compose.Wait }, false, false},
		{"not one that failed", func(_, o *compose.Compose) { o.State = compose.Failed }, false, false},
		{"not one that is gone", func(_, o *compose.Compose) { o.State = compose.Removed }, false, false},
		{"not one that is going", func(_, o *compose.Compose) { o.Removing = true }, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := full()
			mine, other := compose.Compose{Request: r}, compose.Compose{Request: r, State: compose.Done}
			mine.ID, other.ID = 5, 3
			tt.change(&mine, &other)
			if got := compose.MayReuse(mine, other, tt.changed); got != tt.want {
				t.Errorf("MayReuse = %t", got)
			}
		})
	}
}

func TestCandidatesComeInTheOrderOfODCS(t *testing.T) {
	reuse := compose.Reuse{Bucket: state.New(mem.New())}
	note := func(id int64, done bool) {
		if err := reuse.Note(t.Context(), "key", id, done); err != nil {
			t.Fatal(err)
		}
	}
	for id := int64(1); id <= 20; id++ {
		note(id, false)
	}
	for _, id := range []int64{14, 16, 15, 16} {
		note(id, true)
	}
	note(16, false) // told late that it began
	got, err := reuse.Candidates(t.Context(), "key")
	if diff := cmp.Diff([]int64{16, 15, 14, 13, 17, 18, 19, 20}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := reuse.Candidates(t.Context(), "other"); err != nil || len(got) > 0 {
		t.Errorf("of another request: %v, %v", got, err)
	}
}
