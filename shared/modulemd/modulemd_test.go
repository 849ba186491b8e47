package modulemd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/modulemd"
	"github.com/distaff-project/distaff/shared/rpm"
)

const file = `---
document: modulemd
version: 2
data:
  name: testmod
  stream: 1.10
  version: 20261121
  context: c0ffee43
  arch: x86_64
  summary: "A module: with words"
  description: >-
    Two lines
    of text
  license:
    module: [MIT]
  xmd:
    mbs: {a: [1, 2]}
  dependencies:
  - buildrequires:
      platform: [f45]
    requires:
      platform: [f45]
      base: [rolling]
      any: []
      other: [-f44]
  profiles:
    default:
      rpms: [testmod]
  filter:
    rpms: [testmod-private]
  artifacts:
    rpms:
    - testmod-0:2-1.x86_64
...
---
document: modulemd-defaults
version: 1
data:
  module: testmod
  modified: 202611210000
  stream: "1.10"
  profiles:
    1.10: [default]
...
---
document: modulemd-obsoletes
version: 1
data:
  module: testmod
  stream: "0.9"
  modified: 2026-01-01T00:00Z
  eol_date: 2026-02-01T00:00Z
  message: use a newer one
  obsoleted_by: {module: testmod, stream: "1.10"}
---
document: modulemd-translations
version: 1
data: {module: testmod}
...
`

func parse(t testing.TB, text string) modulemd.Index {
	t.Helper()
	index, err := modulemd.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func TestDocumentsAreReadAsTheyAreWritten(t *testing.T) {
	index := parse(t, file)
	if len(index.Streams) != 1 || len(index.Defaults) != 1 || len(index.Obsoletes) != 1 {
		t.Fatalf("%+v", index)
	}
	s, d, o := index.Streams[0], index.Defaults[0], index.Obsoletes[0]
	if got := s.String(); got != "testmod:1.10:20261121:c0ffee43" || s.Arch != "x86_64" {
		t.Errorf("the stream is %s on %s", got, s.Arch)
	}
	want := []modulemd.Dependencies{{
		BuildRequires: map[string][]string{"platform": {"f45"}},
		Requires:      map[string][]string{"platform": {"f45"}, "base": {"rolling"}, "any": nil, "other": {"-f44"}},
	}}
	if diff := cmp.Diff(want, s.Dependencies); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
	if !slices.Equal(s.Profiles["default"], []string{"testmod"}) || !slices.Equal(s.Filter, []string{"testmod-private"}) ||
		!slices.Equal(s.Artifacts, []string{"testmod-0:2-1.x86_64"}) {
		t.Errorf("%+v", s)
	}
	if d.Module != "testmod" || d.Stream != "1.10" || d.Modified != "202611210000" || !slices.Equal(d.Profiles["1.10"], []string{"default"}) {
		t.Errorf("defaults are %+v", d)
	}
	if o.Stream != "0.9" || o.ByStream != "1.10" || o.Message != "use a newer one" {
		t.Errorf("obsoletes are %+v", o)
	}
	var out bytes.Buffer
	if err := index.Write(&out); err != nil {
		t.Fatal(err)
	}
	again := parse(t, out.String())
	if again.Streams[0].String() != s.String() || !strings.Contains(out.String(), "xmd:") || !strings.Contains(out.String(), `"1.10"`) {
		t.Errorf("written:\n%s", out.String())
	}
	var twice bytes.Buffer
	if err := again.Write(&twice); err != nil || twice.String() != out.String() {
		t.Errorf("written twice (%v):\n%s", err, cmp.Diff(out.String(), twice.String()))
	}
}

func TestHostileDocumentsAreRefused(t *testing.T) {
	bomb := "a: &a [x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1)
	}
	stream := func(data string) string { return "document: modulemd\nversion: 2\ndata:\n" + data }
	for name, tt := range map[string]struct{ text, want string }{
		"aliases that grow":       {bomb, "anchors and aliases"},
		"deep nesting":            {strings.Repeat("[", 200000), "document"},
		"deep mappings":           {strings.Repeat("{a: ", 200000), "document"},
		"no YAML":                 {"document: [", "document"},
		"another kind":            {"document: shadow\nversion: 1\ndata: {}", `"shadow" version "1" is not read`},
		"a version to come":       {"document: modulemd-packager\nversion: 3\ndata: {}", "is not read"},
		"no data":                 {"document: modulemd\nversion: 2", "has no data"},
		"a list at the top":       {"- a", "a mapping was to stand here"},
		"a key that is a list":    {"? [a]\n: b", "a key that is no word"},
		"a name twice":            {stream("  name: a\n  name: b\n  stream: c"), "stands twice"},
		"a name with a colon":     {stream("  name: 'a:b'\n  stream: c"), "no name"},
		"a name with a folder":    {stream("  name: ../a\n  stream: c"), "no name"},
		"a version of words":      {stream("  name: a\n  stream: c\n  version: x"), "is no number"},
		"requirements of a list":  {stream("  name: a\n  stream: c\n  dependencies: [{requires: [x]}]"), "a mapping was to stand"},
		"artifacts of mappings":   {stream("  name: a\n  stream: c\n  artifacts: {rpms: [{a: b}]}"), "a word was to stand"},
		"a byte order of its own": {"\xff\xfe\x00", "document"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := modulemd.Parse([]byte(tt.text))
			if !errors.Is(err, modulemd.ErrDocument) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := modulemd.Parse(make([]byte, modulemd.Largest+1)); err == nil {
		t.Error("more than the limit was read")
	}
}

func TestNamesOfModulesHaveODCSsWords(t *testing.T) {
	for text, want := range map[string]modulemd.NSVC{
		"nodejs:20":          {Name: "nodejs", Stream: "20"},
		"nodejs:20:3120":     {Name: "nodejs", Stream: "20", Version: "3120"},
		"nodejs:20:3120:abc": {Name: "nodejs", Stream: "20", Version: "3120", Context: "abc"},
		"nodejs":             {}, "nodejs:": {}, ":20": {}, "a:b:c": {}, "a:b:1:c:d": {}, "a:b::c": {}, "a:b:1:": {}, "a/b:c": {}, "": {},
	} {
		got, err := modulemd.ParseNSVC(text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if want.Name == "" {
			if words := `Module definition must be in "n:s", "n:s:v" or "n:s:v:c" format, but got ` + text; err == nil || err.Error() != words {
				t.Errorf("%q: %v", text, err)
			}
		} else if err != nil || got.String() != text {
			t.Errorf("%q: %v, written %s", text, err, got)
		}
	}
	err := modulemd.NSVC{Name: "platform", Stream: "f45"}.CheckBase([]string{"platform", "bootstrap"})
	if err == nil || err.Error() != "ODCS currently cannot create compose with base modules, but platform was requested." {
		t.Errorf("a base module: %v", err)
	}
}

func names(builds []modulemd.Build) []string {
	var out []string
	for _, b := range builds {
		out = append(out, b.String())
	}
	return out
}

func build(nsvc string, requires map[string][]string) modulemd.Build {
	parts := append(strings.Split(nsvc, ":"), "1", "c")
	n := modulemd.NSVC{Name: parts[0], Stream: parts[1], Version: parts[2], Context: parts[3]}
	return modulemd.Build{
		NSVC: n, Base: []modulemd.BaseModule{{Name: "platform", Stream: "f29", StreamVersion: 290200}},
		Document: &modulemd.Stream{NSVC: n, Dependencies: []modulemd.Dependencies{{Requires: requires}}},
	}
}

func TestALatestVersionIsPickedInAllContexts(t *testing.T) {
	all := []modulemd.Build{
		build("a:1:9:x", nil), build("a:1:10:y", nil), build("a:1:10:x", nil), build("a:2:11:x", nil), build("b:1:12:x", nil),
	}
	for want, picked := range map[string][]string{
		"a:1":      {"a:1:10:x", "a:1:10:y"},
		"a:1:9":    {"a:1:9:x"},
		"a:1:10:y": {"a:1:10:y"},
		"a:3":      nil,
	} {
		n, err := modulemd.ParseNSVC(want)
		if err != nil {
			t.Fatal(err)
		}
		got := names(modulemd.Pick(n, all, func(b modulemd.Build) modulemd.NSVC { return b.NSVC }))
		if diff := cmp.Diff(picked, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want, diff)
		}
	}
}

type finder struct {
	all   []modulemd.Build
	asked []modulemd.Query
}

func (f *finder) Latest(_ context.Context, q modulemd.Query) ([]modulemd.Build, error) {
	f.asked = append(f.asked, q)
	found := modulemd.Pick(q.NSVC, f.all, func(b modulemd.Build) modulemd.NSVC { return b.NSVC })
	if len(found) == 0 {
		return nil, modulemd.ErrNotFound
	}
	return found, nil
}

func TestWhatAModuleNeedsIsAdded(t *testing.T) {
	f := &finder{all: []modulemd.Build{
		build("b:1:5:x", map[string][]string{"c": {"1"}}), build("b:1:6:x", map[string][]string{"c": {"1"}}),
		build("b:1:6:y", map[string][]string{"c": {"1"}}), build("c:1:1:x", map[string][]string{"a": {"1"}, "platform": {"f29"}}),
	}}
	got, err := modulemd.Expand(t.Context(), f, []modulemd.Build{
		build("a:1:1:x", map[string][]string{"platform": {"f29"}, "b": {"1"}, "any": {}, "old": {"-f28"}}), build("a:1:1:x", nil),
	}, []string{"platform"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a:1:1:x", "b:1:6:x", "b:1:6:y", "c:1:1:x"}, names(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []modulemd.Query{
		{NSVC: modulemd.NSVC{Name: "b", Stream: "1"}, BaseAtLeast: 290000, BaseAtMost: 290200},
		{NSVC: modulemd.NSVC{Name: "c", Stream: "1"}, BaseAtLeast: 290000, BaseAtMost: 290200},
	}
	if diff := cmp.Diff(want, f.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	_, err = modulemd.Expand(t.Context(), f, []modulemd.Build{build("a:1:1:x", map[string][]string{"gone": {"2"}})}, nil)
	if !errors.Is(err, modulemd.ErrNotFound) || !strings.Contains(err.Error(), "gone:2, which a:1:1:x requires") {
		t.Errorf("a module that is not there: %v", err)
	}
}

func TestTwoVersionsOfAStreamConflict(t *testing.T) {
	_, err := modulemd.Tidy([]modulemd.Build{build("a:b:1:c", nil), build("a:b:2:c", nil)})
	var conflict *modulemd.ConflictError
	if !errors.As(err, &conflict) || err.Error() != "a:b:2:c conflicts with a:b:1:c" {
		t.Errorf("got %v", err)
	}
}

func nvra(t testing.TB, text string) rpm.NVRA {
	t.Helper()
	n, err := rpm.ParseNVRA(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPackagesOfATagAreSharedOut(t *testing.T) {
	s := parse(t, file).Streams[0]
	var all []modulemd.Package
	for _, text := range []string{
		"testmod-2-1.x86_64 testmod-2-1.src", "testmod-debuginfo-2-1.x86_64 testmod-2-1.src", "testmod-2-1.aarch64 testmod-2-1.src",
		"testmod-2-1.src testmod-2-1.src", "testmod-data-2-1.noarch testmod-2-1.src",
		"testmod-private-1-1.x86_64 testmod-private-1-1.src", "testmod-private-debuginfo-1-1.x86_64 testmod-private-1-1.src",
		"testmod-private-1-1.src testmod-private-1-1.src",
	} {
		name, source, _ := strings.Cut(text, " ")
		all = append(all, modulemd.Package{NVRA: nvra(t, name), Source: nvra(t, source)})
	}
	strs := func(in []rpm.NVRA) (out []string) {
		for _, n := range in {
			out = append(out, n.String())
		}
		return out
	}
	want := []string{"testmod-2-1.x86_64", "testmod-debuginfo-2-1.x86_64", "testmod-data-2-1.noarch", "testmod-2-1.src"}
	if diff := cmp.Diff(want, strs(s.Published("x86_64", all))); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	want = []string{"testmod-private-1-1.x86_64", "testmod-private-debuginfo-1-1.x86_64", "testmod-private-1-1.src"}
	if diff := cmp.Diff(want, strs(s.Unpublished("x86_64", all))); diff != "" {
		t.Errorf("unpublished (-want +got):\n%s", diff)
	}
}

func TestADevelModuleNeedsItsModule(t *testing.T) {
	s := parse(t, file).Streams[0]
	raw, err := s.Devel().Publish("aarch64", []string{"b-0:1-1.noarch", "a-0:1-1.noarch", "a-0:1-1.noarch"}).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	d, err := modulemd.ParseStream(raw)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "testmod-devel" || d.Arch != "aarch64" || !slices.Equal(d.Artifacts, []string{"a-0:1-1.noarch", "b-0:1-1.noarch"}) ||
		!slices.Equal(d.Dependencies[0].Requires["testmod"], []string{"1.10"}) {
		t.Errorf("%+v\n%s", d, raw)
	}
	if s.Name != "testmod" || s.Arch != "x86_64" || len(s.Dependencies[0].Requires["testmod"]) != 0 {
		t.Errorf("the module itself was changed: %+v", s)
	}
}

// libmodulemd's own test data, where a checkout of it is named.
func TestDocumentsOfLibmodulemdsTestsAreRead(t *testing.T) {
	root := os.Getenv("DISTAFF_LIBMODULEMD")
	if root == "" {
		t.Skip("DISTAFF_LIBMODULEMD names no checkout of libmodulemd")
	}
	for _, name := range []string{"f29.yaml", "f29-updates.yaml", "long-valid.yaml", "static_context.yaml"} {
		raw, err := os.ReadFile(filepath.Join(root, "modulemd/tests/test_data", name))
		if err != nil {
			t.Fatal(err)
		}
		index, err := modulemd.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var out bytes.Buffer
		if err := index.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := modulemd.Parse(out.Bytes())
		if err != nil || len(again.Names()) != len(index.Names()) {
			t.Errorf("%s: written and read: %v", name, err)
		}
		t.Logf("%s: %d streams of %d modules", name, len(index.Streams), len(index.Names()))
	}
}

// The real dnf lists, enables and installs from what is written.
func TestDnfInstallsFromTheModule(t *testing.T) {
	for _, program := range []string{"dnf", "rpmbuild", "createrepo_c", "modifyrepo_c"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir := t.TempDir()
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	for _, version := range []string{"2", "3"} { // the newer is no module's, and hidden by the stream
		spec := fmt.Sprintf("Name: testmod\nVersion: %s\nRelease: 1\nSummary: a\nLicense: MIT\nBuildArch: noarch\n%s%%description\na\n%%files\n",
			version, map[string]string{"2": "ModularityLabel: testmod:1.10:20261121:c0ffee43\n", "3": ""}[version])
		if err := os.WriteFile(filepath.Join(dir, "t.spec"), []byte(spec), 0o600); err != nil {
			t.Fatal(err)
		}
		run("rpmbuild", "-bb", "--quiet", "--define", "_topdir "+dir, "--define", "_rpmdir "+dir+"/repo", "t.spec")
	}
	index := parse(t, file)
	published := index.With([]*modulemd.Stream{index.Streams[0].Publish("x86_64", []string{"testmod-0:2-1.noarch"})})
	var out bytes.Buffer
	if err := published.Write(&out); err != nil {
		t.Fatal(err)
	}
	// The base module it needs.
	out.WriteString("---\ndocument: modulemd\nversion: 2\ndata: {name: platform, stream: f45, version: 1, context: c, arch: x86_64, summary: p, description: p, license: {module: [MIT]}}\n...\n" +
		"---\ndocument: modulemd\nversion: 2\ndata: {name: base, stream: rolling, version: 1, context: c, arch: x86_64, summary: p, description: p, license: {module: [MIT]}}\n...\n" +
		"---\ndocument: modulemd\nversion: 2\ndata: {name: any, stream: s, version: 1, context: c, arch: x86_64, summary: p, description: p, license: {module: [MIT]}}\n...\n" +
		"---\ndocument: modulemd\nversion: 2\ndata: {name: other, stream: f46, version: 1, context: c, arch: x86_64, summary: p, description: p, license: {module: [MIT]}}\n...\n")
	if err := os.WriteFile(filepath.Join(dir, "modules.yaml"), out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "dnf.conf"), []byte("[main]\nplugins=0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run("createrepo_c", "-q", "repo")
	run("modifyrepo_c", "--mdtype=modules", "modules.yaml", "repo/repodata")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "repo"))))
	defer server.Close()
	dnf := func(args ...string) string {
		t.Helper()
		return run("dnf", append([]string{
			"-y", "--config=" + dir + "/dnf.conf", "--installroot=" + dir + "/root", "--setopt=reposdir=/dev/null", "--setopt=cachedir=" + dir + "/cache", "--setopt=logdir=" + dir,
			"--setopt=module_platform_id=platform:f45", "--repofrompath=t," + server.URL, "--nogpgcheck", "--releasever=45", "--forcearch=x86_64", "--setopt=tsflags=test",
		}, args...)...)
	}
	if got := dnf("module", "list"); !strings.Contains(got, "testmod") || !strings.Contains(got, "1.10 [d]") || !strings.Contains(got, "default [d]") {
		t.Errorf("dnf module list:\n%s", got)
	}
	if got := dnf("module", "enable", "testmod:1.10"); !strings.Contains(got, "testmod") {
		t.Errorf("dnf module enable:\n%s", got)
	}
	if got := dnf("install", "testmod"); !strings.Contains(got, "2-1") || strings.Contains(got, "3-1") {
		t.Errorf("dnf install:\n%s", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(file))
	f.Add([]byte("document: modulemd-packager\nversion: 2\ndata: {name: a, stream: b, dependencies: [{requires: {c: [d]}}]}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		index, err := modulemd.Parse(raw)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := index.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := modulemd.Parse(out.Bytes())
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, out.Bytes())
		}
		if diff := cmp.Diff(index.Names(), again.Names()); diff != "" {
			t.Fatal(diff)
		}
		for _, s := range index.Streams {
			raw, err := s.Publish("x86_64", []string{"a-0:1-1.x86_64"}).Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if p, err := modulemd.ParseStream(raw); err != nil || len(p.Artifacts) != 1 {
				t.Fatalf("published: %v\n%s", err, raw)
			}
		}
	})
}
