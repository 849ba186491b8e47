package composemake_test

import (
	"strings"
	"testing"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	made "github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

func TestNoarchPackagesAreWhereTheirSourceIsBuilt(t *testing.T) {
	w := newWorld(t, func(c *kojitest.Config, _ *composemake.Options, _ *world) {
		c.Tags = []kojitest.TagSpec{{Name: "f45", Arches: []string{"x86_64", "s390x"}}}
	})
	add := func(name string, exclude, only []string) {
		evr := rpm.EVR{Version: "1", Release: "1"}
		source := rpm.NVRA{NVR: rpm.NVR{Name: name, EVR: evr}, Arch: rpm.Source}
		w.imports([]string{"f45"},
			made.Spec{NVRA: source, Summary: name, BuildTime: 1_700_000_000, License: "MIT", ExcludeArch: exclude, ExclusiveArch: only},
			made.Spec{
				NVRA: rpm.NVRA{NVR: rpm.NVR{Name: name + "-data", EVR: evr}, Arch: rpm.Noarch}, SourceRPM: source.File(), Summary: name,
				BuildTime: 1_700_000_000, License: "MIT",
			})
	}
	add("anywhere", nil, nil)
	add("not-s390x", []string{"s390x"}, nil)
	add("only-x86", nil, []string{"x86_64", "aarch64"})
	add("only-noarch", nil, []string{"aarch64", "noarch"})
	both := func(r *compose.Request) { r.Arches = []string{"s390x", "x86_64"} }
	before := w.server.Stats().Files
	c := w.compose(request(both))
	for tree, want := range map[string]string{
		"x86_64/os": "anywhere-data.noarch not-s390x-data.noarch only-noarch-data.noarch only-x86-data.noarch",
		"s390x/os":  "anywhere-data.noarch only-noarch-data.noarch",
	} {
		if names := strings.Join(w.names(c, tree), " "); names != want {
			t.Errorf("%s has %s", tree, names)
		}
	}
	first := w.server.Stats().Files - before
	// What was looked at stays known.
	add("more", []string{"x86_64"}, nil)
	before = w.server.Stats().Files
	c = w.compose(request(both))
	if names := strings.Join(w.names(c, "s390x/os"), " "); names != "anywhere-data.noarch more-data.noarch only-noarch-data.noarch" {
		t.Errorf("s390x/os has %s", names)
	}
	if asked := w.server.Stats().Files - before; asked >= first {
		t.Errorf("%d files were asked for; at first it were %d", asked, first)
	}
	// Nobody is looked at who is not asked for.
	w.forget()
	before = w.server.Stats().Files
	if c = w.compose(request(both, func(r *compose.Request) { r.Packages = []string{"only-x86-data"} })); len(w.names(c, "x86_64/os")) != 1 {
		t.Errorf("it has %v", w.names(c, "x86_64/os"))
	}
	if asked := w.server.Stats().Files - before; asked > 8 {
		t.Errorf("%d files were asked for", asked)
	}
}
