package composemake_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/repodata/foreign"
)

func TestPackagesOfOtherRepositories(t *testing.T) {
	bucket, url := served(t)
	w := newWorld(t, solver(t), bucket, func(_ *kojitest.Config, o *composemake.Options, _ *world) { o.Open = &foreign.Client{} })
	if _, err := w.server.Import(kojitest.Import{Files: rpmbuild(t, spec), Tags: []string{"f45"}, Owner: "pkg"}); err != nil {
		t.Fatal(err)
	}
	w.build("bash-5.2-1.fc45", []string{"f45-updates"}, "bash.x86_64", "bash-debuginfo.x86_64")
	theirs := w.compose(request())
	w.compose(request(func(r *compose.Request) {
		r.Source, r.Flags = []string{"f45-updates"}, compose.NoDeps|compose.NoInheritance
	}))
	from := func(changes ...func(*compose.Request)) compose.Compose {
		t.Helper()
		before := w.server.Stats().Files
		c := w.compose(request(append([]func(*compose.Request){func(r *compose.Request) {
			r.SourceType, r.Source = compose.Repo, []string{url + "/odcs-1/compose/Temporary/$basearch/os", url + "/odcs-2/compose/Temporary/$basearch/os"}
		}}, changes...)...))
		if after := w.server.Stats().Files; after != before {
			t.Errorf("%d packages were asked for", after-before)
		}
		return c
	}
	c := from()
	if diff := cmp.Diff(append([]string{"bash.x86_64"}, w.names(theirs, "x86_64/os")...), w.names(c, "x86_64/os")); diff != "" {
		t.Error(diff)
	}
	w.whole(c)
	ours, old := w.metadata(publish.Dir(c.ID)+"compose/Temporary/x86_64/os"), w.metadata(publish.Dir(theirs.ID)+"compose/Temporary/x86_64/os")
	for _, kind := range []string{"primary", "filelists", "other"} {
		_, text, _ := strings.Cut(old[kind], "<package ")
		if text = text[:strings.LastIndex(text, "</package>")]; !strings.Contains(ours[kind], text) {
			t.Errorf("%s differs:\n%s\nfrom\n%s", kind, ours[kind], old[kind])
		}
	}
	root := t.TempDir()
	dnf(t, w.get(publish.Dir(c.ID)+"compose/Temporary/odcs-3.repo"), "--installroot="+root, "install", "pair-app")
	if _, err := os.Stat(root + "/usr/bin/pair-tool"); err != nil {
		t.Error(err)
	}
	// What packages need is found in them, too.
	c = from(func(r *compose.Request) { r.Packages, r.Flags = []string{"pair-app"}, 0 })
	if diff := cmp.Diff([]string{"pair-app-1:2.0-1.fc45.noarch.noarch", "pair-lib-1:2.0-1.fc45.noarch.noarch", "pair-tool-1:2.0-1.fc45.noarch.noarch"}, w.names(c, "x86_64/os")); diff != "" {
		t.Error(diff)
	}
	for want, change := range map[string]func(*compose.Request){
		"/odcs-99/compose/Temporary/x86_64/os": func(r *compose.Request) { r.Source = []string{url + "/odcs-99/compose/Temporary/$basearch/os"} },
		"present in the generated compose: ksh.": func(r *compose.Request) {
			r.Packages = []string{"ksh", "bash"}
		},
	} {
		if c = from(change); c.State != compose.Failed || !strings.Contains(c.Reason, want) {
			t.Errorf("%s: %s\nnot %s", c.State, c.Reason, want)
		}
	}
}

func TestSeveralRepositoriesOfOneContentSetAreMerged(t *testing.T) {
	bucket, url := served(t)
	w := newWorld(t, bucket, func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.Open = &foreign.Client{}
		o.Repositories = map[string]composemake.Repository{
			"tools-for-45": {URLs: []string{url + "/odcs-1/compose/Temporary/$basearch/os", url + "/odcs-2/compose/Temporary/$basearch/os"}, Arches: []string{"x86_64"}},
			"only-here":    {URLs: []string{url + "/odcs-2/compose/Temporary/x86_64/os"}, Arches: []string{"x86_64", "s390x"}},
			"sources":      {URLs: []string{url + "/odcs-1/compose/Temporary/source/tree"}, Arches: []string{"x86_64"}},
			"plain":        {URL: "https://cdn.example/$basearch", Arches: []string{"x86_64"}},
		}
	})
	if _, err := w.server.Import(kojitest.Import{Files: rpmbuild(t, spec), Tags: []string{"f45"}, Owner: "pkg"}); err != nil {
		t.Fatal(err)
	}
	w.build("bash-5.2-1.fc45", []string{"f45-updates"}, "bash.x86_64")
	w.compose(request())
	w.compose(request(func(r *compose.Request) {
		r.Source, r.Flags = []string{"f45-updates"}, compose.NoDeps|compose.NoInheritance
	}))
	set := func(r *compose.Request) {
		r.SourceType, r.Source, r.Flags = compose.Pulp, []string{"tools-for-45", "plain", "sources", "only-here"}, 0
	}
	c := w.compose(request(set))
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	w.whole(c)
	repofile := w.get(publish.Dir(c.ID) + "compose/Temporary/odcs-3.repo")
	want := "\n[only-here]\nname=only-here\nbaseurl=" + url + "/odcs-3/compose/only-here/$basearch/os\nenabled=1\ngpgcheck=0\n" +
		"\n[plain]\nname=plain\nbaseurl=https://cdn.example/$basearch\nenabled=1\ngpgcheck=0\n" +
		"\n[sources]\nname=sources\nbaseurl=" + url + "/odcs-3/compose/sources/$basearch/os\nenabled=1\ngpgcheck=0\n" +
		"\n[tools-for-45]\nname=tools-for-45\nbaseurl=" + url + "/odcs-3/compose/tools-for-45/$basearch/os\nenabled=1\ngpgcheck=0\n"
	if diff := cmp.Diff(want, repofile); diff != "" {
		t.Error(diff)
	}
	listed := dnf(t, repofile, "--disablerepo=*", "--enablerepo=tools-for-45,sources", "repoquery", "--queryformat", "%{repoid} %{name}.%{arch}")
	wanted := "sources pair.src tools-for-45 bash.x86_64 tools-for-45 pair-app.noarch tools-for-45 pair-extra.noarch tools-for-45 pair-lib.noarch tools-for-45 pair-tool.noarch"
	lines := strings.Split(strings.TrimSpace(listed), "\n")
	slices.Sort(lines)
	if got := strings.Join(lines, " "); got != wanted {
		t.Errorf("dnf lists %s", got)
	}
	root := t.TempDir()
	dnf(t, repofile, "--disablerepo=*", "--enablerepo=tools-for-45", "--installroot="+root, "install", "pair-app")
	if _, err := os.Stat(root + "/usr/bin/pair-tool"); err != nil {
		t.Error(err)
	}
	if again := w.compose(request(set)); again.State != compose.Done || again.DirOf() != c.ID {
		t.Errorf("%s: %s, in the directory of %d", again.State, again.Reason, again.DirOf())
	}
}

func TestNamedRepositoriesOfOthers(t *testing.T) {
	w := newWorld(t, func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.Repositories = map[string]composemake.Repository{
			"rhel-9-baseos": {URL: "https://cdn.example/rhel9/$basearch/baseos", Arches: []string{"x86_64", "s390x"}},
			"rhel-9-beta":   {URL: "https://cdn.example/beta", Arches: []string{"x86_64"}, Unpublished: true},
		}
	})
	from := func(flags compose.Flag, names ...string) compose.Compose {
		return w.compose(request(func(r *compose.Request) { r.SourceType, r.Source, r.Flags = compose.Pulp, names, flags }))
	}
	c := from(0, "rhel-9-baseos")
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	want := "\n[rhel-9-baseos]\nname=rhel-9-baseos\nbaseurl=https://cdn.example/rhel9/$basearch/baseos\nenabled=1\ngpgcheck=0\n"
	if diff := cmp.Diff(want, w.get(publish.Dir(c.ID)+"compose/Temporary/odcs-1.repo")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"s390x", "x86_64"}, c.Request.Arches); diff != "" {
		t.Error(diff)
	}
	if c = from(0, "rhel-9-baseos", "rhel-9-beta", "rhel-10"); c.State != compose.Failed ||
		!strings.Contains(c.Reason, "Failed to find all the source(s) rhel-10 rhel-9-beta in the repositories") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	if c = from(compose.IncludeUnpublished|compose.UseOnlyCompatibleArch, "rhel-9-beta"); c.State != compose.Done ||
		!strings.HasSuffix(w.get(publish.Dir(c.ID)+"compose/Temporary/odcs-3.repo"), "skip_if_unavailable=1\n") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	if c = from(compose.IgnoreAbsentPulpRepos, "rhel-10", "rhel-9-baseos"); c.State != compose.Done || strings.Join(c.Request.Source, " ") != "rhel-9-baseos" || c.DirOf() != 1 {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	if c = from(compose.IgnoreAbsentPulpRepos, "rhel-10"); c.State != compose.Done || c.Packages != 0 {
		t.Fatalf("%s: %s", c.State, c.Reason)
	}
	w.whole(c)
}
