package composemake_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// served is a bucket that anybody can read composes from.
func served(t testing.TB) (setting, string) {
	t.Helper()
	server, err := store.Open("", store.Options{Public: []string{"distaff/composes/"}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	bucket, err := server.Bucket("distaff")
	if err != nil {
		t.Fatal(err)
	}
	url := web.URL + "/distaff/composes"
	return func(_ *kojitest.Config, o *composemake.Options, w *world) {
		o.URL, w.store = url, bucket
	}, url
}

const spec = `Name: pair
Epoch: 1
Version: 2.0
Release: 1.fc45
Summary: Two packages <that> need & help each other
License: MIT
URL: https://example.org/?a=1&b=2
AutoReqProv: no
BuildArch: noarch

%description
Räksmörgås.

%package app
Summary: Needs a file
AutoReqProv: no
Requires: /usr/bin/pair-tool
Requires(post): pair-lib = 1:2.0
Recommends: pair-extra
Suggests: pair-none
Conflicts: pair-old < 1
Obsoletes: pair-older < 1:2.0-1
Provides: pair(app) = 2.0
%description app
App.

%package tool
Summary: Has the file
AutoReqProv: no
%description tool
Tool.

%package lib
Summary: Library
AutoReqProv: no
%description lib
Lib.

%package extra
Summary: Helps
AutoReqProv: no
Supplements: pair-app
Enhances: pair-lib
%description extra
Extra.

%prep
%build
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/pair/d %{buildroot}/etc
echo '#!/bin/true' > %{buildroot}/usr/bin/pair-tool
echo app > %{buildroot}/usr/share/pair/app
echo lib > %{buildroot}/usr/share/pair/lib
echo extra > %{buildroot}/etc/pair-extra.conf
%files app
/usr/share/pair/app
%files tool
/usr/bin/pair-tool
%files lib
%dir /usr/share/pair/d
/usr/share/pair/lib
%files extra
%config /etc/pair-extra.conf

%changelog
* Fri Nov 20 2026 A Packager <a@example.org> - 1:2.0-1
- Two & <two>
* Thu Nov 19 2026 A Packager <a@example.org> - 1:1.0-1
- One
`

// rpmbuild builds the packages of a spec, and gives their files.
func rpmbuild(t testing.TB, text string) []string {
	t.Helper()
	program, err := exec.LookPath("rpmbuild")
	if err != nil {
		t.Skip("rpmbuild is not installed")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "made.spec")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-ba", "--quiet", "--define", "_topdir "+dir, "--define", "_build_id_links none", file)
	cmd.Env = append(os.Environ(), "HOME="+dir, "SOURCE_DATE_EPOCH=1700000000")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var files []string
	for _, pattern := range []string{"RPMS/*/*.rpm", "SRPMS/*.rpm"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

// dnf runs the real one against the repository of a compose alone.
func dnf(t testing.TB, repofile string, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("dnf")
	if err != nil {
		t.Skip("dnf is not installed")
	}
	repos := t.TempDir()
	if err := os.WriteFile(filepath.Join(repos, "made.repo"), []byte(repofile), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{
		"--setopt=reposdir=" + repos, "--setopt=cachedir=" + t.TempDir(), "--setopt=plugins=0", "--forcearch=x86_64", "--releasever=45", "-y", "-q",
	}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("dnf %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestDnfInstallsFromACompose(t *testing.T) {
	bucket, _ := served(t)
	w := newWorld(t, bucket)
	if _, err := w.server.Import(kojitest.Import{Files: rpmbuild(t, spec), Tags: []string{"f45"}, Owner: "pkg"}); err != nil {
		t.Fatal(err)
	}
	c := w.compose(request())
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	repofile := w.get(publish.Dir(c.ID) + "compose/Temporary/odcs-1.repo")
	listed := strings.Fields(dnf(t, repofile, "repoquery", "--queryformat", "%{name}-%{epoch}:%{version}-%{release}.%{arch}"))
	want := []string{"pair-app-1:2.0-1.fc45.noarch", "pair-extra-1:2.0-1.fc45.noarch", "pair-lib-1:2.0-1.fc45.noarch", "pair-tool-1:2.0-1.fc45.noarch"}
	if slices.Sort(listed); !slices.Equal(listed, want) {
		t.Errorf("dnf lists %q", listed)
	}
	root := t.TempDir()
	dnf(t, repofile, "--installroot="+root, "install", "pair-app")
	for _, file := range []string{"/usr/share/pair/app", "/usr/share/pair/lib", "/usr/bin/pair-tool", "/etc/pair-extra.conf"} {
		if _, err := os.Stat(root + file); err != nil {
			t.Errorf("after the installation: %v", err)
		}
	}
}

// metadata reads the three documents of a repository.
func (w *world) metadata(folder string) map[string]string {
	w.t.Helper()
	var md struct {
		Data []struct {
			Type     string `xml:"type,attr"`
			Location struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	if err := xml.Unmarshal([]byte(w.get(folder+"/repodata/repomd.xml")), &md); err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range md.Data {
		from, err := zstd.NewReader(bytes.NewReader([]byte(w.get(folder + "/" + d.Location.Href))))
		if err != nil {
			w.t.Fatal(err)
		}
		raw, err := io.ReadAll(from)
		if err != nil {
			w.t.Fatal(err)
		}
		from.Close()
		out[d.Type] = string(raw)
	}
	return out
}

func TestMetadataIsWhatCreaterepoWrites(t *testing.T) {
	program := os.Getenv("DISTAFF_CREATEREPO_C")
	if program == "" {
		t.Skip("DISTAFF_CREATEREPO_C names no createrepo_c of version 1.2.4 or later")
	}
	dir := t.TempDir()
	w := newWorld(t, func(c *kojitest.Config, _ *composemake.Options, _ *world) { c.Dir = dir })
	if _, err := w.server.Import(kojitest.Import{Files: rpmbuild(t, spec), Tags: []string{"f45"}, Owner: "pkg"}); err != nil {
		t.Fatal(err)
	}
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64", "bash-doc.noarch")
	w.build("zsh-5.9-1.fc45", []string{"f45"}, "zsh.x86_64")
	w.sign(key, "zsh-5.9-1.fc45")
	c := w.compose(request(func(r *compose.Request) { r.Sigkeys = []string{key, ""} }))
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	lock, err := compose.Locks{Store: w.bucket}.Load(t.Context(), c.Lock)
	if err != nil {
		t.Fatal(err)
	}
	for _, tree := range lock.Trees {
		var list strings.Builder
		for _, r := range tree.RPMs {
			list.WriteString(r.Path + "\n")
			built := time.Unix(r.Time, 0)
			if err := os.Chtimes(filepath.Join(dir, r.Path), built, built); err != nil {
				t.Fatal(err)
			}
		}
		pkglist, out := filepath.Join(t.TempDir(), "list"), t.TempDir()
		if err := os.WriteFile(pkglist, []byte(list.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program, "-q", "--pkglist", pkglist, "--baseurl", w.koji.Hub.FilesURL(""), "-o", out, dir)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		ours := w.metadata(publish.Dir(c.ID) + publish.RepoDir(tree.Variant, tree.Arch, tree.Kind))
		for _, kind := range []string{"primary", "filelists", "other"} {
			files, err := filepath.Glob(filepath.Join(out, "repodata", "*-"+kind+".xml.zst"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			file, err := os.Open(files[0])
			if err != nil {
				t.Fatal(err)
			}
			from, err := zstd.NewReader(file)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := io.ReadAll(from)
			if err != nil {
				t.Fatal(err)
			}
			if string(theirs) != ours[kind] {
				t.Errorf("%s of %s/%s differs:\n%s\nours:\n%s", kind, tree.Arch, tree.Kind, theirs, ours[kind])
			}
		}
	}
}
