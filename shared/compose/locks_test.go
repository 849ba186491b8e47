package compose_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
)

var sum = strings.Repeat("0123456789abcdef", 4)

func lock() compose.Lock {
	return compose.Lock{
		Version: 1, Koji: "fedora", Event: 7, Tags: []int64{3, 1}, TagNames: []string{"f45", "f45-base"},
		Trees: []compose.Tree{{
			Variant: "Temporary", Arch: "x86_64", Kind: "os", Modules: sum,
			RPMs: []compose.RPM{{
				ID: 5, NEVRA: "bash-0:5.2-1.fc45.x86_64", Build: "bash-5.2-1.fc45", SRPM: "bash-0:5.2-1.fc45.src", Sigkey: "0123abcd",
				SHA256: sum, Size: 12, Time: 1700000000, Path: "bash/5.2/1.fc45/data/signed/0123abcd/x86_64/bash-5.2-1.fc45.x86_64.rpm",
			}, {
				NEVRA: "zsh-0:5.9^git1-1~rc1.x86_64", SHA256: sum, Size: 1, Base: "https://mirror.example/x/", Path: "zsh.rpm",
			}},
		}},
	}
}

func TestALockIsKeptAsItIs(t *testing.T) {
	locks := compose.Locks{Store: mem.New()}
	digest, err := locks.Save(t.Context(), lock())
	if err != nil || digest != lock().Digest() {
		t.Fatalf("Save = %s, %v", digest, err)
	}
	again := lock()
	again.Event = 99
	if other, err := locks.Save(t.Context(), again); err != nil || other != digest {
		t.Errorf("at another event Save = %s, %v", other, err)
	}
	got, err := locks.Load(t.Context(), digest)
	if diff := cmp.Diff(lock(), got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := locks.Load(t.Context(), sum); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("where there is none: %v", err)
	}
}

func TestAnotherLockUnderItsNameIsNoticed(t *testing.T) {
	store := mem.New()
	locks := compose.Locks{Store: store}
	digest, err := locks.Save(t.Context(), lock())
	if err != nil {
		t.Fatal(err)
	}
	object, err := store.Get(t.Context(), "compose/lock/"+digest+".json.zst")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(t.Context(), "compose/lock/"+sum+".json.zst", object.Body, blob.Any); err != nil {
		t.Fatal(err)
	}
	if _, err := locks.Load(t.Context(), sum); err == nil {
		t.Error("it is taken for the other")
	}
}

func TestDocumentsLieBesideLocks(t *testing.T) {
	locks := compose.Locks{Store: mem.New()}
	body := []byte("---\ndocument: modulemd\n")
	digest, err := locks.SaveDocument(t.Context(), compose.DocModules, body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := locks.LoadDocument(t.Context(), compose.DocModules, digest)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("LoadDocument = %q, %v", got, err)
	}
	if _, err := locks.LoadDocument(t.Context(), compose.DocGroups, digest); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("of another kind: %v", err)
	}
	if _, err := locks.SaveDocument(t.Context(), compose.DocModules, make([]byte, 64<<20+1)); err == nil {
		t.Error("one of more than 64 MB is saved")
	}
}

func TestHostileLocks(t *testing.T) {
	tests := []struct {
		name   string
		change func(l *compose.Lock)
		want   string
	}{
		{"of a later version", func(l *compose.Lock) { l.Version = 2 }, "version 2"},
		{"with too many trees", func(l *compose.Lock) { l.Trees = make([]compose.Tree, 1001) }, "the most is 1000"},
		{"with a tree of another kind", func(l *compose.Lock) { l.Trees[0].Kind = "iso" }, "it is os, debug or source"},
		{"with an arch that leads elsewhere", func(l *compose.Lock) { l.Trees[0].Arch = "../x" }, "letters, digits"},
		{"with a variant that leads elsewhere", func(l *compose.Lock) { l.Trees[0].Variant = "" }, "letters, digits"},
		{"with a digest that is none", func(l *compose.Lock) { l.Trees[0].Groups = "../../x" }, "not a SHA-256"},
		{"with a path that leads out", func(l *compose.Lock) { l.Trees[0].RPMs[1].Path = "a/../../b" }, "not a plain path"},
		{"with a path from the root", func(l *compose.Lock) { l.Trees[0].RPMs[1].Path = "/etc/passwd" }, "not a plain path"},
		{"with a path of two lines", func(l *compose.Lock) { l.Trees[0].RPMs[1].Path = "a\nb" }, "not a plain path"},
		{"with a path without an end", func(l *compose.Lock) { l.Trees[0].RPMs[1].Path = strings.Repeat("a", 1025) }, "not a plain path"},
		{"with a NEVRA that is markup", func(l *compose.Lock) { l.Trees[0].RPMs[0].NEVRA = "a\x00b" }, "not a NEVRA"},
		{"with a NEVRA that is a path", func(l *compose.Lock) { l.Trees[0].RPMs[0].NEVRA = "../a" }, "not a NEVRA"},
		{"with bytes that are no text", func(l *compose.Lock) { l.Trees[0].RPMs[0].Build = "a\xff" }, "not an NVR"},
		{"with a source that is a path", func(l *compose.Lock) { l.Trees[0].RPMs[0].SRPM = "a/b" }, "not a NEVRA"},
		{"with a checksum that is none", func(l *compose.Lock) { l.Trees[0].RPMs[0].SHA256 = "" }, "not a SHA-256"},
		{"with a key that is none", func(l *compose.Lock) { l.Trees[0].RPMs[0].Sigkey = "xyz" }, "not in hex"},
		{"with a size below nothing", func(l *compose.Lock) { l.Trees[0].RPMs[0].Size = -1 }, "size -1"},
		{"with a base that is a file", func(l *compose.Lock) { l.Trees[0].RPMs[1].Base = "file:///etc" }, "not an address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := lock()
			tt.change(&l)
			_, err := compose.Locks{Store: mem.New()}.Save(t.Context(), l)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Save: %v, want %q", err, tt.want)
			}
		})
	}
}

func pack(t testing.TB, plain []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(plain, nil)
}

func TestWhatIsNoLock(t *testing.T) {
	for name, plain := range map[string]string{
		"something follows": `{"version":1,"trees":[]}{}`, "an unknown member": `{"version":1,"trees":[],"x":1}`, "no JSON": `x`, "nothing": ``,
	} {
		if _, err := compose.ReadLock(bytes.NewReader(pack(t, []byte(plain)))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := compose.ReadLock(strings.NewReader("not compressed")); err == nil {
		t.Error("not compressed: no error")
	}
}

func TestADocumentThatSwellsIsRefused(t *testing.T) {
	var bomb bytes.Buffer
	z, err := zstd.NewWriter(&bomb, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	whole := sha256.New()
	blank := bytes.Repeat([]byte(" "), 1<<20)
	for range 65 {
		if _, err := io.MultiWriter(z, whole).Write(blank); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	store := mem.New()
	digest := hex.EncodeToString(whole.Sum(nil))
	if _, err := store.Put(t.Context(), "compose/lock/"+digest+".groups.zst", bomb.Bytes(), blob.Any); err != nil {
		t.Fatal(err)
	}
	if _, err := (compose.Locks{Store: store}).LoadDocument(t.Context(), compose.DocGroups, digest); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("%d bytes become 65 MB: %v", bomb.Len(), err)
	}
}

func FuzzReadLock(f *testing.F) {
	store := mem.New()
	digest, err := compose.Locks{Store: store}.Save(context.Background(), lock())
	if err != nil {
		f.Fatal(err)
	}
	object, err := store.Get(context.Background(), "compose/lock/"+digest+".json.zst")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(object.Body, false)
	f.Add([]byte(`{"version":1,"trees":[{"variant":"Temporary","arch":"x86_64","kind":"os","rpms":[]}]}`), true)
	f.Fuzz(func(t *testing.T, raw []byte, plain bool) {
		if plain {
			raw = pack(t, raw)
		}
		got, err := compose.ReadLock(bytes.NewReader(raw))
		if err != nil {
			return
		}
		locks := compose.Locks{Store: mem.New()}
		digest, err := locks.Save(t.Context(), got)
		if err != nil {
			t.Fatalf("what was read cannot be saved: %v", err)
		}
		again, err := locks.Load(t.Context(), digest)
		if err != nil || again.Digest() != got.Digest() {
			t.Fatalf("read back it is another: %v", err)
		}
	})
}

// BenchmarkLock keeps and loads a lock of 70,000 packages.
func BenchmarkLock(b *testing.B) {
	l := lock()
	one := l.Trees[0].RPMs[0]
	for n := range 70_000 {
		one.ID, one.NEVRA = int64(n), fmt.Sprintf("package-%d-0:1-1.fc45.x86_64", n)
		one.SHA256 = fmt.Sprintf("%064x", uint64(n)*0x9e3779b97f4a7c15)
		one.Path = fmt.Sprintf("package/1/1.fc45/x86_64/package-%d-1-1.fc45.x86_64.rpm", n)
		l.Trees[0].RPMs = append(l.Trees[0].RPMs, one)
	}
	b.ReportAllocs()
	for b.Loop() {
		locks := compose.Locks{Store: mem.New()}
		digest, err := locks.Save(b.Context(), l)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := locks.Load(b.Context(), digest); err != nil {
			b.Fatal(err)
		}
	}
}
