package repodata_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/rpmpack"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// pack writes an RPM without rpmbuild; change may spoil it.
func pack(tb testing.TB, name string, change func(*rpmpack.RPM)) header.Header {
	tb.Helper()
	h, err := header.Parse(packBytes(tb, name, change))
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func packBytes(tb testing.TB, name string, change func(*rpmpack.RPM)) []byte {
	tb.Helper()
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{
		Name: name, Version: "2.12", Release: "3.fc45", Arch: "x86_64", Epoch: rpmpack.NoEpoch, Summary: "Prints a greeting",
		Requires: rpmpack.Relations{{Name: "/bin/sh"}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	p.AddFile(rpmpack.RPMFile{Name: "/usr/bin/" + name, Body: []byte("x"), Mode: 0o100755})
	p.AddCustomTag(1006, rpmpack.EntryUint32([]uint32{1700000000}))
	if change != nil {
		change(p)
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func file(name string) repodata.File {
	return repodata.File{PkgID: strings.Repeat("0a", 32), Size: 4711, Base: "https://kojipkgs.example.org/packages/", Href: "hello/2.12/3.fc45/x86_64/" + name}
}

func TestAPackageIsDescribed(t *testing.T) {
	got, err := repodata.Describe(pack(t, "hello", nil), file("hello-2.12-3.fc45.x86_64.rpm"), repodata.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const primary = `<package type="rpm">
  <name>hello</name>
  <arch>x86_64</arch>
  <version epoch="0" ver="2.12" rel="3.fc45"/>
  <checksum type="sha256" pkgid="YES">0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a</checksum>
  <summary>Prints a greeting</summary>
  <description></description>
  <packager></packager>
  <url></url>
  <time file="1700000000" build="1700000000"/>
  <size package="4711" installed="1" archive="1"/>
  <location xml:base="https://kojipkgs.example.org/packages/" href="hello/2.12/3.fc45/x86_64/hello-2.12-3.fc45.x86_64.rpm"/>
  <format>
    <rpm:license></rpm:license>
    <rpm:vendor></rpm:vendor>
    <rpm:group></rpm:group>
    <rpm:buildhost></rpm:buildhost>
    <rpm:sourcerpm>hello-2.12-3.fc45.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="272" end="END"/>
    <rpm:provides>
      <rpm:entry name="hello" flags="EQ" epoch="0" ver="2.12" rel="3.fc45"/>
    </rpm:provides>
    <rpm:requires>
      <rpm:entry name="/bin/sh"/>
    </rpm:requires>
    <file>/usr/bin/hello</file>
  </format>
</package>
`
	// The packer's header ends where its compression's version has it.
	text := string(got.Primary)
	if _, rest, found := strings.Cut(text, `start="272" end="`); found {
		end, _, _ := strings.Cut(rest, `"`)
		text = strings.Replace(text, `end="`+end, `end="END`, 1)
	}
	if diff := cmp.Diff(primary, text); diff != "" {
		t.Errorf("primary (-want +got):\n%s", diff)
	}
	const head = `<package pkgid="0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a" name="hello" arch="x86_64">
  <version epoch="0" ver="2.12" rel="3.fc45"/>
`
	if diff := cmp.Diff(head+"  <file>/usr/bin/hello</file>\n</package>\n", string(got.Filelists)); diff != "" {
		t.Errorf("filelists (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(head+"</package>\n", string(got.Other)); diff != "" {
		t.Errorf("other (-want +got):\n%s", diff)
	}
}

func TestABadPackageIsNamedWithItsField(t *testing.T) {
	text := func(tag int, text string) func(*rpmpack.RPM) {
		return func(p *rpmpack.RPM) { p.AddCustomTag(tag, rpmpack.EntryString(text)) }
	}
	texts := func(tag int, texts ...string) func(*rpmpack.RPM) {
		return func(p *rpmpack.RPM) { p.AddCustomTag(tag, rpmpack.EntryStringSlice(texts)) }
	}
	numbers := func(tag int, numbers ...uint32) func(*rpmpack.RPM) {
		return func(p *rpmpack.RPM) { p.AddCustomTag(tag, rpmpack.EntryUint32(numbers)) }
	}
	tests := map[string]struct {
		change func(*rpmpack.RPM)
		file   func(*repodata.File)
		want   string
	}{
		"a control character in the summary":      {change: text(1004, "a\x07b"), want: "summary: XML cannot hold it: the control character 0x07 at byte 1"},
		"a control character behind a letter":     {change: text(1005, "é\x01"), want: "description: XML cannot hold it"},
		"a surrogate":                             {change: text(1004, "a\xed\xa0\x80"), want: "summary: XML cannot hold it: a character in UTF-8 that Unicode does not have"},
		"a character that is none":                {change: text(1004, "a\uffff"), want: "summary: XML cannot hold it: the character U+FFFF"},
		"a control character in a provide":        {change: texts(1047, "\x02"), want: "provides: XML cannot hold it"},
		"a control character in a file":           {change: texts(1117, "\x1b[2J"), want: "files: XML cannot hold it"},
		"a control character in a folder":         {change: texts(1118, "/usr/\x1b/"), want: "files: XML cannot hold it"},
		"more provides than versions":             {change: texts(1047, "a", "b"), want: "provides: broken RPM header: 2 names, 1 flags and 1 versions"},
		"fewer flags than requires":               {change: texts(1049, "a", "b"), want: "requires: broken RPM header: 2 names, 1 flags and 1 versions"},
		"more files than modes":                   {change: texts(1117, "a", "b"), want: "files: broken RPM header: 2 names"},
		"a file in a folder that is not there":    {change: numbers(1116, 7), want: `files: broken RPM header: "hello" lies in folder 7 of 1`},
		"a text of megabytes":                     {change: text(1005, strings.Repeat("x", 1<<20+1)), want: "description: a text of 1048577 bytes"},
		"a bomb of folders":                       {change: bomb, want: "files: more than the 67108864 bytes"},
		"more times than entries":                 {change: func(p *rpmpack.RPM) { numbers(1080, 1, 2)(p); texts(1081, "a")(p); texts(1082, "b")(p) }, want: "changelog: broken RPM header: 1 authors, 2 times and 1 texts"},
		"a number for the name":                   {change: numbers(1000, 1), want: "tag 1000 (name) of the main header is of type 4, no text"},
		"no name":                                 {change: text(1000, ""), want: "name: the header has none"},
		"no checksum":                             {file: func(f *repodata.File) { f.PkgID = "" }, want: "checksum: \"\" is no SHA-256"},
		"a checksum in capitals":                  {file: func(f *repodata.File) { f.PkgID = strings.Repeat("0A", 32) }, want: "is no SHA-256 in lower case"},
		"no size":                                 {file: func(f *repodata.File) { f.Size = 0 }, want: "size: 0 bytes"},
		"no location":                             {file: func(f *repodata.File) { f.Href = "" }, want: "location: \"\" is neither"},
		"a location dnf would append to the base": {file: func(f *repodata.File) { f.Href = "/rpms/x.rpm" }, want: "location: \"/rpms/x.rpm\" is neither"},
		"a control character in the location":     {file: func(f *repodata.File) { f.Href = "a\x00" }, want: "location: XML cannot hold it"},
	}
	d := repodata.Describer{}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := file("hello.rpm")
			if test.file != nil {
				test.file(&f)
			}
			before := repodata.Fragment{Primary: []byte("p"), Filelists: []byte("f"), Other: []byte("o")}
			after, err := d.Append(before, pack(t, "hello", test.change), f)
			var bad *repodata.PackageError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if bad.Href != f.Href || !strings.Contains(bad.NEVRA, "-0:2.12-3.fc45.x86_64") {
				t.Errorf("names %s at %s", bad.NEVRA, bad.Href)
			}
			if string(after.Primary) != "p" || string(after.Filelists) != "f" || string(after.Other) != "o" {
				t.Errorf("left %q", after)
			}
		})
	}
	// It goes on after all of them.
	if _, err := d.Append(repodata.Fragment{}, pack(t, "hello", nil), file("hello.rpm")); err != nil {
		t.Error(err)
	}
}

// bomb has a thousand files in a folder whose name is long.
func bomb(p *rpmpack.RPM) {
	const n = 1000
	p.AddCustomTag(1118, rpmpack.EntryStringSlice([]string{"/" + strings.Repeat("x", 100_000) + "/"}))
	p.AddCustomTag(1117, rpmpack.EntryStringSlice(slices.Repeat([]string{"a"}, n)))
	p.AddCustomTag(1035, rpmpack.EntryStringSlice(make([]string, n)))
	for _, tag := range []int{1116, 1037, 1030} {
		p.AddCustomTag(tag, rpmpack.EntryUint32(make([]uint32, n)))
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add(packBytes(f, "hello", nil))
	f.Add(crafted())
	f.Add(old())
	d := repodata.Describer{Options: repodata.Options{Ext: true, Changelogs: -1}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := header.Parse(raw)
		if err != nil {
			return
		}
		got, err := d.Append(repodata.Fragment{}, h, file("hello.rpm"))
		var bad *repodata.PackageError
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		for _, part := range [][]byte{got.Primary, got.Filelists, got.Other, got.FilelistsExt} {
			if err := wellFormed(part); err != nil {
				t.Fatalf("%v in\n%s", err, part)
			}
		}
	})
}

// wellFormed reads one element to its end.
func wellFormed(raw []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	for {
		if _, err := decoder.Token(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}
