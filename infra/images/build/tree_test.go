package main

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"
	"time"
)

// packed is an archive as a package has it.
func packed(t *testing.T, heads ...tar.Header) *tar.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, head := range heads {
		if err := w.WriteHeader(&head); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return tar.NewReader(&b)
}

func all(string) bool { return true }

func TestTheOrderOfPackagesChangesNothing(t *testing.T) {
	made := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one := tar.Header{Name: "./bin/one", Typeflag: tar.TypeReg, Mode: 0o4755, ModTime: made, Uid: 7}
	two := tar.Header{Name: "./lib/two", Typeflag: tar.TypeSymlink, Linkname: "three", ModTime: made.Add(time.Hour)}
	var archives [2][]byte
	for i, order := range [][]tar.Header{{one, two}, {two, one}} {
		tree := newTree()
		for _, head := range order {
			if err := tree.unpack(packed(t, head), all); err != nil {
				t.Fatal(err)
			}
		}
		tree.furnish(true, "amd64")
		archive, err := tree.archive()
		if err != nil {
			t.Fatal(err)
		}
		archives[i] = archive
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two trees of the same files differ")
	}
	var found []string
	for r := tar.NewReader(bytes.NewReader(archives[0])); ; {
		head, err := r.Next()
		if err != nil {
			break
		}
		if strings.HasPrefix(head.Name, "usr/") {
			found = append(found, head.Name)
		}
		if head.Name == "usr/bin/one" && (head.Uid != 0 || head.Mode != 0o755) {
			t.Errorf("%s is of user %d with mode %o", head.Name, head.Uid, head.Mode)
		}
	}
	if got := strings.Join(found, " "); got != "usr/ usr/bin/ usr/bin/one usr/lib/ usr/lib/two" {
		t.Error(got)
	}
}

func TestADeviceInAPackageIsRefused(t *testing.T) {
	if err := newTree().unpack(packed(t, tar.Header{Name: "dev/sda", Typeflag: tar.TypeBlock}), all); err == nil {
		t.Error("it was taken")
	}
}

func TestALockNamesPackagesInFull(t *testing.T) {
	good := "# about\namd64 rpm 1:4.18-1 " + strings.Repeat("a", 64) + " http://deb.example.org/rpm.deb\n"
	if files, err := readLock(strings.NewReader(good)); err != nil || len(files) != 1 || files[0].Version != "1:4.18-1" {
		t.Error(files, err)
	}
	for _, bad := range []string{"", "amd64 rpm", strings.Replace(good, "aaa", "AAA", 1), strings.Replace(good, "http:", "file:", 1), strings.Replace(good, " rpm ", " ../rpm ", 1)} {
		if _, err := readLock(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzDeb(f *testing.F) {
	f.Add([]byte("!<arch>\n"))
	f.Add([]byte("!<arch>\ncontrol.tar     0           0     0     100644  3         `\nabc\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		content, _, err := openDeb(data)
		if err == nil {
			_ = newTree().unpack(content, all)
		}
	})
}
