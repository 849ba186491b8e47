package composemake_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/mbs"
	"github.com/distaff-project/distaff/shared/mbs/mbstest"
)

// modulemd is the document of a module's build.
func modulemd(name, stream, version, requires string, profile ...string) string {
	return fmt.Sprintf(`---
document: modulemd
version: 2
data:
  name: %s
  stream: "%s"
  version: %s
  context: c0ffee42
  summary: %[1]s
  description: >-
    A module.
  license: {module: [MIT]}
  dependencies:
  - buildrequires: {platform: [f45]}
    requires: {platform: [f45]%[4]s}
  profiles:
    default: {rpms: [%[5]s]}
  filter: {rpms: [pair-lib]}
`, name, stream, version, requires, strings.Join(profile, ", "))
}

// defaults makes pairs:1 the default stream.
func defaults(_ *kojitest.Config, o *composemake.Options, _ *world) {
	o.Fetch = func(_ context.Context, repository, commit, path string) ([]byte, error) {
		if repository != "https://git.example/defaults" || commit != "abc" || path != "pairs.yaml" {
			return nil, fs.ErrNotExist
		}
		return []byte("---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: pairs\n  stream: \"1\"\n  profiles:\n    \"1\": [default]\n"), nil
	}
}

func TestAModuleIsInstalledFromACompose(t *testing.T) {
	bucket, _ := served(t)
	w := newWorld(t, bucket, defaults)
	if _, err := w.server.Import(kojitest.Import{Files: rpmbuild(t, spec), Owner: "pkg"}); err != nil {
		t.Fatal(err)
	}
	w.build("bash-5.2-1.fc45", nil, "bash.x86_64")
	for _, m := range []kojitest.Module{
		{Name: "pairs", Stream: "1", Version: "20", Context: "c0ffee42", Builds: []string{"pair-2.0-1.fc45"}, YAML: modulemd("pairs", "1", "20", ", shell: [five]", "pair-tool")},
		{Name: "pairs", Stream: "1", Version: "10", Context: "c0ffee42", Builds: []string{"bash-5.2-1.fc45"}, YAML: modulemd("pairs", "1", "10", "", "bash")},
		{Name: "shell", Stream: "five", Version: "7", Context: "c0ffee42", Builds: []string{"bash-5.2-1.fc45"}, YAML: modulemd("shell", "five", "7", "", "bash")},
	} {
		m.Tags = []string{"f45"}
		if _, err := w.server.ImportModule(m); err != nil {
			t.Fatal(err)
		}
	}
	c := w.compose(request(func(r *compose.Request) {
		r.SourceType, r.Source, r.ModularKojiTags, r.Flags = compose.Module, []string{"pairs:1"}, []string{"f45"}, 0
		r.ModuleDefaultsURL, r.ModuleDefaultsCommit = "https://git.example/defaults", "abc"
	}))
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	if got := strings.Join(c.Request.Source, " "); got != "pairs:1:20:c0ffee42 shell:five:7:c0ffee42" {
		t.Errorf("the source is %q", got)
	}
	if names := strings.Join(w.names(c, "x86_64/os"), " "); names != "bash.x86_64 pair-app-1:2.0-1.fc45.noarch.noarch pair-extra-1:2.0-1.fc45.noarch.noarch pair-tool-1:2.0-1.fc45.noarch.noarch" {
		t.Errorf("it has %q", names)
	}
	dir := publish.Dir(c.ID)
	if modules := w.get(dir + "compose/metadata/modules.json"); !strings.Contains(modules, `"pairs:1:20:c0ffee42"`) || !strings.Contains(modules, "pair-tool-1:2.0-1.fc45.noarch") {
		t.Errorf("modules.json is %s", modules)
	}
	repofile := w.get(dir + "compose/Temporary/odcs-1.repo")
	if listed := dnf(t, repofile, "--setopt=module_platform_id=platform:f45", "module", "list"); !strings.Contains(listed, "pairs") || !strings.Contains(listed, "1 [d]") {
		t.Errorf("dnf lists %s", listed)
	}
	root := t.TempDir()
	dnf(t, repofile, "--setopt=module_platform_id=platform:f45", "--installroot="+root, "module", "enable", "pairs:1")
	dnf(t, repofile, "--setopt=module_platform_id=platform:f45", "--installroot="+root, "install", "pair-tool")
	if _, err := os.Stat(root + "/usr/bin/pair-tool"); err != nil {
		t.Error(err)
	}
}

func TestAModuleNobodyBuilt(t *testing.T) {
	w := newWorld(t)
	for want, change := range map[string]func(*compose.Request){
		"nodejs:20": func(r *compose.Request) { r.ModularKojiTags, r.Source = []string{"f45"}, []string{"nodejs:20"} },
		"has no Module Build Service": func(r *compose.Request) {
			r.Source = []string{"nodejs:20"}
		},
		"no tag f99": func(r *compose.Request) { r.ModularKojiTags, r.Source = []string{"f99"}, []string{"nodejs:20"} },
	} {
		c := w.compose(request(func(r *compose.Request) {
			r.SourceType = compose.Module
			change(r)
		}))
		if c.State != compose.Failed || !strings.Contains(c.Reason, want) {
			t.Errorf("%s: %s\nnot %s", c.State, c.Reason, want)
		}
	}
}

func TestAModuleOfTheModuleBuildService(t *testing.T) {
	service := mbstest.New()
	web := httptest.NewServer(service)
	t.Cleanup(web.Close)
	w := newWorld(t, func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.Modules = mbs.New(web.URL+"/module-build-service", nil)
	})
	w.build("nodejs-20-1.fc45", nil, "nodejs.x86_64", "nodejs-docs.noarch")
	w.build("icu-70-1.fc45", nil, "icu.x86_64")
	for _, m := range []kojitest.Module{
		{Name: "nodejs", Stream: "20", Version: "5", Context: "c0ffee42", Builds: []string{"nodejs-20-1.fc45"}, YAML: modulemd("nodejs", "20", "5", ", icu: [\"70\"]", "nodejs")},
		{Name: "icu", Stream: "70", Version: "3", Context: "c0ffee42", Builds: []string{"icu-70-1.fc45"}, YAML: modulemd("icu", "70", "3", "", "icu")},
	} {
		if _, err := w.server.ImportModule(m); err != nil {
			t.Fatal(err)
		}
		service.Add(mbstest.Module{
			Name: m.Name, Stream: m.Stream, Version: m.Version, Context: m.Context, State: 5, KojiTag: m.ContentTag(),
			BaseName: "platform", BaseStream: "f45", BaseVersion: 450000, Modulemd: m.YAML,
		})
	}
	module := func(flags compose.Flag, name string) compose.Compose {
		return w.compose(request(func(r *compose.Request) { r.SourceType, r.Source, r.Flags = compose.Module, []string{name}, flags }))
	}
	c := module(0, "nodejs:20")
	if names := strings.Join(w.names(c, "x86_64/os"), " "); names != "icu.x86_64 nodejs-docs.noarch nodejs.x86_64" {
		t.Errorf("it has %s", names)
	}
	if source := strings.Join(c.Request.Source, " "); source != "icu:70:3:c0ffee42 nodejs:20:5:c0ffee42" {
		t.Errorf("the source is %s", source)
	}
	if c = module(compose.NoDeps, "nodejs:20"); strings.Join(w.names(c, "x86_64/os"), " ") != "nodejs-docs.noarch nodejs.x86_64" {
		t.Errorf("it has %s", w.names(c, "x86_64/os"))
	}
	if c = module(0, "ruby:3"); c.State != compose.Failed || !strings.Contains(c.Reason, "ruby:3") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	service.Fail(100, 503)
	id := w.ask(request(func(r *compose.Request) { r.SourceType, r.Source = compose.Module, []string{"nodejs:21"} }))
	if err := w.hear(t.Context(), id); err != nil {
		t.Error(err)
	}
	if c, err := w.desk.Read(t.Context(), id); err != nil || c.State != compose.Generating || !strings.Contains(c.Trouble, "503") {
		t.Errorf("%v: %s, %q", err, c.State, c.Trouble)
	}
	if err := w.hear(t.Context(), id); err == nil {
		t.Error("a service that is down fails a compose for good")
	}
}
