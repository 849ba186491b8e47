package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
)

func binary(t *testing.T, s Store, p string) {
	every := make([]byte, 0, 1024)
	for i := range 1024 {
		every = append(every, byte(i))
	}
	for name, body := range map[string][]byte{
		"every":   every,
		"framing": []byte("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"),
		"zeros":   make([]byte, 4096),
		"gzip":    {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		put(t, s, p+name, body, blob.Any)
		if got := get(t, s, p+name); !bytes.Equal(got.Body, body) {
			t.Errorf("%s: %d bytes came back as %d others", name, len(body), len(got.Body))
		}
	}
}

func large(t *testing.T, s Store, p string) {
	body := make([]byte, 5<<20)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(body)
	tag := put(t, s, p+"large", body, blob.Absent)
	if got := get(t, s, p+"large"); got.Tag != tag || !bytes.Equal(got.Body, body) {
		t.Errorf("5 MiB came back as %d other bytes", len(got.Body))
	}
}

func keys(t *testing.T, s Store, p string) {
	long := strings.Repeat("s", blob.SegmentMax)
	names := []string{
		"p.x", "p+q", "p-q", "p~q", "p_q", "P", "p",
		"~2e~2e", "...", ".x", "x.", "0", "-", "+", "~", "_",
		"deep/a/b/c/d/e/f/g/h", long, long[1:], long[2:], "sub/" + long + "/" + long,
		blob.Segment("rpms/gtk+ & <b>"), strings.Repeat("k/", (blob.KeyMax-len(p)-1)/2) + "k",
	}
	for _, n := range names {
		put(t, s, p+n, []byte(n), blob.Absent)
	}
	for _, n := range names {
		if got := get(t, s, p+n); string(got.Body) != n {
			t.Errorf("key %s holds %q", n, got.Body)
		}
	}
	slices.Sort(names)
	var listed []string
	for _, info := range list(t, s, p, "", 0) {
		listed = append(listed, strings.TrimPrefix(info.Key, p))
	}
	if diff := cmp.Diff(names, listed); diff != "" {
		t.Error("listing:", diff)
	}
}

func badKeys(t *testing.T, s Store, p string) {
	for _, key := range []string{"", p, p + "../x", p + "/x", p + "./x", "/" + p + "x", p + "a b", p + "a\x00", p + strings.Repeat("s", 256)} {
		_, getErr := s.Get(t.Context(), key)
		_, rangeErr := s.GetRange(t.Context(), key, 0, 1)
		_, putErr := s.Put(t.Context(), key, nil, blob.Any)
		for _, err := range []error{getErr, rangeErr, putErr, s.Delete(t.Context(), key)} {
			if err == nil || errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrConflict) {
				t.Errorf("key %q: %v, want to be told that the key is bad", key, err)
			}
		}
	}
}

func ranges(t *testing.T, s Store, p string) {
	tag := put(t, s, p+"r", []byte("0123456789"), blob.Any, blob.Type("text/plain"))
	put(t, s, p+"empty", nil, blob.Any)
	for _, test := range []struct {
		offset, length int64
		want           string
	}{{0, 1, "0"}, {3, 4, "3456"}, {9, 1, "9"}, {7, 100, "789"}, {0, 10, "0123456789"}} {
		got, err := s.GetRange(t.Context(), p+"r", test.offset, test.length)
		if err != nil || string(got.Body) != test.want || got.Tag != tag || got.Type != "text/plain" {
			t.Errorf("%d bytes from %d: %q, %s, tag %s, error %v", test.length, test.offset, got.Body, got.Type, got.Tag, err)
		}
	}
	for _, key := range []string{p + "r", p + "empty"} {
		if _, err := s.GetRange(t.Context(), key, 10, 1); !errors.Is(err, blob.ErrRange) {
			t.Errorf("%s: past the end: %v, want ErrRange", key, err)
		}
	}
	for _, bad := range [][2]int64{{-1, 2}, {0, 0}, {0, -1}} {
		if got, err := s.GetRange(t.Context(), p+"r", bad[0], bad[1]); err == nil {
			t.Errorf("range %v gave %q", bad, got.Body)
		}
	}
}

func listing(t *testing.T, s Store, p string) {
	const n = 1042
	want := make([]string, n)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := w; i < n; i += 8 {
				want[i] = fmt.Sprintf("%sd%d/%04d", p, i%3, i)
				if _, err := s.Put(t.Context(), want[i], []byte("x"), blob.Absent); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	slices.Sort(want)

	first := list(t, s, p, "", 5000)
	if len(first) != blob.ListMax {
		t.Fatalf("one listing gave %d entries, want %d", len(first), blob.ListMax)
	}
	rest := list(t, s, p, first[len(first)-1].Key, 0)
	var got []string
	for _, info := range append(first, rest...) {
		got = append(got, info.Key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := list(t, s, p+"d1/", "", 2); len(got) != 2 || got[0].Key != p+"d1/0001" || got[1].Key != p+"d1/0004" {
		t.Errorf("two below d1/: %v", got)
	}
	if got := list(t, s, p+"d1/", p+"d2/", 0); len(got) != 0 {
		t.Errorf("below d1/ but after d2/: %v", got)
	}
	if got := list(t, s, p+"d1/", p+"d0/9", 1); len(got) != 1 || got[0].Key != p+"d1/0001" {
		t.Errorf("below d1/, after something earlier: %v", got)
	}
	if got := list(t, s, p+"d", p+"d2/"+"1040", 0); len(got) != 0 {
		t.Errorf("after the last: %v", got)
	}
	if got := list(t, s, p+"none", "", 0); len(got) != 0 {
		t.Errorf("an unknown prefix: %v", got)
	}
}

func listingIsFresh(t *testing.T, s Store, p string) {
	for i := range 20 {
		key := fmt.Sprintf("%s%02d", p, i)
		tag := put(t, s, key, []byte("body"), blob.Absent)
		infos := list(t, s, p, "", 0)
		if len(infos) != i+1 {
			t.Fatalf("after %d writes %d entries", i+1, len(infos))
		}
		if last := infos[i]; last.Key != key || last.Tag != tag || last.Size != 4 || last.Modified.IsZero() {
			t.Errorf("listed as %+v, want key %s, tag %s", last, key, tag)
		}
	}
	if err := s.Delete(t.Context(), p+"07"); err != nil {
		t.Fatal(err)
	}
	for _, info := range list(t, s, p, "", 0) {
		if info.Key == p+"07" {
			t.Error("a deleted key is still listed")
		}
	}
}

func list(t *testing.T, s Store, prefix, after string, limit int) []blob.Info {
	t.Helper()
	infos, err := s.List(t.Context(), prefix, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return infos
}
