package foreign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/frame"
	"github.com/distaff-project/distaff/shared/wire"
)

func TestEveryCompressionIsRead(t *testing.T) {
	for _, compression := range []string{"", ".gz", ".zst", ".xz", ".bz2"} {
		t.Run("plain"+compression, func(t *testing.T) {
			s := usual(t, compression, "hello", "world")
			r, err := client().Open(t.Context(), strings.TrimSuffix(s.url(), "/"))
			if err != nil {
				t.Fatal(err)
			}
			var got []Package
			for p, err := range r.Packages(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				kept := *p
				kept.Primary = nil
				got = append(got, kept)
			}
			want := func(name string) Package {
				return Package{
					Name: name, Epoch: "1", Version: "2.0", Release: "3.fc45", Arch: "x86_64", Digest: "sha256",
					SourceRPM: name + "-2.0-3.fc45.src.rpm", Built: 1700000000,
					File: repodata.File{
						PkgID: pkgid(name), Size: 4242, Time: 1700000001,
						Base: s.url(), Href: "Packages/" + name + "-2.0-3.fc45.x86_64.rpm",
					},
				}
			}
			if diff := cmp.Diff([]Package{want("hello"), want("world")}, got); diff != "" {
				t.Error(diff)
			}
			if got[0].NEVRA() != "hello-1:2.0-3.fc45.x86_64" {
				t.Error(got[0].NEVRA())
			}
			c, err := r.Collect(t.Context(), map[string]bool{pkgid("world"): true})
			if err != nil {
				t.Fatal(err)
			}
			f, found, err := c.Get(pkgid("world"))
			if err != nil || !found {
				t.Fatal(found, err)
			}
			place := `<location xml:base="` + s.url() + `" href="Packages/world-2.0-3.fc45.x86_64.rpm"/>`
			if diff := cmp.Diff([]string{primaryOf("world", place), filelistsOf("world"), otherOf("world")},
				[]string{string(f.Primary), string(f.Filelists), string(f.Other)}); diff != "" {
				t.Error(diff)
			}
			if _, found, err := c.Get(pkgid("hello")); found || err != nil {
				t.Error("a package nobody wanted was kept", err)
			}
		})
	}
}

func TestOtherDocumentsAreRead(t *testing.T) {
	s := usual(t, ".gz", "hello")
	s.put(t, repodata.Modules, ".zst", "---\ndocument: modulemd\n")
	s.put(t, "group_gz", ".gz", "<comps/>")
	r, err := client().Open(t.Context(), s.url())
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[repodata.Kind]string{repodata.Modules: "---\ndocument: modulemd\n", repodata.Group: "<comps/>"} {
		if got, err := r.Document(t.Context(), kind); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
	}
	if _, err := r.Document(t.Context(), repodata.UpdateInfo); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), s.url()) {
		t.Error(err)
	}
}

func TestAPackageOfAnotherBaseKeepsIt(t *testing.T) {
	s := newSomeone(t)
	s.put(t, repodata.Primary, ".gz", documentOf(repodata.Primary,
		primaryOf("hello", `<location xml:base="https://mirror.example.org/pub" href="h/hello&amp;1.rpm"></location>`)))
	r, err := client().Open(t.Context(), s.url())
	if err != nil {
		t.Fatal(err)
	}
	for p, err := range r.Packages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		want := primaryOf("hello", `<location xml:base="https://mirror.example.org/pub/" href="h/hello&amp;1.rpm"/>`)
		if diff := cmp.Diff(want, string(p.Primary)); diff != "" {
			t.Error(diff)
		}
		if p.File.Href != "h/hello&1.rpm" {
			t.Error(p.File.Href)
		}
	}
}

// every walks a repository to its end.
func every(t *testing.T, s *someone, change func(*Client)) error {
	t.Helper()
	c := client()
	if change != nil {
		change(c)
	}
	r, err := c.Open(t.Context(), s.url())
	if err != nil {
		return err
	}
	for _, err := range r.Packages(t.Context()) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestARepositoryThatLiesIsRefused(t *testing.T) {
	bomb := strings.Repeat("<file>/a</file>\n", 1<<20)
	cases := map[string]struct {
		change func(s *someone)
		want   string
	}{
		"another file than listed": {func(s *someone) {
			at := s.repomd.Data[0].Location
			s.files[at] = bytes.Replace(s.files[at], []byte("hello"), []byte("evil!"), 1)
		}, "another checksum"},
		"a shorter file": {func(s *someone) {
			at := s.repomd.Data[0].Location
			s.files[at] = s.files[at][:len(s.files[at])-3]
		}, "repomd.xml says"},
		"a longer file": {func(s *someone) {
			s.files[s.repomd.Data[0].Location] = append(s.files[s.repomd.Data[0].Location], ' ')
		}, "more than the"},
		"another open size": {func(s *someone) { s.repomd.Data[0].OpenSize++ }, "decompressed"},
		"another open checksum": {func(s *someone) {
			s.repomd.Data[0].OpenChecksum = sum(nil)
		}, "another checksum decompressed"},
		"a weak checksum": {func(s *someone) {
			s.repomd.Data[0].Checksum = repodata.Checksum{Type: "sha1", Hex: strings.Repeat("a", 40)}
		}, "sha1"},
		"too large a file":    {func(s *someone) { s.repomd.Data[0].Size = 1 << 39 }, "at most"},
		"a file that is gone": {func(s *someone) { delete(s.files, s.repomd.Data[0].Location) }, "404"},
		"a bomb": {func(s *someone) {
			text := documentOf(repodata.Primary, primaryOf("hello", `<location href="a.rpm"/>`)[:30]+bomb)
			packed := pack(t, ".zst", []byte(text))
			d := &s.repomd.Data[0]
			s.files[d.Location], d.Size, d.OpenSize, d.Checksum, d.OpenChecksum = packed, int64(len(packed)), 0, sum(packed), repodata.Checksum{}
		}, "more than 1048576 bytes decompressed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := usual(t, "", "hello")
			c.change(s)
			s.list(t)
			err := every(t, s, func(c *Client) { c.Limits.Open = 1 << 20 })
			var failed *Error
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.want) || failed.URL != s.url() {
				t.Errorf("%v", err)
			}
			t.Log(err)
		})
	}
}

func TestAPackageThatCannotBeMergedIsRefusedByName(t *testing.T) {
	good := primaryOf("hello", `<location href="hello.rpm"/>`)
	at := func(location string) string { return primaryOf("hello", location) }
	cases := map[string]struct{ primary, want string }{
		"parent folder":      {at(`<location href="../../secret.rpm"/>`), "has .. in it"},
		"hidden parent":      {at(`<location href="a/%2e%2E/%2e./x.rpm"/>`), "has .. in it"},
		"twice hidden":       {at(`<location href="a/%252e%252e/x.rpm"/>`), "has .. in it"},
		"server's root":      {at(`<location href="/x.rpm"/>`), "server's root"},
		"another scheme":     {at(`<location href="file:///etc/passwd"/>`), "URL of its own"},
		"another server":     {at(`<location href="https://evil.example.org/x.rpm"/>`), "URL of its own"},
		"control character":  {at(`<location href="a&#10;b.rpm"/>`), "control character"},
		"query":              {at(`<location href="x.rpm?token=1"/>`), "query"},
		"no place":           {at(``), "has no <location>"},
		"two places":         {at(`<location href="a.rpm"/><location href="b.rpm"/>`), "two <location>"},
		"base of a medium":   {at(`<location xml:base="media://1" href="a.rpm"/>`), "does not begin with https"},
		"base with password": {at(`<location xml:base="https://u:p@example.org/" href="a.rpm"/>`), "user"},
		"base with parent":   {at(`<location xml:base="https://example.org/a/../b" href="a.rpm"/>`), ".. in it"},
		"no checksum":        {strings.Replace(good, pkgid("hello"), "xyz", 1), "xyz"},
		"name with a path":   {strings.Replace(good, "<name>hello", "<name>../hello", 1), "in its name"},
		"size below zero":    {strings.Replace(good, `package="4242"`, `package="-1"`, 1), "no number"},
		"unknown namespace":  {strings.Replace(good, "<rpm:license>MIT</rpm:license>", "<evil:x/>", 1), "namespace"},
		"unknown reference":  {strings.Replace(good, "&amp;", "&evil;", 1), "stands for no character"},
		"not closed":         {strings.Replace(good, "</rpm:license>", "", 1), "where another element should end"},
		"CDATA":              {strings.Replace(good, "MIT", "<![CDATA[</package>]]>", 1), "CDATA"},
		"broken UTF-8":       {strings.Replace(good, "MIT", "M\xffT", 1), "UTF-8"},
		"escape sequence":    {strings.Replace(good, "MIT", "\x1b[2J", 1), "control character"},
		"doctype before it":  {"<!DOCTYPE x>" + good, "where a package or the end should be"},
		"after the end":      {good + "</metadata>" + good, "goes on after its end"},
		"cut off":            {good[:200], "ends inside a package"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSomeone(t)
			s.put(t, repodata.Primary, ".gz", documentOf(repodata.Primary, c.primary))
			err := every(t, s, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), s.url()) {
				t.Errorf("%v", err)
			}
			t.Log(err)
		})
	}
}

func TestWhatIsNoRepositoryIsRefusedByName(t *testing.T) {
	answers := map[string]string{
		"<?xml version=\"1.0\"?>\n<metalink version=\"3.0\">": "metalink",
		"https://a.example.org/\nhttps://b.example.org/\n":    "mirror list",
		"<!DOCTYPE html><html></html>":                        "web page",
		"nonsense":                                            "repomd.xml",
	}
	for body, want := range answers {
		s := newSomeone(t)
		s.files["repodata/repomd.xml"] = []byte(body)
		if err := every(t, s, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := every(t, newSomeone(t), nil); err == nil || !strings.Contains(err.Error(), "give the folder that holds repodata") {
		t.Error(err)
	}
	addresses := map[string]string{
		"https://mirrors.example.org/metalink?repo=fedora-45&arch=x86_64":   "metalink",
		"https://mirrors.example.org/mirrorlist?repo=fedora-45&arch=x86_64": "mirrorlist",
		"https://example.org/$releasever/$basearch":                         "write out $releasever",
		"file:///etc":                  "https://",
		"ftp://example.org/":           "https://",
		"example.org/repo":             "https://",
		"https://user:pw@example.org/": "password",
		"https://example.org/?token=1": "query",
		"https://example.org/a/../b":   "..",
		"https://example.org/\x00":     "no URL",
	}
	for address, want := range addresses {
		_, err := client().Open(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pw") || strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAConnectionThatBreaksMayBeTriedAgain(t *testing.T) {
	s := usual(t, "", "hello")
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := s.files[strings.TrimPrefix(r.URL.Path, "/")]
		if strings.HasSuffix(r.URL.Path, "repomd.xml") {
			_, _ = w.Write(body)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:len(body)/2])
	}))
	defer broken.Close()
	r, err := client().Open(t.Context(), broken.URL)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Descriptions(t.Context(), repodata.Primary, func(string, []byte) error { return nil })
	if !wire.Temporary(err) {
		t.Error(err)
	}
}

func TestAPackageMissingInOneFileIsNamed(t *testing.T) {
	s := usual(t, ".gz", "hello")
	s.put(t, repodata.Primary, ".x.gz", "")
	s.repomd.Data = s.repomd.Data[:2]
	s.put(t, repodata.Other, "", documentOf(repodata.Other, otherOf("another")))
	r, err := client().Open(t.Context(), s.url())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Collect(t.Context(), map[string]bool{pkgid("hello"): true}); err == nil || !strings.Contains(err.Error(), pkgid("hello")) {
		t.Error(err)
	}
}

func TestRealDnfDownloadsFromWhereTheForeignPackagesAre(t *testing.T) {
	dnf, err := exec.LookPath("dnf")
	if err != nil {
		t.Skip("dnf is not installed")
	}
	if os.Geteuid() != 0 {
		t.Skip("dnf downloads only for root")
	}
	s := usual(t, ".zst", "hello", "world", "another")
	r, err := client().Open(t.Context(), s.url())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	var entries []frame.Entry
	ids := map[frame.ID]string{}
	for p, err := range r.Packages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		e := frame.Entry{
			Base: path.Base(p.File.Href), Dir: path.Dir(p.File.Href), Name: p.Name,
			ID: frame.Identify(p.File.PkgID, p.File.Base, p.File.Href),
		}
		want[p.File.PkgID], ids[e.ID] = true, p.File.PkgID
		entries = append(entries, e)
	}
	slices.SortFunc(entries, frame.Compare)
	c, err := r.Collect(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	b := frame.Builder{Describe: func(_ context.Context, at []int) ([]repodata.Fragment, error) {
		var all []repodata.Fragment
		for _, i := range at {
			f, _, err := c.Get(ids[entries[i].ID])
			if err != nil {
				return nil, err
			}
			all = append(all, f)
		}
		return all, nil
	}}
	var written [3]bytes.Buffer
	result, err := b.Build(t.Context(), entries, nil, [3]io.Writer{&written[0], &written[1], &written[2]})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	_ = os.Mkdir(filepath.Join(folder, "repodata"), 0o755)
	md := repodata.Repomd{Revision: "1"}
	for k, kind := range frame.Documents() {
		o := result.Objects[k]
		d := repodata.Data{
			Type: kind, Location: "repodata/" + string(kind) + ".xml.zst", Size: o.Size, OpenSize: o.OpenSize, Timestamp: 1,
			Checksum: repodata.Checksum{Type: "sha256", Hex: o.Checksum}, OpenChecksum: repodata.Checksum{Type: "sha256", Hex: o.OpenChecksum},
		}
		md.Data = append(md.Data, d)
		if err := os.WriteFile(filepath.Join(folder, d.Location), written[k].Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := md.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "repodata/repomd.xml"), encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	into := t.TempDir()
	cmd := exec.CommandContext(t.Context(), dnf, "--setopt=cachedir="+t.TempDir(), "--setopt=reposdir=/nonexistent", "--setopt=plugins=0",
		"--disablerepo=*", "--repofrompath=made,file://"+folder, "--setopt=made.gpgcheck=0", "--forcearch=x86_64", "--releasever=1",
		"--installroot="+t.TempDir(), "-q", "-y", "install", "--downloadonly", "--downloaddir="+into, "hello", "world")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"hello", "world"} {
		file := name + "-2.0-3.fc45.x86_64.rpm"
		if got, err := os.ReadFile(filepath.Join(into, file)); err != nil || !bytes.Equal(got, contentOf(name)) || s.asked["Packages/"+file] == 0 {
			t.Errorf("%s was not downloaded from where it is: %v: %s", name, err, out)
		}
	}
}

// What mergerepo_c writes is what createrepo_c would.
func TestRealMetadataOfCreaterepoIsRead(t *testing.T) {
	merge, err := exec.LookPath("mergerepo_c")
	if err != nil {
		t.Skip("mergerepo_c is not installed")
	}
	from, merged := t.TempDir(), t.TempDir()
	s := usual(t, ".gz", "hello", "world")
	if err := os.Mkdir(filepath.Join(from, "repodata"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, body := range s.files {
		if strings.HasPrefix(path, "repodata/") {
			if err := os.WriteFile(filepath.Join(from, path), body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := exec.CommandContext(t.Context(), merge, "--no-database", "--omit-baseurl", "-r", "file://"+from, "-o", merged).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	theirs := httptest.NewServer(http.FileServer(http.Dir(merged)))
	defer theirs.Close()
	r, err := client().Open(t.Context(), theirs.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Collect(t.Context(), map[string]bool{pkgid("hello"): true, pkgid("world"): true})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hello", "world"} {
		f, _, err := c.Get(pkgid(name))
		if err != nil {
			t.Fatal(err)
		}
		place := `<location xml:base="` + theirs.URL + `/" href="Packages/` + name + `-2.0-3.fc45.x86_64.rpm"/>`
		if diff := cmp.Diff([]string{primaryOf(name, place), filelistsOf(name), otherOf(name)},
			[]string{string(f.Primary), string(f.Filelists), string(f.Other)}); diff != "" {
			t.Error(diff)
		}
	}
}

func TestMoreThanCanBeKeptIsRefused(t *testing.T) {
	s := usual(t, ".gz", "hello")
	c := client()
	c.Limits.Kept = 100
	r, err := c.Open(t.Context(), s.url())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Collect(t.Context(), map[string]bool{pkgid("hello"): true}); err == nil || !strings.Contains(err.Error(), "too large to be kept") {
		t.Error(err)
	}
}

func TestAReaderMayStopEarly(t *testing.T) {
	s := usual(t, ".gz", "hello", "world")
	r, err := client().Open(t.Context(), s.url())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range r.Packages(t.Context()) {
		if n++; err != nil {
			t.Fatal(err)
		}
		break
	}
	if n != 1 {
		t.Error(n)
	}
}

func BenchmarkDescriptions(b *testing.B) {
	s := newSomeone(b)
	var filelists, primary []string
	for i := range 5000 {
		name := fmt.Sprint("package", i)
		one := filelistsOf(name)
		filelists = append(filelists, strings.Replace(one, "  <file>", strings.Repeat("  <file>/usr/share/"+name+"/some/file/of/it</file>\n", 200)+"  <file>", 1))
		primary = append(primary, primaryOf(name, `<location href="Packages/`+name+`.rpm"/>`))
	}
	for kind, packages := range map[repodata.Kind][]string{repodata.Filelists: filelists, repodata.Primary: primary} {
		text := documentOf(kind, packages...)
		s.put(b, kind, ".zst", text)
		b.Run(string(kind), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := client().Open(b.Context(), s.url())
				if err != nil {
					b.Fatal(err)
				}
				if err := r.Descriptions(b.Context(), kind, func(string, []byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestAnXZFileThatNeedsTooMuchMemoryIsRefused(t *testing.T) {
	packed := pack(t, ".xz", []byte(documentOf(repodata.Primary)))
	const dictionary = 16 // after the stream's header, the block's size and flags, the filter's number and size
	for bits, refused := range map[byte]bool{18: false, 30: false, 40: true, 41: true} {
		packed[dictionary] = bits
		if err := checkXZ(packed); (err != nil) != refused {
			t.Errorf("%d: %v", bits, err)
		}
	}
}
