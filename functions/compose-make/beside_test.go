package composemake_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/rpm"
)

func TestASideTagHasItsOwnBuildsAndThoseOfItsTag(t *testing.T) {
	w := newWorld(t, func(c *kojitest.Config, _ *composemake.Options, _ *world) {
		c.Tags = append(c.Tags, kojitest.TagSpec{Name: "f45-build-side-7", Parents: []string{"f45"}})
	})
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	w.build("readline-8-1.fc45", []string{"f45"}, "readline.x86_64")
	w.build("bash-5.3-1.fc45", []string{"f45-build-side-7"}, "bash.x86_64")
	side := func(r *compose.Request) { r.Source = []string{"f45-build-side-7"} }
	builds := func(c compose.Compose) string {
		t.Helper()
		if c.State != compose.Done {
			t.Fatal(c.Reason)
		}
		lock, err := compose.Locks{Store: w.bucket}.Load(t.Context(), c.Lock)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, p := range lock.Trees[0].RPMs {
			all = append(all, p.Build)
		}
		return strings.Join(all, " ")
	}
	if got := builds(w.compose(request(side))); got != "bash-5.3-1.fc45 readline-8-1.fc45" {
		t.Errorf("the side tag has %s", got)
	}
	if got := builds(w.compose(request())); got != "bash-5.2-1.fc45 readline-8-1.fc45" {
		t.Errorf("its tag has %s", got)
	}
	if got := builds(w.compose(request(side, func(r *compose.Request) { r.Flags |= compose.NoInheritance }))); got != "bash-5.3-1.fc45" {
		t.Errorf("the side tag alone has %s", got)
	}
	// What is tagged in its tag counts as well.
	w.build("readline-8-2.fc45", []string{"f45"}, "readline.x86_64")
	if got := builds(w.compose(request(side))); got != "bash-5.3-1.fc45 readline-8-2.fc45" {
		t.Errorf("the side tag has %s now", got)
	}
}

func TestALookasideRepositoryHasWhatIsNeededAndIsNotContent(t *testing.T) {
	bucket, url := served(t)
	w := newWorld(t, bucket, solver(t), func(c *kojitest.Config, _ *composemake.Options, _ *world) {
		c.Tags = append(c.Tags, kojitest.TagSpec{Name: "base", Arches: []string{"x86_64"}})
	})
	libs := one("libs", "x86_64", []string{"libneeded.so.1"}, []string{"libdeep.so.1"})
	libs.SourceRPM = "libs-1-1.src.rpm"
	deep := one("deep", "x86_64", []string{"libdeep.so.1"}, nil)
	deep.SourceRPM = "libs-1-1.src.rpm"
	w.imports([]string{"base"}, one("libs", rpm.Source, nil, nil), libs, deep)
	if c := w.compose(request(func(r *compose.Request) { r.Source = []string{"base"} })); c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	w.imports([]string{"f45"}, one("hello", rpm.Source, nil, nil), one("hello", "x86_64", nil, []string{"libneeded.so.1"}))
	lookaside := func(r *compose.Request) {
		r.Packages, r.Flags, r.LookasideRepos = []string{"hello"}, compose.CheckDeps, []string{url + "/odcs-1/compose/Temporary/$basearch/os"}
	}
	c := w.compose(request(lookaside))
	if diff := cmp.Diff([]string{"hello.x86_64"}, w.names(c, "x86_64/os")); diff != "" {
		t.Error(diff)
	}
	c = w.compose(request(lookaside, func(r *compose.Request) { r.LookasideRepos = nil }))
	if c.State != compose.Failed || !strings.Contains(c.Reason, "nothing provides libneeded.so.1 needed by hello") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	c = w.compose(request(lookaside, func(r *compose.Request) { r.LookasideRepos = []string{url + "/odcs-99"} }))
	if c.State != compose.Failed || !strings.Contains(c.Reason, "odcs-99") && !strings.Contains(c.Reason, "lookaside") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
}

func TestWhatObsoletesAModuleIsTold(t *testing.T) {
	w := newWorld(t, func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.Fetch = func(_ context.Context, _, commit, path string) ([]byte, error) {
			if commit != "abc" || path != "obsoletes/shell.yaml" {
				return nil, fs.ErrNotExist
			}
			return []byte(`document: modulemd-obsoletes
version: 1
data:
  module: shell
  stream: five
  modified: 2026-11-20T08:00Z
  eol_date: 2026-12-01T00:00Z
  message: Use six
  obsoleted_by: {module: shell, stream: six}
`), nil
		}
	})
	w.build("bash-5.2-1.fc45", nil, "bash.x86_64")
	if _, err := w.server.ImportModule(kojitest.Module{
		Name: "shell", Stream: "five", Version: "7", Context: "c0ffee42", Builds: []string{"bash-5.2-1.fc45"}, Tags: []string{"f45"},
		YAML: modulemd("shell", "five", "7", "", "bash"),
	}); err != nil {
		t.Fatal(err)
	}
	c := w.compose(request(func(r *compose.Request) {
		r.SourceType, r.Source, r.ModularKojiTags = compose.Module, []string{"shell:five"}, []string{"f45"}
		r.ModuleDefaultsURL, r.ModuleDefaultsCommit = "https://git.example/defaults", "abc"
	}))
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	text := w.metadata(publish.Dir(c.ID) + "compose/Temporary/x86_64/os")["modules"]
	inOrder(t, text, "modulemd", "modulemd-obsoletes", "Use six", "six")
}

func TestWhatIsMissingIsTold(t *testing.T) {
	w := newWorld(t)
	const old = "bash-5.2-1.fc45"
	w.build(old, []string{"f45"}, "bash.x86_64")
	c := w.compose(request())
	w.build("bash-5.3-1.fc45", []string{"f45"}, "bash.x86_64")
	w.gone(c)
	w.purge(old, true)
	again := w.copied(c)
	want := []string{"bash-0:5.2-1.fc45.src", "bash-0:5.2-1.fc45.x86_64"}
	if diff := cmp.Diff(want, again.Missing); again.State != compose.Failed || diff != "" {
		t.Errorf("%s: %s %s", again.State, again.Reason, diff)
	}
	inOrder(t, w.log(again.ID), "Failed: ", "bash-0:5.2-1.fc45.x86_64")
}
