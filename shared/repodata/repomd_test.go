package repodata_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/repodata"
)

const repomdXML = `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1700000000</revision>
  <tags>
    <content>binary-x86_64</content>
    <distro cpeid="cpe:/o:fedoraproject:fedora:45">Fedora 45</distro>
  </tags>
  <data type="primary">
    <checksum type="sha256">0000000000000000000000000000000000000000000000000000000000000001</checksum>
    <open-checksum type="sha256">0000000000000000000000000000000000000000000000000000000000000002</open-checksum>
    <location href="repodata/01-primary.xml.zst"/>
    <timestamp>1700000000</timestamp>
    <size>10</size>
    <open-size>20</open-size>
  </data>
  <data type="primary_zck">
    <checksum type="sha256">0000000000000000000000000000000000000000000000000000000000000003</checksum>
    <header-checksum type="sha256">0000000000000000000000000000000000000000000000000000000000000004</header-checksum>
    <location href="repodata/03-primary.xml.zck" xml:base="https://mirror.example.org/f45/"/>
    <timestamp>1700000000</timestamp>
    <size>30</size>
    <header-size>5</header-size>
  </data>
  <data type="modules">
    <checksum type="sha512">00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005</checksum>
    <location href="repodata/05-modules.yaml.gz"/>
    <timestamp>1700000000</timestamp>
    <size>40</size>
  </data>
</repomd>
`

func TestRepomdIsReadAndWrittenAgain(t *testing.T) {
	r, err := repodata.ParseRepomd([]byte(repomdXML))
	if err != nil {
		t.Fatal(err)
	}
	if modules, ok := r.Find(repodata.Modules); !ok || modules.Size != 40 || modules.Checksum.Type != "sha512" {
		t.Errorf("modules: %v, %+v", ok, modules)
	}
	if _, ok := r.Find(repodata.Group); ok {
		t.Error("it finds a group file")
	}
	// However the files are put in, they come out in one order.
	r.Data[0], r.Data[2] = r.Data[2], r.Data[0]
	got, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(repomdXML, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABadRepomdIsRefused(t *testing.T) {
	change := func(old, changed string) string {
		if !strings.Contains(repomdXML, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(repomdXML, old, changed, 1)
	}
	const location = "repodata/01-primary.xml.zst"
	tests := map[string]struct{ raw, want string }{
		"not XML":                          {"no such key", "EOF"},
		"an error page":                    {"<html><body>404</body></html>", "expected element type <repomd>"},
		"another namespace":                {change("metadata/repo\"", "metadata/filelists\""), "expected element <repomd> in name space"},
		"cut off":                          {repomdXML[:900], "unexpected EOF"},
		"nothing in it":                    {`<repomd xmlns="http://linux.duke.edu/metadata/repo"/>`, "lists 0 files"},
		"too large":                        {strings.Repeat(" ", repodata.MaxRepomd) + repomdXML, "at most 1048576"},
		"too many files":                   {`<repomd xmlns="http://linux.duke.edu/metadata/repo">` + strings.Repeat("<data/>", 257) + `</repomd>`, "lists 257 files"},
		"a type that is a path":            {change(`"primary"`, `"../primary"`), "no type of metadata"},
		"no checksum":                      {change("<checksum type=\"sha256\">0000000000000000000000000000000000000000000000000000000000000001</checksum>", ""), `"primary": no checksum`},
		"a checksum of no known algorithm": {change(`<checksum type="sha256"`, `<checksum type="crc32"`), `the algorithm "crc32" is not known`},
		"a checksum too short":             {change("0001</checksum>", "</checksum>"), "is no sha256"},
		"a location out of the repository": {change(location, "../../etc/passwd"), "is no path within the repository"},
		"a location at the root":           {change(location, "/etc/passwd"), "is no path within the repository"},
		"a location elsewhere":             {change(location, "http://evil.example.org/x"), "is no path within the repository"},
		"a location with a query":          {change(location, "repodata/x?y=1"), "is no path within the repository"},
		"no location":                      {change(location, ""), "is no path within the repository"},
		"a base that is a file":            {change("https://mirror.example.org/f45/", "file:///etc/"), "is no URL of the web"},
		"a negative size":                  {change("<size>10<", "<size>-10<"), `size "-10" is out of range`},
		"a size of no file":                {change("<size>10<", "<size>99999999999999<"), "is out of range"},
		"a time that is a word":            {change("<timestamp>1700000000<", "<timestamp>now<"), `timestamp "now" is out of range`},
		"an entity that explodes":          {`<!DOCTYPE x [<!ENTITY a "aaaa">]><repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>&a;</revision></repomd>`, "invalid character entity"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := repodata.ParseRepomd([]byte(test.raw))
			if !errors.Is(err, repodata.ErrRepomd) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if r, err := repodata.ParseRepomd([]byte(change("<timestamp>1700000000<", "<timestamp>1700000000.25<"))); err != nil || r.Data[0].Timestamp != 1700000000 {
		t.Errorf("a fraction of a second: %v", err)
	}
}

func TestARepomdThatIsNoXMLIsNotWritten(t *testing.T) {
	if _, err := (repodata.Repomd{Revision: "a\x00"}).Encode(); err == nil {
		t.Error("it is written")
	}
}

func TestASmallRepositoryIsTheSameInAnyOrder(t *testing.T) {
	a := rpmFile{pack(t, "a", nil), file("a.rpm")}
	b := rpmFile{pack(t, "b", nil), file("b.rpm")}
	for _, gz := range []bool{false, true} {
		w := whole{revision: 1700000000, gzip: gz, extra: map[repodata.Kind][]byte{repodata.Modules: []byte("---\n"), repodata.Group: []byte("<comps/>")}}
		one, err := w.write([]rpmFile{a, b})
		if err != nil {
			t.Fatal(err)
		}
		two, err := w.write([]rpmFile{b, a})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, two); diff != "" {
			t.Error(diff)
		}
		md, err := repodata.ParseRepomd(one["repodata/repomd.xml"])
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range md.Data {
			if repodata.Sum(one[d.Location]) != d.Checksum {
				t.Errorf("%s has another checksum", d.Location)
			}
		}
		if len(md.Data) != 5 || len(one) != 6 {
			t.Errorf("%d files, %d named", len(one), len(md.Data))
		}
	}
}

func FuzzParseRepomd(f *testing.F) {
	f.Add([]byte(repomdXML))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := repodata.ParseRepomd(raw)
		if err != nil {
			if !errors.Is(err, repodata.ErrRepomd) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		out, err := r.Encode()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := repodata.ParseRepomd(out); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, out)
		}
	})
}
