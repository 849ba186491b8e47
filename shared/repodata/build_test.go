package repodata_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/rpmpack"
)

// built is the folder all tests of this process share.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// builtRPMs is a folder of RPMs with everything a header can say: what rpmbuild
// makes of the specs below, and what it would refuse to make.
func builtRPMs(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("rpmbuild is not installed")
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "repodata"); built.err != nil { //nolint:usetesting // outlives the first test
			return
		}
		built.err = buildAll(built.dir)
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "RPMS")
}

func buildAll(dir string) error {
	for name, spec := range specs() {
		path := filepath.Join(dir, name+".spec")
		if err := os.WriteFile(path, []byte(spec), 0o600); err != nil {
			return err
		}
		out, err := exec.Command("rpmbuild", "-ba", "--nodeps", "--define", "_topdir "+dir, "--define", "_srcrpmdir "+dir+"/RPMS/source",
			"--define", "_build_id_links none", "--define", "_invalid_encoding_terminates_build 0", "--define", "debug_package %{nil}",
			"--define", "_tmppath "+dir, path).CombinedOutput()
		if err != nil {
			return fmt.Errorf("rpmbuild %s: %w\n%s", name, err, out)
		}
	}
	plain, err := os.ReadFile(filepath.Join(dir, "RPMS", "noarch", "plain-1-1.noarch.rpm"))
	if err != nil {
		return err
	}
	for name, raw := range map[string][]byte{
		"crafted-1-1.noarch.rpm": crafted(),
		"old/old-1-1.noarch.rpm": old(),
		// createrepo_c keeps one package in several places.
		"a/b/plain-1-1.noarch.rpm": plain,
		"a-b/plain-1-1.noarch.rpm": plain,
	} {
		path := filepath.Join(dir, "RPMS", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func specs() map[string]string {
	return map[string]string{"varied": varied, "latin": latin(), "plain": plainSpec}
}

// varied has one subpackage per matter. The changelog has days with several
// entries.
const varied = `
Name: varied
Epoch: 3
Version: 1.2~rc1
Release: 4%{?dist}
Summary: <b>Bold</b> & "quoted" 'text' — with dashes
License: MIT AND (GPL-2.0-or-later OR Apache-2.0)
URL: https://example.org/?a=1&b=2
Vendor: Example & Söhne
Packager: Jörg <joerg@example.org>
Group: Development/Tools
Requires: plain
Requires: versioned >= 1:2.0-3
Requires: versioned < 9
Requires: versioned >= 1:2.0-3
Requires: norelease = 2
Requires: /usr/bin/varied
Requires: /usr/bin/perl
Requires: /etc/varied.conf
Requires: varied = 3:1.2~rc1-4%{?dist}
Requires: (left if right)
Requires: ((a or b) and c >= 2)
Requires: libc.so.6(GLIBC_2.4)(64bit)
Requires: libc.so.6()(64bit)
Requires: libc.so.6(GLIBC_2.34)(64bit)
Requires: libc.so.6(GLIBC_2.3.4)(64bit)
Requires(pre): inpre
Requires(post): inpost
Requires(preun): inpreun
Requires(postun): inpostun
Requires(pretrans): inpretrans
Requires(posttrans): inposttrans
Requires(pre): twice
Requires: twice
Requires(verify): inverify
Requires(meta): inmeta
Provides: greeter = 2
Provides: greeter = 2
Provides: greeter
Provides: bundled(x) = 0:1-1
Provides: font(:lang=de)
Conflicts: enemy < 2
Conflicts: (enemy2 with feature)
Obsoletes: ancestor <= 1.1-9
Recommends: nice >= 1
Recommends: (nicer if desktop)
Suggests: idea
Supplements: (varied and gnome)
Supplements: host = 1
Enhances: whole > 7
%description
A first paragraph with	a tab, <markup> & "quotes".

A second one, in German: Größe, in Greek: μέγεθος, in Japanese: 大きさ, and 🙂.
%package libs
Summary: Libraries
Requires: libc.so.6
Requires: libc.so.6(GLIBC_PRIVATE)(64bit)
%description libs
%package doc
Summary: Documentation
BuildArch: noarch
%description doc
Text.
%package empty
Summary:   Nothing at all
%description empty
   Indented.
%prep
%build
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/varied.d %{buildroot}/usr/lib %{buildroot}/usr/share/doc/vd %{buildroot}/var/log "%{buildroot}/opt/a b"
echo '#!/bin/sh' > %{buildroot}/usr/bin/varied
ln -s varied %{buildroot}/usr/bin/link
echo c > %{buildroot}/etc/varied.conf
touch %{buildroot}/usr/lib/sendmail %{buildroot}/var/log/varied.log
touch "%{buildroot}/opt/a b/c & d <e>.txt"
touch "%{buildroot}/usr/share/doc/vd/Grüße-日本.txt" "%{buildroot}/usr/share/doc/vd/it's \"q\".txt"
touch %{buildroot}/usr/share/doc/vd/robin
%pre
:
%pretrans -p <lua>
x = 1
%post
:
%posttrans
:
%triggerin -- other >= 1
:
%files
%attr(755,root,root) /usr/bin/varied
/usr/bin/link
%dir /etc/varied.d
%config(noreplace) /etc/varied.conf
%ghost /var/log/varied.log
%ghost %dir /var/log
/usr/lib/sendmail
"/opt/a b"
%files doc
%doc /usr/share/doc/vd
%files empty
%files libs
%changelog
* Thu Mar 14 2024 Zoë Ünïcode <z@example.org> - 1.2-4
- Third of the day: a < b && c > d
* Thu Mar 14 2024 Second Person <s@example.org> - 1.2-3
- "Second" of the day
* Thu Mar 14 2024 First Person <f@example.org> - 1.2-2
- First of the day
  with a second line	and a tab
* Wed Mar 13 2024 Somebody - 1.2-1
- The day before
* Wed Mar 13 2024 Somebody - 1.2-0
- Again
* Tue Mar 12 2024 A <a@example.org>
- Without a release
* Mon Mar 11 2024 A <a@example.org> - 6
- Six
* Mon Mar 11 2024 A <a@example.org> - 7
- Seven
* Mon Mar 11 2024 A <a@example.org> - 8
- Eight
* Mon Mar 11 2024 A <a@example.org> - 9
- Nine
* Mon Mar 11 2024 A <a@example.org> - 10
- Ten
* Mon Mar 11 2024 A <a@example.org> - 11
- Eleven
* Sun Mar 10 2024 A <a@example.org> - 12
- Twelve
`

// latin is in the encoding packages had twenty years ago, with a character
// latin-1 does not have.
func latin() string {
	return strings.NewReplacer("ö", "\xf6", "ß", "\xdf", "€", "\x80").Replace(`
Name: latin
Version: 1
Release: 1
Summary: Größe in €
License: MIT
Packager: Jörg
BuildArch: noarch
Provides: Größe
%description
Größe & mehr.
%install
mkdir -p %{buildroot}/usr/share/latin
touch %{buildroot}/usr/share/latin/Größe
%files
/usr/share/latin
%changelog
* Mon Mar 11 2024 Jörg <j@example.org> - 1-1
- Größe in €
`)
}

const plainSpec = `
Name: plain
Version: 1
Release: 1
Summary: As little as possible
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
%files
`

// crafted has what rpmbuild does not write: dependencies of other packagers,
// senses and versions that make no sense, repeated in every way.
func crafted() []byte {
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{
		Name: "crafted", Version: "1", Release: "1", Arch: "noarch", Epoch: rpmpack.NoEpoch,
		Summary: "Crafted\r\nby hand ", Licence: "MIT", BuildTime: time.Unix(1710000000, 0),
	})
	if err != nil {
		panic(err)
	}
	p.AddFile(rpmpack.RPMFile{Name: "/usr/sbin/crafted", Mode: 0o100755, Body: []byte("x")})
	p.AddFile(rpmpack.RPMFile{Name: "/usr/share/robin/file", Mode: 0o100644, Body: []byte("x")})
	type dep struct {
		name    string
		flags   uint32
		version string
	}
	add := func(names, flags, versions int, deps ...dep) {
		var n, v []string
		var f []uint32
		for _, d := range deps {
			n, f, v = append(n, d.name), append(f, d.flags), append(v, d.version)
		}
		p.AddCustomTag(names, rpmpack.EntryStringSlice(n))
		p.AddCustomTag(flags, rpmpack.EntryUint32(f))
		p.AddCustomTag(versions, rpmpack.EntryStringSlice(v))
	}
	const missingOK, strong, pre, post, pretrans, prereq = 1 << 19, 1 << 27, 1 << 9, 1 << 10, 1 << 7, 1 << 6
	add(1047, 1112, 1113, dep{"p", 8, "1"}, dep{"p", 8, "1"}, dep{"p", 8, "x:1"}, dep{"q", 0, "2-3"}, dep{"", 0, ""}, dep{"r", 8, ":7-"},
		dep{"s\tt\n\"", 8, "+1:2-3-4"}, dep{"é<>&'", 8, "-1:-5"})
	add(1049, 1048, 1050,
		dep{"rpmlib(X)", 10, "3"}, dep{"p", 8, "1"}, dep{"p", 10, "1"}, dep{"p", 8, "x:1"}, dep{"q", 0, "2-3"}, dep{"q", 0, ""},
		dep{"/usr/sbin/crafted", 0, ""}, dep{"/usr/share/robin/file", 0, ""}, dep{"/usr/sbin/other", prereq, ""},
		dep{"n", 14, "1"}, dep{"n", 6, "1"}, dep{"n", 2, ""}, dep{"n", 4, "1"}, dep{"n", 4, "1"}, dep{"n", 4 | pre, "1"}, dep{"n", 4 | post, "1"}, dep{"n", 4, "1"},
		dep{"soft", missingOK, ""}, dep{"soft", missingOK, ""}, dep{"soft", missingOK | 8, "1:1-1"}, dep{"late", pretrans, ""}, dep{"late", 0, ""},
		dep{"bad", 8, "epoch:1"}, dep{"bad", 8, " 5:1"}, dep{"bad", 8, "5 :1"},
		dep{"libc.so.6", 0, ""}, dep{"libc.so.6(", 0, ""}, dep{"libc.so.6()", 0, ""}, dep{"libc.so.6(ABC)", 0, ""},
		dep{"libc.so.6(ABC)(64bit)", 0, ""}, dep{"libc.so.6(GLIBC_2.10)", pre, ""}, dep{"libc.so.6(GLIBC_2.9)", 0, ""}, dep{"libc.so.6.1", 0, ""},
		dep{"libc.so.6(soft)", missingOK, ""}, dep{"", 0, ""})
	add(5046, 5048, 5047, dep{"rec", 8, "1"}, dep{"rec", 8, "1"})
	add(1156, 1158, 1157, dep{"oldsuggest", 8, "1"}, dep{"oldrecommend", strong, ""})
	add(1159, 1161, 1160, dep{"oldenhance", 0, ""}, dep{"oldsupplement", strong | 4, "2"})
	add(1054, 1053, 1055, dep{"", 0, ""})
	p.AddCustomTag(1080, rpmpack.EntryUint32([]uint32{500, 500, 501, 500, 499, 0xfffffff0, 0xfffffff0, 0, 0}))
	p.AddCustomTag(1081, rpmpack.EntryStringSlice([]string{"a  ", "b \t ", " ", "   ", "é", "f", "g", "h", "i"}))
	p.AddCustomTag(1082, rpmpack.EntryStringSlice([]string{"1\r\n", "2", "", " ", "]]>", "6", "7", "8", "9"}))
	return written(p)
}

// old has its files as packages had before rpm 4, and does not tell what it was
// built from.
func old() []byte {
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: "old", Version: "1", Release: "1", Arch: "noarch"})
	if err != nil {
		panic(err)
	}
	p.AddCustomTag(1027, rpmpack.EntryStringSlice([]string{"/usr/bin", "/usr/bin/old", "/usr/share/old"}))
	p.AddCustomTag(1030, rpmpack.EntryUint16([]uint16{0o40755, 0o100755, 0o100644}))
	p.AddCustomTag(1035, rpmpack.EntryStringSlice([]string{"", "d41d8cd98f00b204e9800998ecf8427e", ""}))
	p.AddCustomTag(1037, rpmpack.EntryUint32([]uint32{0, 0, 1 << 6}))
	// The source package's tag becomes one nobody knows.
	return bytes.Replace(written(p), []byte{0, 0, 0x04, 0x14, 0, 0, 0, 6}, []byte{0, 0, 0x27, 0x14, 0, 0, 0, 6}, 1)
}

func written(p *rpmpack.RPM) []byte {
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		panic(err)
	}
	return out.Bytes()
}
