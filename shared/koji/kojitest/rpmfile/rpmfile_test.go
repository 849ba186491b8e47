package rpmfile_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

func hello() rpmfile.Spec {
	name, _ := rpm.ParseNVRA("hello-libs-2.12-3.fc45.x86_64")
	name.Epoch = 1
	return rpmfile.Spec{
		NVRA: name, SourceRPM: "hello-2.12-3.fc45.src.rpm", Summary: "Says hello", BuildTime: 1700000000,
		Provides: []string{"libhello.so.1()(64bit)"}, Requires: []string{"libc.so.6()(64bit)"},
		Files: []string{"/etc/hello.conf", "/usr/bin/hello", "/usr/share/hello/a"}, Changelog: 3, License: "MIT",
	}
}

func TestAPackageMadeIsRead(t *testing.T) {
	raw := hello().Encode()
	got, err := rpmfile.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	want := rpmfile.Info{NVRA: hello().NVRA, HasEpoch: true, SourceRPM: "hello-2.12-3.fc45.src.rpm", BuildTime: 1700000000}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(rpmfile.Info{}), cmpopts.IgnoreFields(rpmfile.Info{}, "MD5", "Start", "End")); diff != "" {
		t.Error(diff)
	}
	if len(got.MD5) != 32 || got.Start <= 96 || got.End >= int64(len(raw)) {
		t.Errorf("%+v", got)
	}
	if !bytes.Equal(raw, hello().Encode()) {
		t.Error("the same package has other bytes")
	}
}

// TestRPMTakesWhatIsMade asks the rpm program, which checks every digest.
func TestRPMTakesWhatIsMade(t *testing.T) {
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Skip("no rpm program on this machine")
	}
	source := hello()
	source.SourceRPM, source.Files, source.Provides = "", nil, nil
	var signed bytes.Buffer
	if _, err := rpmfile.Sign(bytes.NewReader(hello().Encode()), &signed, "a15b79cc"); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"binary": hello().Encode(), "source": source.Encode(), "signed": signed.Bytes()} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.rpm")
			if err := os.WriteFile(file, raw, 0o644); err != nil {
				t.Fatal(err)
			}
			db := []string{"--define", "_dbpath " + t.TempDir()}
			out, err := exec.CommandContext(t.Context(), "rpm", append(db, "-Kv", "--nosignature", file)...).CombinedOutput()
			if err != nil || strings.Contains(string(out), "BAD") || !strings.Contains(string(out), "Payload SHA256 digest: OK") {
				t.Errorf("%v\n%s", err, out)
			}
			out, err = exec.CommandContext(t.Context(), "rpm", append(db, "-qp", "--qf", "%{name}-%{epoch}:%{version}-%{release} [%{filenames} ]", file)...).Output()
			if err != nil || !strings.HasPrefix(string(out), "hello-libs-1:2.12-3.fc45 ") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "a.rpm")
	if err := os.WriteFile(file, signed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.CommandContext(t.Context(), "rpm", "--define", "_dbpath "+t.TempDir(), "-Kv", file).CombinedOutput()
	if !strings.Contains(string(out), "key ID a15b79cc: NOKEY") {
		t.Errorf("rpm sees no signature of the key:\n%s", out)
	}
}

func TestASignedCopyDiffersInItsSignatureOnly(t *testing.T) {
	plain := hello().Encode()
	var one, two bytes.Buffer
	if _, err := rpmfile.Sign(bytes.NewReader(plain), &one, "a15b79cc"); err != nil {
		t.Fatal(err)
	}
	if _, err := rpmfile.Sign(bytes.NewReader(one.Bytes()), &two, "18b8e74c"); err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{one.Bytes(), two.Bytes()} {
		before, _ := rpmfile.Read(bytes.NewReader(plain))
		after, err := rpmfile.Read(bytes.NewReader(raw))
		if err != nil || !bytes.Equal(plain[before.Start:], raw[after.Start:]) || before.Start == after.Start || before.MD5 != after.MD5 {
			t.Errorf("%v: %d, %d", err, before.Start, after.Start)
		}
	}
	if one.Len() != two.Len() {
		t.Error("a signature stays when another one replaces it")
	}
	if _, err := rpmfile.Sign(bytes.NewReader(plain), &two, "nokey"); err == nil {
		t.Error("signed with what is no key")
	}
}

func TestABrokenFileIsNoPackage(t *testing.T) {
	raw := hello().Encode()
	info, _ := rpmfile.Read(bytes.NewReader(raw))
	for _, cut := range []int64{0, 10, 96, 100, 120, info.Start - 1, info.Start + 5, info.End - 1} {
		if _, err := rpmfile.Read(bytes.NewReader(raw[:cut])); !errors.Is(err, rpmfile.ErrFormat) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(hello().Encode())
	f.Fuzz(func(_ *testing.T, raw []byte) {
		if _, err := rpmfile.Read(bytes.NewReader(raw)); err == nil {
			_, _ = rpmfile.Sign(bytes.NewReader(raw), &bytes.Buffer{}, "a15b79cc")
		}
	})
}
