package composemake_test

import (
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

func TestAComposeThatCannotBeMadeSaysWhy(t *testing.T) {
	const bash = "bash-5.2-1.fc45"
	source := func(kind compose.SourceType, names ...string) func(*compose.Request) {
		return func(r *compose.Request) { r.SourceType, r.Source = kind, names }
	}
	tests := []struct {
		name    string
		request func(*compose.Request)
		trouble func(*world)
		want    string
	}{
		{"an unknown tag", source(compose.Tag, "f99"), nil, "There is no tag f99 in Koji fedora: check the name."},
		{"an unknown event", func(r *compose.Request) { r.Event = 99999 }, nil, "Koji fedora has no event 99999: leave koji_event out to use the last one."},
		{
			"unknown builds, all of them", func(r *compose.Request) { r.Builds = []string{"a-1-1", "b-1-1"} }, nil,
			"There are no builds a-1-1, b-1-1 in Koji fedora: check name, version and release.",
		},
		{
			"a requested package that is not there", func(r *compose.Request) { r.Packages = []string{"bash", "zlib", "ksh"} }, nil,
			"The following requested packages are not present in the generated compose: ksh zlib.",
		},
		{
			"nothing at all", func(r *compose.Request) { r.Arches = []string{"s390x"} }, nil,
			"The compose would be empty: tag f45 has no package for s390x.",
		},
		{
			"no signature", func(r *compose.Request) { r.Sigkeys = []string{key} }, nil,
			"There is no copy signed with any of the keys a15b79cc of 2 packages: bash-0:5.2-1.fc45.src (not signed), bash-0:5.2-1.fc45.x86_64 (not signed).",
		},
		{
			"another signature", func(r *compose.Request) { r.Sigkeys = []string{key} }, func(w *world) { w.sign(other, bash) },
			"bash-0:5.2-1.fc45.x86_64 (signed with b86b3716)",
		},
		{
			"a build that was deleted", func(r *compose.Request) { r.SourceType, r.Source, r.Builds = compose.Build, nil, []string{bash} },
			func(w *world) { w.purge(bash, true) }, "bash-5.2-1.fc45 (DELETED)",
		},
		{"a file that is gone", nil, func(w *world) { w.purge(bash, false) }, "/bash-5.2-1.fc45."},
		{
			"a file that is cut off", nil, func(w *world) { w.server.SpoilFiles("*.x86_64.rpm", kojitest.FileTruncated, -1) },
			"Package bash-0:5.2-1.fc45.x86_64",
		},
		{
			"a file whose size is not what Koji says", nil, func(w *world) { w.server.SpoilFiles("*.x86_64.rpm", kojitest.SizeLied, -1) },
			"Package bash-0:5.2-1.fc45.x86_64",
		},
		{"a scratch build that is none", func(r *compose.Request) { r.ScratchBuildTasks = []string{"77"} }, nil, "task 77"},
		{"a task that is no number", func(r *compose.Request) { r.ScratchBuildTasks = []string{"x"} }, nil, `scratch_build_tasks: "x" is no number of a task.`},
		{"a Koji nobody knows", func(r *compose.Request) { r.Koji = "cbs" }, nil, `No Koji is called "cbs" here.`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.build(bash, []string{"f45"}, "bash.x86_64")
			if tt.trouble != nil {
				tt.trouble(w)
			}
			r := request()
			if tt.request != nil {
				tt.request(&r)
			}
			c := w.compose(r)
			if c.State != compose.Failed || !strings.Contains(c.Reason, tt.want) {
				t.Errorf("%s, %q\nnot %q", c.State, c.Reason, tt.want)
			}
		})
	}
}
