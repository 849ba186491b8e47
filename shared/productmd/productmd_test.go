package productmd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/productmd"
)

func compose(t testing.TB) productmd.Compose {
	t.Helper()
	c, err := productmd.New(productmd.ID{
		Short: "odcs-12", Version: "1", Date: "20261121", Type: productmd.Test,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func bash(arch, name string) productmd.RPM {
	source := "bash-0:5.3-1.fc45.src"
	p := productmd.RPM{Variant: "Temporary", Arch: arch, Source: source, NEVRA: name}
	p.Category, p.Path, p.SigKey = productmd.Binary, "Temporary/"+arch+"/os/Packages/b/x.rpm", productmd.Signed("E99D6AD1")
	if strings.HasSuffix(name, ".src") {
		p.Category, p.Path = productmd.Source, "Temporary/source/tree/Packages/b/x.src.rpm"
	}
	return p
}

func TestTheIDOfAComposeIsReadAndWritten(t *testing.T) {
	for text, want := range map[string]productmd.ID{
		"odcs-12-1-20261121.t.0":                 {Short: "odcs-12", Version: "1", Date: "20261121", Type: productmd.Test},
		"Fedora-Rawhide-20261121.n.3":            {Short: "Fedora", Version: "Rawhide", Date: "20261121", Type: productmd.Nightly, Respin: 3},
		"Fedora-45-updates-testing-20261121.0":   {Short: "Fedora", Version: "45", ReleaseType: "updates-testing", Date: "20261121", Type: productmd.Production},
		"CentOS-Stream-10-20261121.ci.12":        {Short: "CentOS-Stream", Version: "10", Date: "20261121", Type: productmd.CI, Respin: 12},
		"RHEL-9.6.0-20261121.d.1":                {Short: "RHEL", Version: "9.6.0", Date: "20261121", Type: productmd.Development, Respin: 1},
		"Fedora-45-updates-20261121.development": {},
		"Fedora-45-20261121":                     {},
		"Fedora-45-2026112.n.0":                  {},
		"../Fedora-45-20261121.n.0":              {},
		"Fedora-20261121.n.0":                    {},
		"":                                       {},
	} {
		got, err := productmd.ParseID(text)
		if (err == nil) != (want.Short != "") || err != nil && !errors.Is(err, productmd.ErrMetadata) {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if back, err := got.Format(); want.Short != "" && (err != nil || back != text) {
			t.Errorf("%q is written back as %q (%v)", text, back, err)
		}
	}
	layered := productmd.ID{
		Short: "RHCEPH", Version: "8", ReleaseType: "eus", Base: &productmd.Base{Short: "RHEL", Version: "9"},
		Date: "20261121", Type: productmd.Production, Respin: 2,
	}
	if got, err := layered.Format(); err != nil || got != "RHCEPH-8-eus-RHEL-9-20261121.2" {
		t.Errorf("a layered product's id is %q (%v)", got, err)
	}
}

func TestRPMsAreWrittenAsPungiDoes(t *testing.T) {
	var out bytes.Buffer
	w, err := productmd.NewRPMsWriter(&out, compose(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []productmd.RPM{
		bash("aarch64", "bash-0:5.3-1.fc45.aarch64"), bash("x86_64", "bash-0:5.3-1.fc45.src"),
		bash("x86_64", "bash-0:5.3-1.fc45.src"), bash("x86_64", "bash-0:5.3-1.fc45.x86_64"),
	} {
		if err := w.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := `{
    "header": {
        "type": "productmd.rpms",
        "version": "1.2"
    },
    "payload": {
        "compose": {
            "date": "20261121",
            "id": "odcs-12-1-20261121.t.0",
            "respin": 0,
            "type": "test"
        },
        "rpms": {
            "Temporary": {
                "aarch64": {
                    "bash-0:5.3-1.fc45.src": {
                        "bash-0:5.3-1.fc45.aarch64": {
                            "category": "binary",
                            "path": "Temporary/aarch64/os/Packages/b/x.rpm",
                            "sigkey": "e99d6ad1"
                        }
                    }
                },
                "x86_64": {
                    "bash-0:5.3-1.fc45.src": {
                        "bash-0:5.3-1.fc45.src": {
                            "category": "source",
                            "path": "Temporary/source/tree/Packages/b/x.src.rpm",
                            "sigkey": "e99d6ad1"
                        },
                        "bash-0:5.3-1.fc45.x86_64": {
                            "category": "binary",
                            "path": "Temporary/x86_64/os/Packages/b/x.rpm",
                            "sigkey": "e99d6ad1"
                        }
                    }
                }
            }
        }
    }
}`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var got []productmd.RPM
	read, err := productmd.ReadRPMs(&out, 1<<20, 3, func(p productmd.RPM) error {
		got = append(got, p)
		return nil
	})
	if err != nil || read != compose(t) || len(got) != 3 || got[1].NEVRA != "bash-0:5.3-1.fc45.src" {
		t.Errorf("read back: %v, %+v, %+v", err, read, got)
	}
}

func TestWhatDoesNotBelongInRPMsIsRefused(t *testing.T) {
	good := bash("x86_64", "bash-0:5.3-1.fc45.x86_64")
	for name, spoil := range map[string]func(*productmd.RPM){
		"no epoch":                      func(p *productmd.RPM) { p.NEVRA = "bash-5.3-1.fc45.x86_64" },
		"a source tree":                 func(p *productmd.RPM) { p.Arch = "src" },
		"an absolute path":              func(p *productmd.RPM) { p.Path = "/etc/passwd" },
		"a path that climbs":            func(p *productmd.RPM) { p.Path = "Temporary/../../x.rpm" },
		"a category of its own":         func(p *productmd.RPM) { p.Category = "package" },
		"a source package as binary":    func(p *productmd.RPM) { p.NEVRA = p.Source },
		"a source package of another's": func(p *productmd.RPM) { p.NEVRA, p.Category = "zsh-0:1-1.src", productmd.Source },
	} {
		t.Run(name, func(t *testing.T) {
			w, err := productmd.NewRPMsWriter(io.Discard, compose(t))
			if err != nil {
				t.Fatal(err)
			}
			p := good
			spoil(&p)
			if err := w.Add(p); !errors.Is(err, productmd.ErrMetadata) || !errors.Is(w.Close(), productmd.ErrMetadata) {
				t.Errorf("it was written: %v", err)
			}
		})
	}
	w, err := productmd.NewRPMsWriter(io.Discard, compose(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Add(good), w.Add(bash("aarch64", "bash-0:5.3-1.fc45.aarch64"))); err == nil {
		t.Error("packages out of order were written")
	}
}

func TestRPMsOfOthersAreReadWithinBounds(t *testing.T) {
	var file bytes.Buffer
	w, err := productmd.NewRPMsWriter(&file, compose(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if err := w.Add(bash("x86_64", fmt.Sprintf("bash-0:5.3-%02d.fc45.x86_64", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	none := func(productmd.RPM) error { return nil }
	mine := errors.New("enough")
	text := file.String()
	for name, tt := range map[string]struct {
		text  string
		limit int64
		most  int
		each  func(productmd.RPM) error
		want  string
	}{
		"too many packages":         {text, 1 << 20, 49, none, "more packages than are read"},
		"too many bytes":            {text, 2000, 50, none, "larger than 2000 bytes"},
		"cut off":                   {text[:3000], 1 << 20, 50, none, "ends too early"},
		"something behind":          {text + "{}", 1 << 20, 50, none, "follows the end"},
		"another file":              {strings.Replace(text, "productmd.rpms", "productmd.images", 1), 1 << 20, 50, none, `want "productmd.rpms"`},
		"a path that leaves":        {strings.Replace(text, "Temporary/x86_64", "../x86_64", 1), 1 << 20, 50, none, "does not stay"},
		"no payload":                {`{"header":{"type":"productmd.rpms","version":"1.2"}}`, 1 << 20, 50, none, "is not there"},
		"a list in place of a map":  {`{"payload":{"rpms":[1]}}`, 1 << 20, 50, none, "an object was to stand"},
		"its reader has had enough": {text, 1 << 20, 50, func(productmd.RPM) error { return mine }, "enough"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := productmd.ReadRPMs(strings.NewReader(tt.text), tt.limit, tt.most, tt.each)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func info(t testing.TB) productmd.ComposeInfo {
	trees := map[string]productmd.Tree{
		"x86_64": {Binary: true, Debug: true, Source: true}, "aarch64": {Binary: true},
	}
	return productmd.ComposeInfo{
		Compose: compose(t), Release: productmd.Release{Name: "odcs-12", Short: "odcs-12", Version: "1", Type: "ga"},
		Variants: []productmd.Variant{{
			ID: "Temporary", UID: "Temporary", Name: "Temporärß 𝕏 \"<&>\"", Type: "variant", Arches: []string{"aarch64", "x86_64"},
			Paths: productmd.Layout("Temporary", trees),
			Variants: []productmd.Variant{
				{ID: "optional", UID: "Temporary-optional", Name: "optional", Type: "optional", Arches: []string{"x86_64"}, Paths: map[string]map[string]string{}},
			},
		}},
	}
}

func TestComposeInfoSurvivesTheRoundTrip(t *testing.T) {
	var out bytes.Buffer
	if err := info(t).Write(&out); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsFunc(out.Bytes(), func(r rune) bool { return r >= 0x7f }) {
		t.Error("the file is not ASCII")
	}
	got, err := productmd.ReadComposeInfo(bytes.NewReader(out.Bytes()), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(info(t), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := productmd.ReadComposeInfo(&out, 100); err == nil || !strings.Contains(err.Error(), "larger than 100 bytes") {
		t.Errorf("a file beyond the limit: %v", err)
	}
	text := strings.Replace(out.String(), `"optional"`, `"../x"`, 1)
	if _, err := productmd.ReadComposeInfo(strings.NewReader(text), 1<<20); err == nil {
		t.Error("a variant that is not there was taken")
	}
}

func TestAFinalLabelIsWritten(t *testing.T) {
	in := info(t)
	in.Compose.Label, in.Compose.Final = "RC-1.2", true
	in.Base = &productmd.Base{Name: "Fedora", Short: "Fedora", Version: "45"}
	var out bytes.Buffer
	if err := in.Write(&out); err != nil {
		t.Fatal(err)
	}
	in.Base.Type = "ga"
	if got, err := productmd.ReadComposeInfo(&out, 1<<20); err != nil || cmp.Diff(in, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(in, got))
	}
	for label, good := range map[string]bool{
		"": true, "RC-1.2": true, "SecurityFix-10.0": true, "rc-1.2": false, "RC-1": false, "RC": false, "RC-1.2\n": false, "Final-1.0": false,
	} {
		if err := productmd.CheckLabel(label); (err == nil) != good {
			t.Errorf("label %q: %v", label, err)
		}
	}
}

// ODCS's own words; clients parse and compare them.
func TestTheRepoFileIsODCSs(t *testing.T) {
	var out bytes.Buffer
	if err := productmd.WriteRepoFile(&out, "odcs-12", "https://odcs.example/composes/odcs-12/compose/Temporary"); err != nil {
		t.Fatal(err)
	}
	want := `[odcs-12]
name=ODCS repository for compose odcs-12
baseurl=https://odcs.example/composes/odcs-12/compose/Temporary/$basearch/os
type=rpm-md
skip_if_unavailable=False
gpgcheck=0
repo_gpgcheck=0
enabled=1
enabled_metadata=1
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	out.Reset()
	err := productmd.WriteExternalRepoFile(&out, []productmd.ExternalRepo{
		{Name: "cs1", URL: "http://pulp/cs1/$basearch"}, {Name: "cs2", URL: "http://pulp/cs2", Skip: true},
	})
	want = `
[cs1]
name=cs1
baseurl=http://pulp/cs1/$basearch
enabled=1
gpgcheck=0

[cs2]
name=cs2
baseurl=http://pulp/cs2
enabled=1
gpgcheck=0
skip_if_unavailable=1
`
	if diff := cmp.Diff(want, out.String()); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, name := range []string{"", "a]b", "a\nb", "ä", `a\b`} {
		if err := productmd.WriteRepoFile(io.Discard, name, "http://x"); err == nil {
			t.Errorf("the name %q was written", name)
		}
	}
}

func tree() productmd.TreeInfo {
	return productmd.TreeInfo{
		Release: productmd.Release{Name: "Fedora", Short: "Fedora", Version: "45"}, Arch: "x86_64", Built: 1795246800,
		Variants:  []productmd.TreeVariant{{ID: "Temporary", UID: "Temporary", Name: "Temporary", Type: "variant", Packages: "Packages", Repository: "."}},
		Checksums: map[string]string{"repodata/repomd.xml": "sha256:" + strings.Repeat("ab", 32)},
	}
}

func TestADiscTellsWhatItIs(t *testing.T) {
	d := productmd.Disc{Description: "Fedora 45", Arch: "x86_64", Made: time.Unix(1795246800, 123456789)}
	var info, media bytes.Buffer
	if err := errors.Join(d.WriteDiscInfo(&info), d.WriteMediaRepo(&media)); err != nil {
		t.Fatal(err)
	}
	if got := info.String(); got != "1795246800.123456\nFedora 45\nx86_64\nALL\n" {
		t.Errorf(".discinfo is %q", got)
	}
	if got := media.String(); got != "[InstallMedia]\nname=Fedora 45\nmediaid=1795246800.123456\nmetadata_expire=-1\ngpgcheck=0\ncost=500\n" {
		t.Errorf("media.repo is %q", got)
	}
}

// productmdPython finds a Python that has the library productmd, installed or
// as a checkout that DISTAFF_PRODUCTMD names.
func productmdPython(t *testing.T) func(script string, args ...string) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	run := func(script string, args ...string) (string, error) {
		cmd := exec.Command(python, append([]string{"-c", script}, args...)...)
		cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv("DISTAFF_PRODUCTMD"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if _, err := run("import productmd"); err != nil {
		t.Skip("python3 has no productmd (set DISTAFF_PRODUCTMD to a checkout of it)")
	}
	return func(script string, args ...string) string {
		t.Helper()
		out, err := run(script, args...)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return out
	}
}

// What we write, productmd reads, and writes again with the same bytes.
func TestProductmdWritesTheSameBytes(t *testing.T) {
	python := productmdPython(t)
	dir := t.TempDir()
	write := func(name string, write func(io.Writer) error) {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := compose(t)
	md5 := strings.Repeat("a", 32)
	write("composeinfo.json", info(t).Write)
	write("images.json", productmd.Images{Compose: c, Images: map[string]map[string][]productmd.Image{"Temporary": {"x86_64": {
		{Arch: "x86_64", Bootable: true, Checksums: map[string]string{"sha256": "ab"}, DiscCount: 1, DiscNumber: 1, Format: "iso", ImplantMD5: &md5, MTime: 5, Path: "Temporary/x86_64/iso/b.iso", Size: 7, Subvariant: "Temporary", Type: "boot", VolumeID: &c.ID},
		{Arch: "x86_64", Checksums: map[string]string{"sha256": "ac"}, DiscCount: 1, DiscNumber: 1, Format: "iso", MTime: 5, Path: "Temporary/x86_64/iso/a.iso", Size: 7, Subvariant: "Temporary", Type: "dvd"},
	}}}}.Write)
	write("modules.json", productmd.Modules{Compose: c, Modules: map[string]map[string]map[string]productmd.Module{"Temporary": {"x86_64": {
		"nodejs:20:3:c0": {
			Metadata:     productmd.ModuleName{Context: "c0", KojiTag: "module-x", Name: "nodejs", Stream: "20", UID: "nodejs:20:3:c0", Version: "3"},
			ModulemdPath: map[string]string{"binary": "Temporary/x86_64/os/repodata/modules.yaml.gz"}, RPMs: []string{"nodejs-1:20-1.x86_64"},
		},
	}}}}.Write)
	write("rpms.json", func(w io.Writer) error {
		out, err := productmd.NewRPMsWriter(w, c)
		if err != nil {
			return err
		}
		unsigned := bash("x86_64", "bash-0:5.3-1.fc45.i686")
		unsigned.SigKey = nil
		return errors.Join(out.Add(bash("aarch64", "bash-0:5.3-1.fc45.aarch64")), out.Add(unsigned),
			out.Add(bash("x86_64", "bash-0:5.3-1.fc45.src")), out.Close())
	})
	write("empty-rpms.json", func(w io.Writer) error {
		out, err := productmd.NewRPMsWriter(w, c)
		return errors.Join(err, out.Close())
	})
	write(".treeinfo", tree().Write)
	write(".discinfo", productmd.Disc{Description: "Fedora 45", Arch: "x86_64", Made: time.Unix(1795246800, 5000)}.WriteDiscInfo)

	got := python(`
import sys, os
from productmd.composeinfo import ComposeInfo
from productmd.images import Images
from productmd.modules import Modules
from productmd.rpms import Rpms
from productmd.treeinfo import TreeInfo
from productmd.discinfo import DiscInfo
for name, kind in [("composeinfo.json", ComposeInfo), ("images.json", Images), ("modules.json", Modules),
                   ("rpms.json", Rpms), ("empty-rpms.json", Rpms), (".treeinfo", TreeInfo), (".discinfo", DiscInfo)]:
    path = os.path.join(sys.argv[1], name)
    meta = kind()
    meta.load(path)
    ours, theirs = open(path).read(), meta.dumps()
    same = ours == theirs
    if name == ".discinfo":  # Pungi, not productmd, writes it: six places, a line break at the end
        same = (meta.description, meta.arch, meta.timestamp, meta.disc_numbers) == ("Fedora 45", "x86_64", 1795246800.000005, ["ALL"])
    print(name, "same" if same else "DIFFERENT\n%s\n---\n%s" % (ours, theirs))
`, dir)
	if strings.Contains(got, "DIFFERENT") || strings.Count(got, "same") != 7 {
		t.Error(got)
	}
}

// productmd's test data, read by both: the same packages.
func TestComposesOfProductmdsTestsAreRead(t *testing.T) {
	root := os.Getenv("DISTAFF_PRODUCTMD")
	if root == "" {
		t.Skip("DISTAFF_PRODUCTMD names no checkout of productmd")
	}
	var files []string
	for _, depth := range []string{"*/*", "*/*/*", "*/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(root, "tests", depth, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	read := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch name := filepath.Base(file); {
		case strings.HasPrefix(name, "rpms"):
			_, err = productmd.ReadRPMs(bytes.NewReader(raw), 64<<20, 100000, func(productmd.RPM) error { read++; return nil })
		case strings.HasPrefix(name, "composeinfo"):
			_, err = productmd.ReadComposeInfo(bytes.NewReader(raw), 64<<20)
		}
		if err != nil && !strings.Contains(err.Error(), "is not read") {
			t.Errorf("%s: %v", file, err)
		}
		t.Logf("%s: %v", file, err)
	}
	t.Logf("%d files, %d packages", len(files), read)
}

func FuzzReadRPMs(f *testing.F) {
	f.Add([]byte(`{"header":{"type":"productmd.rpms","version":"1.2"},"payload":{"compose":{"date":"20261121","id":"a-1-20261121.t.0","respin":0,"type":"test"},"rpms":{"V":{"x86_64":{"a-0:1-1.src":{"a-0:1-1.noarch":{"category":"binary","path":"a.rpm","sigkey":null}}}}}}}`))
	f.Add([]byte(`{"payload":{"rpms":{"V":{"x86_64":{"a-0:1-1.src":{}}}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got []productmd.RPM
		c, err := productmd.ReadRPMs(bytes.NewReader(raw), 1<<16, 100, func(p productmd.RPM) error {
			got = append(got, p)
			return nil
		})
		if err != nil {
			return
		}
		slices.SortFunc(got, productmd.CompareRPMs)
		w, err := productmd.NewRPMsWriter(io.Discard, c)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range got {
			if i > 0 && productmd.CompareRPMs(got[i-1], p) == 0 {
				continue
			}
			if err := w.Add(p); err != nil {
				t.Fatalf("what was read is not written: %v", err)
			}
		}
	})
}

func FuzzParseID(f *testing.F) {
	f.Add("odcs-12-1-20261121.t.0")
	f.Add("Fedora-45-updates-20261121.2")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := productmd.ParseID(text)
		if err != nil {
			return
		}
		back, err := id.Format()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := productmd.ParseID(back); err != nil || again != id {
			t.Fatalf("%q is %+v, written %q, is %+v (%v)", text, id, back, again, err)
		}
	})
}

func BenchmarkRPMs(b *testing.B) {
	for b.Loop() {
		w, err := productmd.NewRPMsWriter(io.Discard, compose(b))
		if err != nil {
			b.Fatal(err)
		}
		for _, arch := range []string{"aarch64", "x86_64"} {
			for i := range 70000 {
				if err := w.Add(bash(arch, fmt.Sprintf("bash-0:5.3-%05d.fc45.%s", i, arch))); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
