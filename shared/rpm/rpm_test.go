package rpm_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/rpm"
)

func TestNamesOfPackages(t *testing.T) {
	for text, want := range map[string]rpm.NVRA{
		"hello-2.12-3.fc45.x86_64": {NVR: rpm.NVR{Name: "hello", EVR: rpm.EVR{Version: "2.12", Release: "3.fc45"}}, Arch: "x86_64"},
		"Packages/p/perl-libs-4:5.40.0-510.fc42.i686.rpm": {
			NVR: rpm.NVR{Name: "perl-libs", EVR: rpm.EVR{Epoch: 4, Version: "5.40.0", Release: "510.fc42"}}, Arch: "i686",
		},
		"1:bind-9-1.src.rpm": {NVR: rpm.NVR{Name: "bind", EVR: rpm.EVR{Epoch: 1, Version: "9", Release: "1"}}, Arch: "src"},
		"x-1~rc1^20200101git-0.1.noarch": {
			NVR: rpm.NVR{Name: "x", EVR: rpm.EVR{Version: "1~rc1^20200101git", Release: "0.1"}}, Arch: "noarch",
		},
	} {
		got, err := rpm.ParseNVRA(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{
		"", "hello", "hello-1", "hello-1-", "-1-1.noarch", "hello--1.noarch", "hello-1-1", "a b-1-1.noarch",
		"a:b-1-1.noarch", "1:a-2:1-1.noarch", "a-1-1.x:y", "a-1-1.", "a-1-2:1.noarch",
	} {
		if got, err := rpm.ParseNVRA(text); err == nil || !errors.Is(err, rpm.ErrName) {
			t.Errorf("%q was read as %+v, %v", text, got, err)
		}
	}
}

func TestAnEpochIsNoPartOfTheFile(t *testing.T) {
	n, err := rpm.ParseNVRA("perl-libs-4:5.40.0-510.fc42.i686")
	if err != nil || n.File() != "perl-libs-5.40.0-510.fc42.i686.rpm" || n.EVR.String() != "4:5.40.0-510.fc42" {
		t.Errorf("%v %v %v", n.File(), n.EVR, err)
	}
}

func TestANEVRAIsTakenApartAsItWasWritten(t *testing.T) {
	n, err := rpm.ParseNVRA("bash-5.3-1.fc45.x86_64.rpm")
	if err != nil || n.NEVRA() != "bash-0:5.3-1.fc45.x86_64" {
		t.Errorf("%s, %v", n.NEVRA(), err)
	}
	for text, want := range map[string][]string{
		"bash-0:5.3-1.fc45.x86_64":        {"bash", "0:5.3-1.fc45", "x86_64", "bash"},
		"perl-libs-4:5.40.0-510.fc42.src": {"perl-libs", "4:5.40.0-510.fc42", "src", "perl-libs"},
		"perl-libs-5.40.0-510.noarch":     {"perl-libs", "5.40.0-510", "noarch", "perl-libs"},
		"bash-5.3.x86_64":                 {"", "", "", "bash-5.3.x86_64"},
		"-5.3-1.x86_64":                   {"", "", "", ""},
		"bash":                            {"", "", "", "bash"},
		"":                                {"", "", "", ""},
	} {
		name, evr, arch, ok := rpm.SplitNEVRA(text)
		if diff := cmp.Diff(want, []string{name, evr, arch, rpm.NameOf(text)}); diff != "" || ok != (name != "") {
			t.Errorf("%q: %t %s", text, ok, diff)
		}
	}
}

func TestVersions(t *testing.T) {
	for text, want := range map[string]rpm.EVR{
		"1.0":       {Version: "1.0"},
		"1.0-1":     {Version: "1.0", Release: "1"},
		"0:1.0-1":   {Version: "1.0", Release: "1"},
		"3:1~a-1^b": {Epoch: 3, Version: "1~a", Release: "1^b"},
	} {
		got, err := rpm.ParseEVR(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"", "a:1", "1-", "-1", "1-2-3", "1:2:3", ":1", "99999999999:1"} {
		if got, err := rpm.ParseEVR(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestFamiliesOfArchitectures(t *testing.T) {
	for arch, want := range map[string]string{
		"i686": "i386", "x86_64": "x86_64", "ia32e": "x86_64", "ppc64le": "ppc64le", "ppc64p7": "ppc64",
		"armv7hl": "armhfp", "armv5tel": "arm", "sparc64v": "sparc64", "sparcv9": "sparc",
		"alphaev6": "alpha", "aarch64": "aarch64", "s390x": "s390x", "noarch": "noarch", "": "",
	} {
		if got := rpm.BaseArch(arch); got != want {
			t.Errorf("%s: %s, not %s", arch, got, want)
		}
	}
}
