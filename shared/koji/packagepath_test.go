package koji_test

import (
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

func build(name, version, release string) rpm.NVR {
	return rpm.NVR{Name: name, EVR: rpm.EVR{Version: version, Release: release}}
}

func TestPathsAreKojis(t *testing.T) {
	hello := build("hello", "2.12", "3.fc45")
	libs := rpm.NVRA{NVR: build("hello-libs", "2.12", "3.fc45"), Arch: "x86_64"}
	for _, c := range []struct {
		got  func() (string, error)
		want string
	}{
		{func() (string, error) { return koji.BuildPath("", hello) }, "packages/hello/2.12/3.fc45"},
		{func() (string, error) { return koji.BuildPath("DEFAULT", hello) }, "packages/hello/2.12/3.fc45"},
		{func() (string, error) { return koji.RPMPath("fast", hello, libs) }, "vol/fast/packages/hello/2.12/3.fc45/x86_64/hello-libs-2.12-3.fc45.x86_64.rpm"},
		{
			func() (string, error) { return koji.SignedPath("", hello, libs, "A15B79CC") },
			"packages/hello/2.12/3.fc45/data/signed/a15b79cc/x86_64/hello-libs-2.12-3.fc45.x86_64.rpm",
		},
		{ // a draft: the folder has the suffix, the file has not
			func() (string, error) {
				return koji.RPMPath("", build("a", "1~rc1^g", "1,draft_7"), rpm.NVRA{NVR: build("a", "1~rc1^g", "1"), Arch: "src"})
			},
			"packages/a/1~rc1^g/1,draft_7/src/a-1~rc1^g-1.src.rpm",
		},
	} {
		if got, err := c.got(); err != nil || got != c.want {
			t.Errorf("%q, %v; not %q", got, err, c.want)
		}
	}
}

func TestAHostileNameMakesNoPath(t *testing.T) {
	good := build("hello", "1", "1")
	long := strings.Repeat("a", 256)
	for _, bad := range []string{"", ".", "..", "../../etc", "a/b", `a\b`, ".hidden", "a b", "a\x00", "a\n", "a?b", "a%2f", "é", "<a>", long} {
		for name, try := range map[string]func() (string, error){
			"volume":  func() (string, error) { return koji.BuildPath(bad+"!", good) },
			"name":    func() (string, error) { return koji.BuildPath("", build(bad, "1", "1")) },
			"version": func() (string, error) { return koji.BuildPath("", build("a", bad, "1")) },
			"release": func() (string, error) { return koji.BuildPath("", build("a", "1", bad)) },
			"arch":    func() (string, error) { return koji.RPMPath("", good, rpm.NVRA{NVR: good, Arch: bad}) },
			"package": func() (string, error) {
				return koji.RPMPath("", good, rpm.NVRA{NVR: build(bad, "1", "1"), Arch: "src"})
			},
			"key": func() (string, error) { return koji.SignedPath("", good, rpm.NVRA{NVR: good, Arch: "src"}, bad) },
		} {
			if path, err := try(); err == nil {
				t.Errorf("%s %.20q makes %q", name, bad, path)
			} else if len(err.Error()) > 600 {
				t.Errorf("%s %.20q: an error of %d bytes", name, bad, len(err.Error()))
			}
		}
	}
	for _, key := range []string{"a15b79c", "a15b79ccc", "a15b79cg", "unsigned"} {
		if path, err := koji.SignedPath("", good, rpm.NVRA{NVR: good, Arch: "src"}, key); err == nil {
			t.Errorf("key %q makes %q", key, path)
		}
	}
}

func FuzzRPMPath(f *testing.F) {
	f.Add("fast", "hello", "1", "1.fc45", "x86_64", "a15b79cc")
	f.Add("..", "../..", "/", "%2e", "a\nb", "a15b79cc")
	f.Fuzz(func(t *testing.T, volume, name, version, release, arch, key string) {
		b := build(name, version, release)
		path, err := koji.SignedPath(volume, b, rpm.NVRA{NVR: b, Arch: arch}, key)
		if err != nil {
			return
		}
		parts := strings.Split(path, "/")
		if len(parts) != 9 && len(parts) != 11 {
			t.Errorf("%q has %d parts", path, len(parts))
		}
		for _, part := range parts {
			if part == "" || part[0] == '.' || strings.ContainsAny(part, "\\\x00\n %?#") {
				t.Errorf("%q", path)
			}
		}
	})
}
