package header_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/rpmpack"
	"github.com/sassoftware/go-rpmutils"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

// packed is an RPM written by a hand other than rpm's.
func packed(tb testing.TB) []byte {
	tb.Helper()
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{
		Name: "hello", Version: "2.12", Release: "3.fc45", Arch: "x86_64", Epoch: 2, BuildTime: time.Unix(1700000000, 0),
		Summary: "Prints a greeting", Licence: "GPL-3.0-or-later", Group: "Unspecified",
		Provides: rpmpack.Relations{{Name: "greeter", Version: "2", Sense: rpmpack.SenseEqual}},
		Requires: rpmpack.Relations{{Name: "/bin/sh"}, {Name: "libc.so.6(GLIBC_2.34)(64bit)"}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	p.AddFile(rpmpack.RPMFile{Name: "/usr/bin/hello", Body: []byte("#!/bin/sh\necho hello\n"), Mode: 0o100755})
	p.AddFile(rpmpack.RPMFile{Name: "/etc/hello.conf", Body: []byte("loud\n"), Mode: 0o100644, Type: rpmpack.ConfigFile})
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestAPackageOfAnotherWriterIsRead(t *testing.T) {
	raw := packed(t)
	h, err := header.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := h.NVRA(); err != nil || n.String() != "hello-2.12-3.fc45.x86_64" || n.Epoch != 2 {
		t.Errorf("NVRA %v, %v", n, err)
	}
	if _, err := h.Identity(); err != nil {
		t.Errorf("identity: %v", err)
	}
	agree(t, raw, h)
}

// TestRealPackagesAreRead reads every RPM of DISTAFF_RPMS.
func TestRealPackagesAreRead(t *testing.T) {
	dir := os.Getenv("DISTAFF_RPMS")
	if dir == "" {
		t.Skip("DISTAFF_RPMS names no folder of RPMs")
	}
	var paths []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".rpm" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("no RPMs in %s: %v", dir, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			h, err := header.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.NVRA(); err != nil {
				t.Errorf("name: %v", err)
			}
			if _, err := h.Identity(); err != nil {
				t.Errorf("identity: %v", err)
			}
			if _, err := h.SigKey(); err != nil {
				t.Errorf("key: %v", err)
			}
			agree(t, raw, h)
		})
	}
}

// agree compares every tag's value with what go-rpmutils reads.
func agree(t *testing.T, raw []byte, h header.Header) {
	t.Helper()
	oracle, err := readOracle(raw)
	if err != nil {
		return // it is stricter elsewhere: digests, for one
	}
	if r := oracle.GetRange(); int64(r.Start) != h.Start() || int64(r.End) != h.End() {
		t.Errorf("header from %d to %d, the oracle's from %d to %d", h.Start(), h.End(), r.Start, r.End)
	}
	for tag := header.Tag(1000); tag < 5120; tag++ {
		// The oracle looks into the signature header too, and makes up old file
		// names.
		if !h.Has(tag) || h.Signature().Has(tag) || tag == header.OldFilenames {
			continue
		}
		var ours, theirs any
		var ourErr, theirErr error
		if ours, ourErr = h.Texts(tag); ourErr == nil {
			theirs, theirErr = oracle.GetStrings(int(tag))
		} else if ours, ourErr = h.Uint64s(tag); ourErr == nil {
			theirs, theirErr = oracle.GetUint64s(int(tag))
		} else if ours, ourErr = h.Bin(tag); ourErr == nil {
			theirs, theirErr = oracle.GetBytes(int(tag))
		} else {
			continue
		}
		if theirErr != nil {
			t.Errorf("%s: we read %v, the oracle says %v", tag, ours, theirErr)
		} else if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("%s (-oracle +ours):\n%s", tag, diff)
		}
	}
}

// readOracle turns the oracle's panics into errors.
func readOracle(raw []byte) (h *rpmutils.RpmHeader, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("panic")
		}
	}()
	return rpmutils.ReadHeader(bytes.NewReader(raw))
}

func FuzzParse(f *testing.F) {
	f.Add(packed(f))
	f.Add(file(block(one(269, "abc")), block(one(1000, "hello"), numbers(1003, 1, 2), many(1117, "a", "b"))))
	f.Add(file(block(one(269, "abc")), block(one(1044, "s"), one(1000, "hello"))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := header.Parse(raw)
		var short *header.Short
		switch {
		case errors.As(err, &short):
			if short.Need <= int64(len(raw)) || short.Need > header.MaxSize {
				t.Fatalf("%d bytes need %d", len(raw), short.Need)
			}
			return
		case err != nil:
			if !errors.Is(err, header.ErrBroken) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if h.Start() < 112 || h.End() > int64(len(raw)) || h.Start() >= h.End() {
			t.Fatalf("the header of %d bytes spans %d to %d", len(raw), h.Start(), h.End())
		}
		_, _ = h.NVRA()
		_, _ = h.Identity()
		_, _ = h.SigKey()
		_, _ = h.SigMD5()
		agree(t, raw, h)
	})
}

func BenchmarkParse(b *testing.B) {
	raw := packed(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := header.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
