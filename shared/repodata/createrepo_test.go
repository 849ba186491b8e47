package repodata_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// upstream finds a createrepo_c of version 1.2.4 or later, whose output ours
// must equal to the byte.
func upstream(t testing.TB) string {
	t.Helper()
	path := os.Getenv("DISTAFF_CREATEREPO_C")
	if path == "" {
		t.Skip("DISTAFF_CREATEREPO_C names no createrepo_c of version 1.2.4 or later")
	}
	return path
}

// debian finds the createrepo_c of the distribution; only 0.17 is compared, as
// its differences are known.
func debian(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("createrepo_c")
	if err != nil {
		t.Skip("createrepo_c is not installed")
	}
	if out, err := exec.Command(path, "--version").CombinedOutput(); err != nil || !bytes.Contains(out, []byte("Version: 0.17.")) {
		t.Skipf("createrepo_c is not 0.17: %s", out)
	}
	return path
}

func TestMetadataEqualsThatOfUpstreamCreaterepo(t *testing.T) {
	createrepo := upstream(t)
	dir := builtRPMs(t)
	theirs := createrepoOf(t, createrepo, dir, "--filelists-ext")
	compareAll(t, theirs, ours(t, dir, repodata.Options{Ext: true}, ""))
	theirs = createrepoOf(t, createrepo, dir, "--changelog-limit=3", "--revision", `1700&é"`, "--content", `a"<b`, "--repo", "R",
		"--distro", `cpe:/o:é&"<,Näme "x"`, "--distro", "plain", "--baseurl", "https://kojipkgs.example.org/a&b/\u00e9/")
	compareAll(t, theirs, ours(t, dir, repodata.Options{Changelogs: 3}, "https://kojipkgs.example.org/a&b/\u00e9/"))
	theirs = createrepoOf(t, createrepo, dir, "--baseurl", "/srv/koji")
	compareAll(t, theirs, ours(t, dir, repodata.Options{}, "/srv/koji"))
}

// TestDnfReadsASmallRepository asks the real dnf, which knows a weak dependency,
// a file of primary and one of filelists.
func TestDnfReadsASmallRepository(t *testing.T) {
	dnf, err := exec.LookPath("dnf")
	if err != nil {
		t.Skip("dnf is not installed")
	}
	dir := builtRPMs(t)
	for _, gz := range []bool{false, true} {
		repo := t.TempDir()
		var packages []rpmFile
		for _, href := range list(t, dir) {
			h, f := load(t, dir, href)
			packages = append(packages, rpmFile{h, f})
		}
		files, err := whole{revision: 1700000000, gzip: gz}.write(packages)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(repo, "repodata"), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, raw := range files {
			if err := os.WriteFile(filepath.Join(repo, filepath.FromSlash(name)), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		questions := map[string]string{"--whatrecommends=nice": "varied-3:1.2~rc1-4.x86_64"}
		if !gz {
			questions["--whatprovides=/etc/varied.conf"] = "varied-3:1.2~rc1-4.x86_64"
			questions["--file=/usr/share/latin/Größe"] = "latin-0:1-1.noarch"
		}
		for question, want := range questions {
			command := exec.CommandContext(t.Context(), dnf, "--quiet", "--installroot", t.TempDir(), "--setopt=cachedir="+t.TempDir(),
				"--releasever=1", "--forcearch=x86_64", "--setopt=reposdir=/nowhere", "--repofrompath=small,file://"+repo, "repoquery", question)
			command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			var stderr strings.Builder
			command.Stderr = &stderr
			out, err := command.Output()
			if err != nil || strings.TrimSpace(string(out)) != want {
				t.Errorf("repoquery %s: %q, want %s: %v\n%s", question, out, want, err, stderr.String())
			}
		}
	}
}

func TestMetadataEqualsThatOfOldCreaterepo(t *testing.T) {
	createrepo := debian(t)
	dir := builtRPMs(t)
	// The one known difference is which scriptlets make a requirement's pre.
	theirs := createrepoOf(t, createrepo, dir, "--no-database")
	compareAll(t, theirs, ours(t, dir, repodata.Options{OldPre: true}, ""))
}

// TestMetadataOfRealPackagesEqualsUpstreams compares the RPMs of DISTAFF_RPMS.
func TestMetadataOfRealPackagesEqualsUpstreams(t *testing.T) {
	createrepo := upstream(t)
	dir := os.Getenv("DISTAFF_RPMS")
	if dir == "" {
		t.Skip("DISTAFF_RPMS names no folder of RPMs")
	}
	theirs := createrepoOf(t, createrepo, dir, "--filelists-ext")
	compareAll(t, theirs, ours(t, dir, repodata.Options{Ext: true}, ""))
}

func compareAll(t *testing.T, theirs, ours map[repodata.Kind][]byte) {
	t.Helper()
	for kind, want := range theirs {
		if got := ours[kind]; !bytes.Equal(want, got) {
			diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n"))
			t.Errorf("%s (-createrepo_c +ours):\n%.6000s", kind, diff)
		}
	}
	if len(theirs) < 3 {
		t.Errorf("createrepo_c wrote only %d files", len(theirs))
	}
}

// createrepoOf runs createrepo_c and gives its files, decompressed.
func createrepoOf(t testing.TB, createrepo, dir string, args ...string) map[repodata.Kind][]byte {
	t.Helper()
	out := t.TempDir()
	args = append(args, "--quiet", "--workers=2", "--outputdir", out, dir)
	command := exec.CommandContext(t.Context(), createrepo, args...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("createrepo_c: %v\n%s", err, text)
	}
	raw, err := os.ReadFile(filepath.Join(out, "repodata", "repomd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	md, err := repodata.ParseRepomd(raw)
	if err != nil {
		t.Fatal(err)
	}
	// What is read and written again is the same file.
	if again, err := md.Encode(); err != nil || string(again) != string(raw) {
		t.Errorf("repomd.xml (-createrepo_c +ours): %v\n%s", err, cmp.Diff(string(raw), string(again)))
	}
	files := map[repodata.Kind][]byte{}
	for _, d := range md.Data {
		files[d.Type] = plain(t, filepath.Join(out, filepath.FromSlash(d.Location)))
		if d.OpenChecksum != repodata.Sum(files[d.Type]) {
			t.Errorf("%s: open-checksum %v", d.Type, d.OpenChecksum)
		}
	}
	return files
}

// plain reads a file, decompressed by its name.
func plain(t testing.TB, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var reader io.Reader = file
	switch filepath.Ext(path) {
	case ".gz":
		reader, err = gzip.NewReader(file)
	case ".zst":
		reader, err = zstd.NewReader(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(reader)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return raw
}

// ours writes the metadata of all RPMs below a folder.
func ours(t testing.TB, dir string, o repodata.Options, base string) map[repodata.Kind][]byte {
	t.Helper()
	hrefs := list(t, dir)
	slices.SortFunc(hrefs, byHref)
	t.Logf("%d RPMs", len(hrefs))
	d := repodata.Describer{Options: o}
	all := repodata.Fragment{
		Primary: repodata.Head(repodata.Primary, len(hrefs)), Filelists: repodata.Head(repodata.Filelists, len(hrefs)),
		Other: repodata.Head(repodata.Other, len(hrefs)), FilelistsExt: repodata.Head(repodata.FilelistsExt, len(hrefs)),
	}
	for _, href := range hrefs {
		h, f := load(t, dir, href)
		f.Base = base
		var err error
		if all, err = d.Append(all, h, f); err != nil {
			t.Fatal(err)
		}
	}
	return map[repodata.Kind][]byte{
		repodata.Primary:      append(all.Primary, repodata.Tail(repodata.Primary)...),
		repodata.Filelists:    append(all.Filelists, repodata.Tail(repodata.Filelists)...),
		repodata.Other:        append(all.Other, repodata.Tail(repodata.Other)...),
		repodata.FilelistsExt: append(all.FilelistsExt, repodata.Tail(repodata.FilelistsExt)...),
	}
}

// list is the RPMs below a folder, relative to it.
func list(t testing.TB, dir string) []string {
	t.Helper()
	var hrefs []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".rpm" {
			path, err = filepath.Rel(dir, path)
			hrefs = append(hrefs, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(hrefs) < 2 {
		t.Fatalf("%s holds %d RPMs", dir, len(hrefs))
	}
	return hrefs
}

// load reads one RPM.
func load(t testing.TB, dir, href string) (header.Header, repodata.File) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(href))
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := header.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", href, err)
	}
	sum := sha256.Sum256(raw)
	return h, repodata.File{PkgID: hex.EncodeToString(sum[:]), Size: info.Size(), Time: info.ModTime().Unix(), Href: href}
}
