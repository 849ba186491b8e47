package updateinfo_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/updateinfo"
)

const fix = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="updates@example.org" status="stable" type="security" version="2">
    <id>FEDORA-2026-1</id>
    <title>bash-5.2-2.fc45</title>
    <issued date="2026-11-20 08:00:00"/>
    <updated date="2026-11-21 08:00:00"/>
    <rights>Copyright</rights>
    <release>Fedora 45</release>
    <severity>Important</severity>
    <summary>Fixes a hole</summary>
    <description>It was &lt;open&gt; &amp; wide.</description>
    <unheard>of</unheard>
    <references><reference href="https://bugs.example.org/1" id="CVE-2026-1" type="cve" title="A hole"/></references>
    <pkglist>
      <collection short="F45">
        <name>Fedora 45</name>
        <module name="shells" stream="1" version="2" context="c0ffee" arch="x86_64"/>
        <package name="bash" version="5.2" release="2.fc45" epoch="0" arch="x86_64" src="bash-5.2-2.fc45.src.rpm">
          <filename>bash-5.2-2.fc45.x86_64.rpm</filename>
          <sum type="sha256">00</sum>
          <reboot_suggested/>
        </package>
        <package name="bash" version="5.2" release="2.fc45" arch="aarch64" src=""><filename>bash-5.2-2.fc45.aarch64.rpm</filename></package>
      </collection>
    </pkglist>
  </update>
  <update type="bugfix"><id>FEDORA-2026-2</id><pkglist><collection><package name="ksh" version="1" release="1" arch="x86_64"/></collection></pkglist></update>
  <update type="bugfix"><pkglist><collection><package name="bash" version="5.2" release="2.fc45" arch="x86_64"/></collection></pkglist></update>
</updates>
`

func only(names ...string) func(string) bool {
	return func(nevra string) bool {
		for _, n := range names {
			if n == nevra {
				return true
			}
		}
		return false
	}
}

func parse(t testing.TB, text string, names ...string) []updateinfo.Update {
	t.Helper()
	updates, err := updateinfo.Parse([]byte(text), only(names...))
	if err != nil {
		t.Fatal(err)
	}
	return updates
}

func write(t testing.TB, updates []updateinfo.Update) string {
	t.Helper()
	var out bytes.Buffer
	if err := updateinfo.Write(&out, updates); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const bash = "bash-0:5.2-2.fc45.x86_64"

func TestOnlyUpdatesOfPackagesThatAreThereStay(t *testing.T) {
	updates := parse(t, fix, bash)
	if len(updates) != 1 || updates[0].ID != "FEDORA-2026-1" || len(updates[0].Collections[0].Packages) != 1 {
		t.Fatalf("%+v", updates)
	}
	text := write(t, updates)
	for _, want := range []string{
		`<update from="updates@example.org" status="stable" type="security" version="2">`, `<issued date="2026-11-20 08:00:00">`,
		"It was &lt;open&gt; &amp; wide.", `id="CVE-2026-1"`, `context="c0ffee"`, "<reboot_suggested>", `<sum type="sha256">00</sum>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if again := parse(t, text, bash); !cmp.Equal(updates, again) {
		t.Errorf("what was written reads differently:\n%s", cmp.Diff(updates, again))
	}
	if none := parse(t, fix, "zsh-0:1-1.x86_64"); len(none) > 0 {
		t.Errorf("%+v", none)
	}
}

func TestAnUpdateOfTwoRepositoriesHasThePackagesOfBoth(t *testing.T) {
	older := strings.NewReplacer("2026-11-21", "2026-11-19", "Important", "Low", `name="bash"`, `name="bash-doc"`, "<filename>bash", "<filename>bash-doc").Replace(fix)
	doc := "bash-doc-0:5.2-2.fc45.x86_64"
	for name, lists := range map[string][][]updateinfo.Update{
		"the newer last":  {parse(t, older, doc), parse(t, fix, bash)},
		"the newer first": {parse(t, fix, bash), parse(t, older, doc), parse(t, fix, bash)},
	} {
		all := updateinfo.Merge(lists...)
		if len(all) != 1 || all[0].Severity != "Important" || len(all[0].Collections) != 2 {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

func TestWhatIsNoUpdateinfoIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a web page": "<html></html>", "cut off": fix[:900], "an entity": strings.Replace(fix, "Copyright", "&copyright;", 1),
		"a control character": strings.Replace(fix, "Copyright", "a\x01b", 1), "no UTF-8": strings.Replace(fix, "Copyright", "\xff", 1),
		"large": fix + strings.Repeat(" ", updateinfo.Largest), "many": "<updates>" + strings.Repeat("<update/>", 100_001) + "</updates>",
	} {
		if _, err := updateinfo.Parse([]byte(text), only(bash)); !errors.Is(err, updateinfo.ErrUpdateInfo) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// createrepo_c's modifyrepo_c only packs the file; its Python binding reads it.
func TestCreaterepoReadsTheUpdates(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no Python is installed")
	}
	if exec.CommandContext(t.Context(), python, "-c", "import createrepo_c").Run() != nil {
		t.Skip("no binding of createrepo_c is installed")
	}
	file := filepath.Join(t.TempDir(), "updateinfo.xml")
	if err := os.WriteFile(file, []byte(write(t, parse(t, fix, bash))), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "-c", `
import createrepo_c, sys
for u in createrepo_c.UpdateInfo(sys.argv[1]).updates:
    print(u.id, u.type, u.severity, u.issued_date, [r.id for r in u.references], [(c.shortname, c.name, [(p.name, p.epoch, p.arch, p.filename) for p in c.packages]) for c in u.collections])
`, file).CombinedOutput()
	want := "FEDORA-2026-1 security Important 2026-11-20 08:00:00 ['CVE-2026-1'] [('F45', 'Fedora 45', [('bash', '0', 'x86_64', 'bash-5.2-2.fc45.x86_64.rpm')])]\n"
	if diff := cmp.Diff(want, string(out)); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fix))
	f.Add([]byte("<updates><update><id>a</id></update></updates>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		updates, err := updateinfo.Parse(raw, func(string) bool { return true })
		if err != nil {
			return
		}
		updates = updateinfo.Merge(updates)
		text := write(t, updates)
		again, err := updateinfo.Parse([]byte(text), func(string) bool { return true })
		if err != nil || len(again) != len(updates) {
			t.Fatalf("%d updates were written, %d read: %v\n%s", len(updates), len(again), err, text)
		}
	})
}
