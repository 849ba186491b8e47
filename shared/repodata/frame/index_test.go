package frame

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sampleIndex(t testing.TB, packages int) *Index {
	w := newWorld(distribution(packages, 3, 5))
	b := w.builder()
	b.Cut = small
	result, _ := w.build(t, b, "composes/odcs-17/repodata/x86_64")
	return result.Index
}

func TestAnIndexComesBackAsItWas(t *testing.T) {
	for _, packages := range []int{0, 1, 500} {
		x := sampleIndex(t, packages)
		back, err := DecodeIndex(x.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x.Encode(), back.Encode()); diff != "" {
			t.Error(diff)
		}
		if back.Packages() != packages || back.Frames() != x.Frames() || back.Keys != x.Keys {
			t.Errorf("%d packages, %d frames, %v", back.Packages(), back.Frames(), back.Keys)
		}
		for i := range x.segments {
			if x.segments[i] != back.segments[i] {
				t.Fatalf("segment %d: %+v, was %+v", i, back.segments[i], x.segments[i])
			}
		}
	}
}

func TestAnIndexThatIsCutOffOrChangedIsRefused(t *testing.T) {
	good := sampleIndex(t, 60).Encode()
	for n := range good {
		if _, err := DecodeIndex(good[:n]); !errors.Is(err, ErrIndex) {
			t.Fatalf("first %d bytes: %v", n, err)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x55
		if _, err := DecodeIndex(bad); !errors.Is(err, ErrIndex) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if _, err := DecodeIndex(append(good, 0)); !errors.Is(err, ErrIndex) {
		t.Errorf("a byte too many: %v", err)
	}
}

// encodeRaw packs the inside of an Index, whatever it is.
func encodeRaw(raw []byte) []byte {
	c := codec{}
	defer c.close()
	packed, _ := c.compress(Format{Compression: "zstd", Level: 3}, raw, appendSize(len(raw)))
	return packed
}

func FuzzDecodeIndex(f *testing.F) {
	for _, packages := range []int{0, 1, 30} {
		x := sampleIndex(f, packages)
		f.Add(x.raw())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _ = DecodeIndex(raw)
		x, err := DecodeIndex(encodeRaw(raw))
		if err != nil {
			if !errors.Is(err, ErrIndex) {
				t.Fatal(err)
			}
			return
		}
		again, err := DecodeIndex(x.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.raw(), x.raw()) {
			t.Fatal("another index came back")
		}
		// All that planning reads must be in bounds.
		w := newWorld(distribution(30, 3, 5))
		plan, err := MakePlan(x.Format, small, w.entries, []*Index{x})
		if err != nil {
			return // a format this version does not write
		}
		for _, s := range plan.stretches(true) {
			_ = x.span(s.first, s.last)
		}
	})
}
