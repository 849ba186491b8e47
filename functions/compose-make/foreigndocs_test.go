package composemake_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/foreign"
)

// saying is the repository at an address, with documents added to its metadata.
func saying(t testing.TB, address string, documents map[repodata.Kind]string) string {
	t.Helper()
	md, err := repodata.ParseRepomd(download(t, address+"/repodata/repomd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for kind, text := range documents {
		raw := []byte(text)
		location := "repodata/" + string(kind) + ".plain"
		files["/"+location] = raw
		md.Data = append(md.Data, repodata.Data{
			Type: kind, Location: location, Size: int64(len(raw)), OpenSize: int64(len(raw)), Checksum: repodata.Sum(raw), OpenChecksum: repodata.Sum(raw),
		})
	}
	if files["/repodata/repomd.xml"], err = md.Encode(); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if raw, there := files[r.URL.Path]; there {
			_, _ = w.Write(raw)
			return
		}
		_, _ = w.Write(download(t, address+r.URL.Path))
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func advisory(id, name, arch string) string {
	return `<update from="me" status="stable" type="security" version="1"><id>` + id + `</id><title>A fix</title>
<issued date="2026-11-20 08:00:00"/><severity>Critical</severity><summary>Fixes a hole</summary><description>&lt;hole&gt;</description>
<references><reference href="https://bugs.example.org/1" id="CVE-2026-1" type="cve" title="hole"/></references>
<pkglist><collection short="F45"><name>F45</name><package name="` + name + `" epoch="1" version="2.0" release="1.fc45" arch="` + arch + `" src="pair-2.0-1.fc45.src.rpm">
<filename>` + name + `-2.0-1.fc45.` + arch + `.rpm</filename></package></collection></pkglist></update>`
}

const pairModule = `---
document: modulemd
version: 2
data:
  name: pairs
  stream: "1"
  version: 20
  context: c0ffee42
  arch: x86_64
  summary: Pairs
  description: >-
    A module.
  license: {module: [MIT]}
  profiles:
    default: {rpms: [pair-tool]}
  artifacts:
    rpms: [pair-tool-1:2.0-1.fc45.noarch, pair-none-0:1-1.noarch]
...
---
document: modulemd
version: 2
data:
  name: gone
  stream: "1"
  version: 20
  context: c0ffee42
  arch: x86_64
  summary: Gone
  description: >-
    Nothing of it is here.
  license: {module: [MIT]}
  artifacts:
    rpms: [gone-0:1-1.noarch]
...
---
document: modulemd-defaults
version: 1
data:
  module: pairs
  stream: "1"
...
---
document: modulemd-obsoletes
version: 1
data:
  module: pairs
  stream: "0"
  modified: 2026-11-20T08:00Z
  eol_date: 2026-11-21T00:00Z
  message: Ended
  obsoleted_by: {module: pairs, stream: "1"}
...
`

func TestWhatOtherRepositoriesSayBesideTheirPackages(t *testing.T) {
	bucket, url := served(t)
	w := newWorld(t, bucket, func(_ *kojitest.Config, o *composemake.Options, _ *world) { o.Open = &foreign.Client{} })
	if _, err := w.server.Import(kojitest.Import{Files: rpmbuild(t, spec), Tags: []string{"f45"}, Owner: "pkg"}); err != nil {
		t.Fatal(err)
	}
	theirs := url + "/odcs-1/compose/Temporary/x86_64/os"
	if c := w.compose(request()); c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	group := func(name string) string {
		return `<comps><group><id>pairs</id><name>All pairs</name><packagelist><packagereq type="mandatory">` + name +
			`</packagereq><packagereq>elsewhere</packagereq></packagelist></group></comps>`
	}
	first := saying(t, theirs, map[repodata.Kind]string{
		repodata.UpdateInfo: "<updates>" + advisory("FIX-1", "pair-app", "noarch") + advisory("FIX-9", "elsewhere", "noarch") + "</updates>",
		repodata.Group:      group("pair-app"),
	})
	second := saying(t, theirs, map[repodata.Kind]string{
		repodata.UpdateInfo: "<updates>" + advisory("FIX-1", "pair-tool", "noarch") + advisory("FIX-2", "pair-lib", "noarch") + "</updates>",
		repodata.Group:      group("pair-tool"), repodata.Modules: pairModule,
	})
	from := func(sources ...string) compose.Compose {
		return w.compose(request(func(r *compose.Request) { r.SourceType, r.Source = compose.Repo, sources }))
	}
	c := from(first, second)
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	w.whole(c)
	check := func(c compose.Compose) {
		t.Helper()
		said := w.metadata(publish.Dir(c.DirOf()) + "compose/Temporary/x86_64/os")
		if text := said["updateinfo"]; strings.Count(text, "<update ") != 2 || strings.Count(text, "<filename>") != 3 || strings.Contains(text, "FIX-9") {
			t.Errorf("the updates are %s", text)
		}
		if text := said["group"]; strings.Count(text, "<id>pairs</id>") != 1 || strings.Count(text, "<packagereq") != 2 {
			t.Errorf("the groups are %s", text)
		}
		if text := said["modules"]; !strings.Contains(text, "pair-tool-1:2.0-1.fc45.noarch") || strings.Contains(text, "pair-none") || strings.Contains(text, "gone") ||
			!strings.Contains(text, "modulemd-defaults") || !strings.Contains(text, "obsoleted_by") {
			t.Errorf("the modules are %s", text)
		}
	}
	check(c)
	if again := w.copied(c, func(*compose.Request) {}); again.State != compose.Done {
		t.Error(again.Reason)
	} else {
		check(again)
	}
	repofile := w.get(publish.Dir(c.ID) + "compose/Temporary/odcs-2.repo")
	root := t.TempDir()
	in := func(args ...string) string {
		return dnf(t, repofile, append([]string{"--setopt=module_platform_id=platform:f45", "--installroot=" + root}, args...)...)
	}
	in("install", "pair-app")
	for want, listed := range map[string]string{
		"FIX-1 Critical/Sec. pair-app-1:2.0-1.fc45.noarch": in("updateinfo", "list", "--installed"),
		"CVE-2026-1": in("updateinfo", "info", "--installed"),
		"All pairs":  in("group", "list", "--hidden"),
		"pairs":      in("module", "list"),
	} {
		if !strings.Contains(strings.Join(strings.Fields(listed), " "), want) {
			t.Errorf("dnf says not %q but\n%s", want, listed)
		}
	}

	for want, documents := range map[string]map[repodata.Kind]string{
		"updateinfo":          {repodata.UpdateInfo: "<updates><update>"},
		"group":               {repodata.Group: "<comps><group/></comps>"},
		"modules":             {repodata.Modules: "document: unheard\nversion: 1\ndata: {}\n"},
		"anchors and aliases": {repodata.Modules: "a: &a [1]\nb: *a\n"},
	} {
		bad := saying(t, theirs, documents)
		if c = from(bad); c.State != compose.Failed || !strings.Contains(c.Reason, want) || !strings.Contains(c.Reason, bad) {
			t.Errorf("%s: %s\nnot %s", c.State, c.Reason, want)
		}
	}
}

func TestGroupsGoOnWithOtherSignatures(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64", "bash-doc.noarch")
	w.sign(key, "bash-5.2-1.fc45")
	c := w.compose(request(func(r *compose.Request) { r.Packages = []string{"bash"} }))
	again := w.copied(c, func(r *compose.Request) { r.Sigkeys = []string{key} })
	if again.State != compose.Done {
		t.Fatal(again.Reason)
	}
	const os = "compose/Temporary/x86_64/os"
	old, now := w.metadata(publish.Dir(c.ID) + os)["group"], w.metadata(publish.Dir(again.ID) + os)["group"]
	if now == "" || now != old {
		t.Errorf("the groups are %q, they were %q", now, old)
	}
}
