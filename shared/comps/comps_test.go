package comps_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/comps"
)

const file = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>core</id>
    <name>Core</name>
    <name xml:lang="de">Kern</name>
    <description>Smallest &amp; needed</description>
    <default>true</default>
    <uservisible>false</uservisible>
    <packagelist>
      <packagereq type="mandatory"> bash </packagereq>
      <packagereq type="optional" arch="x86_64,aarch64">grub2</packagereq>
      <packagereq type="conditional" requires="gnome-shell">bash-icons</packagereq>
    </packagelist>
  </group>
  <group>
    <id>web</id>
    <name>Web</name>
    <packagelist><packagereq>httpd</packagereq></packagelist>
  </group>
  <category>
    <id>all</id><name>All</name>
    <grouplist><groupid>core</groupid><groupid>web</groupid></grouplist>
  </category>
  <environment>
    <id>minimal</id><name>Minimal</name><display_order>3</display_order>
    <grouplist><groupid> core </groupid></grouplist>
    <optionlist><groupid default="true">web</groupid></optionlist>
  </environment>
  <environment>
    <id>server</id><name>Server</name>
    <grouplist><groupid>web</groupid></grouplist>
  </environment>
  <langpacks><match install="x-langpack-%s" name="x"/></langpacks>
</comps>
`

func parse(t testing.TB, text string) comps.Comps {
	t.Helper()
	c, err := comps.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t testing.TB, c comps.Comps) string {
	t.Helper()
	var out bytes.Buffer
	if err := c.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGroupsSurviveTheRoundTrip(t *testing.T) {
	c := parse(t, file)
	if diff := cmp.Diff(c, parse(t, write(t, c))); diff != "" {
		t.Errorf("(-first +again):\n%s", diff)
	}
	g := c.Groups[0]
	if g.Names[1] != (comps.Text{Lang: "de", Value: "Kern"}) || g.Packages[0].Name != "bash" || !g.Default || *g.UserVisible || *c.Environments[0].DisplayOrder != 3 {
		t.Errorf("%+v", g)
	}
}

func TestARepositoryHasTheGroupsOfItsPackages(t *testing.T) {
	got := parse(t, file).Filter("s390x", func(name string) bool { return name == "bash" || name == "grub2" })
	want := []string{"core: bash", "minimal: core", "all: core"}
	var have []string
	for _, g := range got.Groups {
		line := g.ID + ":"
		for _, p := range g.Packages {
			line += " " + p.Name
		}
		have = append(have, line)
	}
	for _, e := range got.Environments {
		line := e.ID + ":"
		for _, g := range append(e.Groups, e.Options...) {
			line += " " + g.ID
		}
		have = append(have, line)
	}
	for _, e := range got.Categories {
		line := e.ID + ":"
		for _, g := range e.Groups {
			line += " " + g.ID
		}
		have = append(have, line)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAVariantHasThePackagesOfItsGroups(t *testing.T) {
	c := parse(t, file).Only([]string{"co*"}, []string{"minimal"})
	if diff := cmp.Diff([]string{"bash", "grub2"}, c.Packages("x86_64")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"bash"}, c.Packages("s390x")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{"gnome-shell": {"bash-icons"}}, c.Conditions("x86_64")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(c.Environments) != 1 || len(c.Environments[0].Options) != 0 {
		t.Errorf("%+v", c.Environments)
	}
}

func TestGroupsOfSeveralRepositoriesAreOne(t *testing.T) {
	first := parse(t, `<comps><group><id>core</id><name>Core</name><packagelist><packagereq>bash</packagereq></packagelist></group>
<environment><id>server</id><grouplist><groupid>core</groupid></grouplist></environment><langpacks><match install="a-%s" name="a"/></langpacks></comps>`)
	second := parse(t, `<comps><group><id>core</id><name>Other</name><packagelist><packagereq>bash</packagereq><packagereq>ksh</packagereq></packagelist></group>
<group><id>more</id><packagelist><packagereq>zsh</packagereq></packagelist></group>
<category><id>all</id><grouplist><groupid>core</groupid></grouplist></category>
<environment><id>server</id><grouplist><groupid>core</groupid></grouplist><optionlist><groupid>more</groupid></optionlist></environment>
<langpacks><match install="a-%s" name="a"/><match install="b-%s" name="b"/></langpacks></comps>`)
	all := comps.Merge(first, second)
	if diff := cmp.Diff([]string{"bash", "ksh", "zsh"}, all.Packages("x86_64")); diff != "" {
		t.Error(diff)
	}
	if all.Groups[0].Names[0].Value != "Core" || len(all.Groups[0].Packages) != 2 || len(all.Environments) != 1 ||
		len(all.Environments[0].Groups) != 1 || len(all.Environments[0].Options) != 1 || len(all.Categories) != 1 || len(all.Langpacks.Matches) != 2 {
		t.Errorf("%+v", all)
	}
	if len(first.Groups[0].Packages) != 1 {
		t.Error("the first was changed")
	}
}

func TestWhatIsNoCompsFileIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"another document":   "<html/>",
		"a group twice":      strings.Replace(file, "<id>web", "<id>core", 1),
		"a group without id": strings.Replace(file, "<id>web</id>", "", 1),
		"a package's path":   strings.Replace(file, "httpd", "../httpd", 1),
		"an entity":          strings.Replace(file, "Web", "&web;", 1),
		"the end missing":    file[:400],
		"too much":           file + strings.Repeat(" ", comps.Largest),
	} {
		if _, err := comps.Parse([]byte(text)); !errors.Is(err, comps.ErrComps) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDnfReadsTheGroups(t *testing.T) {
	for _, program := range []string{"dnf", "createrepo_c"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := parse(t, file)
	c.Groups = append(c.Groups, comps.ODCS([]string{"b", "a", "b"}).Groups...)
	put("comps.xml", write(t, c))
	put("dnf.conf", "[main]\nplugins=0\n")
	if out, err := exec.CommandContext(t.Context(), "createrepo_c", "-q", "--groupfile="+dir+"/comps.xml", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "dnf", "-q", "--config="+dir+"/dnf.conf", "--installroot="+dir+"/root", "--setopt=reposdir=/dev/null",
		"--setopt=cachedir="+dir+"/cache", "--setopt=logdir="+dir, "--repofrompath=t,file://"+dir, "--releasever=45", "group", "info", "core", "web", "odcs-group", "minimal").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"Smallest & needed", "bash-icons", "ODCS compose default group", "Environment Group: Minimal", "httpd"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s is not in\n%s", want, out)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(file))
	f.Add([]byte("<comps><group><id>a</id><packagelist><packagereq type='x'>b</packagereq></packagelist></group></comps>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := comps.Parse(raw)
		if err != nil {
			return
		}
		again, err := comps.Parse([]byte(write(t, c)))
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if diff := cmp.Diff(c.Packages("x86_64"), again.Packages("x86_64")); diff != "" {
			t.Fatal(diff)
		}
	})
}
