package frame

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository writes what was built to a folder, with a repomd.xml.
func repository(t *testing.T, result *Result, written [3][]byte) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "repodata"), 0o755); err != nil {
		t.Fatal(err)
	}
	var repomd bytes.Buffer
	repomd.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1</revision>
`)
	for k, document := range Documents() {
		file := "repodata/" + string(document) + ".xml" + result.Index.Format.Suffix()
		if err := os.WriteFile(filepath.Join(folder, file), written[k], 0o600); err != nil {
			t.Fatal(err)
		}
		o := result.Objects[k]
		fmt.Fprintf(&repomd, `  <data type="%s">
    <checksum type="sha256">%s</checksum>
    <open-checksum type="sha256">%s</open-checksum>
    <location href="%s"/>
    <timestamp>1</timestamp>
    <size>%d</size>
    <open-size>%d</open-size>
  </data>
`, document, o.Checksum, o.OpenChecksum, file, o.Size, o.OpenSize)
	}
	repomd.WriteString("</repomd>\n")
	if err := os.WriteFile(filepath.Join(folder, "repodata/repomd.xml"), repomd.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func rebuilt(t *testing.T, format Format) (*world, string) {
	t.Helper()
	packages := distribution(900, 8, 21)
	w := newWorld(packages)
	b := w.builder()
	b.Format, b.Cut = format, small
	first, _ := w.build(t, b, "first")
	w.set(edit(packages, 40, rand.New(rand.NewPCG(3, 3))))
	second, written := w.build(t, b, "second", first.Index)
	if second.Copied < 20 {
		t.Fatalf("%+v", second.Work)
	}
	return w, repository(t, second, written)
}

func TestRealDnfReadsWhatWasCopied(t *testing.T) {
	dnf, err := exec.LookPath("dnf")
	if err != nil {
		t.Skip("dnf is not installed")
	}
	for _, format := range []Format{{Compression: "zstd"}, {Compression: "gzip"}} {
		w, folder := rebuilt(t, format)
		query := func(args ...string) string {
			t.Helper()
			all := append([]string{
				"--setopt=cachedir=" + t.TempDir(), "--setopt=reposdir=/nonexistent", "--setopt=plugins=0", "--disablerepo=*",
				"--repofrompath=made,file://" + folder, "--setopt=made.gpgcheck=0", "--forcearch=x86_64", "--releasever=1", "-q", "repoquery",
			}, args...)
			cmd := exec.CommandContext(t.Context(), dnf, all...)
			var complaints bytes.Buffer
			cmd.Stderr = &complaints
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, complaints.String())
			}
			return string(out)
		}
		listed := strings.Fields(query("--queryformat", "%{name}-%{version}.%{arch}.%{location}"))
		if len(listed) != len(w.packages) {
			t.Fatalf("%s: dnf lists %d of %d packages", format.Compression, len(listed), len(w.packages))
		}
		seen := map[string]bool{}
		for _, line := range listed {
			seen[line] = true
		}
		for _, p := range w.packages {
			if want := p.name + "-" + p.version + "." + p.arch + "." + p.dir() + "/" + p.base(); !seen[want] {
				t.Errorf("%s: dnf does not list %s", format.Compression, want)
			}
		}
		some := w.packages[len(w.packages)/2]
		files := query("--list", some.name+"."+some.arch)
		if got := strings.Count(files, "/usr/share/"); got == 0 || !strings.Contains(files, "/usr/share/"+some.name+"/") {
			t.Errorf("%s: dnf lists the files of %s as %q", format.Compression, some.name, files)
		}
		if log := query("--changelogs", some.name+"."+some.arch); !strings.Contains(log, "Rebuilt for") {
			t.Errorf("%s: dnf lists the changelog of %s as %q", format.Compression, some.name, log)
		}
	}
}

func TestMergerepoReadsWhatWasCopied(t *testing.T) {
	merge, err := exec.LookPath("mergerepo_c")
	if err != nil {
		t.Skip("mergerepo_c is not installed")
	}
	// Older releases of it read no zstd.
	w, folder := rebuilt(t, Format{Compression: "gzip"})
	merged := t.TempDir()
	out, err := exec.CommandContext(t.Context(), merge, "--no-database", "--all", "--omit-baseurl", "--compress-type=gz",
		"-r", "file://"+folder, "-r", "file://"+folder, "-o", merged).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(merged, "repodata", "*-filelists.xml.gz"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	plain, err := exec.CommandContext(t.Context(), "gzip", "-dc", found[0]).Output()
	if err != nil {
		t.Fatal(err, len(data))
	}
	for _, p := range w.packages {
		sum := sha256.Sum256([]byte(p.base()))
		if !bytes.Contains(plain, []byte(hex.EncodeToString(sum[:]))) {
			t.Errorf("%s is missing", p.base())
		}
	}
}
