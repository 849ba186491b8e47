package frame

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/repodata"
)

// checkpoints keeps parts in the bucket, as compose-make does.
func (w *world) checkpoints(t testing.TB, into *[]*Index) func(context.Context, Part) error {
	return func(_ context.Context, part Part) error {
		w.Lock()
		defer w.Unlock()
		for k, blob := range part.Blobs {
			part.Index.Keys[k] = fmt.Sprintf("part%d/%s", len(*into), Documents()[k])
			w.objects[part.Index.Keys[k]] = slices.Clone(blob)
		}
		back, err := DecodeIndex(part.Index.Encode())
		if err != nil {
			t.Error(err)
		}
		*into = append(*into, back)
		return nil
	}
}

func TestWorkStoppedAnywhereIsResumedToTheSameBytes(t *testing.T) {
	first := distribution(500, 5, 9)
	random := rand.New(rand.NewPCG(1, 2))
	second := edit(first, 120, random)
	w := newWorld(first)
	base := w.builder()
	base.Cut, base.Batch = small, 7
	earlier, _ := w.build(t, base, "earlier")
	w.set(second)
	_, want := w.build(t, base, "want", earlier.Index)
	for _, alone := range []bool{false, true} { // Make, then Build
		for stopAt := 1; stopAt < 60; stopAt += 3 {
			var parts []*Index
			runs, described := 0, 0
			for {
				b := w.builder()
				b.Cut, b.Batch = small, 7
				b.CheckpointBytes = int64(1 + random.IntN(20000))
				b.Checkpoint = w.checkpoints(t, &parts)
				asked := 0
				b.Stop = func() bool { asked++; return asked > stopAt }
				var buffers [3]bytes.Buffer
				old := append([]*Index{earlier.Index}, parts...)
				var err error
				if alone {
					var work *Work
					if work, err = b.Make(t.Context(), w.entries, old); err == nil {
						if work.Done != len(w.entries) {
							t.Fatalf("made all, and yet %+v", work)
						}
						b.Stop = nil
						old = append([]*Index{earlier.Index}, parts...)
						result, err := b.Build(t.Context(), w.entries, old, [3]io.Writer{&buffers[0], &buffers[1], &buffers[2]})
						if err != nil || result.Described != 0 || result.Copied != result.Frames {
							t.Fatalf("after Make: %+v, %v", result.Work, err)
						}
					}
				} else {
					var result *Result
					result, err = b.Build(t.Context(), w.entries, old, [3]io.Writer{&buffers[0], &buffers[1], &buffers[2]})
					described += result.Described
				}
				runs++
				if errors.Is(err, ErrStopped) && runs < 200 {
					stopAt += 2 // time enough for something
					continue
				}
				if err != nil {
					t.Fatalf("run %d stopped at %d: %v", runs, stopAt, err)
				}
				for k := range buffers {
					if !bytes.Equal(buffers[k].Bytes(), want[k]) {
						t.Fatalf("resumed in %d runs: %s differs", runs, Documents()[k])
					}
				}
				break
			}
		}
	}
}

func TestWorkThatWasKilledGoesOnFromItsCheckpoints(t *testing.T) {
	w := newWorld(distribution(600, 5, 11))
	base := w.builder()
	base.Cut, base.Batch = small, 8
	_, want := w.build(t, base, "want")
	var parts []*Index
	for kill := 60; ; kill += 40 {
		ctx, cancel := context.WithCancel(t.Context())
		b := w.builder()
		b.Cut, b.Batch, b.Ahead, b.CheckpointBytes = small, 8, 1, 4000
		b.Checkpoint = w.checkpoints(t, &parts)
		asked := 0
		b.Describe = func(ctx context.Context, at []int) ([]repodata.Fragment, error) {
			if asked += len(at); asked > kill {
				cancel()
			}
			return w.describe(ctx, at)
		}
		var buffers [3]bytes.Buffer
		_, err := b.Build(ctx, w.entries, parts, [3]io.Writer{&buffers[0], &buffers[1], &buffers[2]})
		cancel()
		if err == nil {
			for k := range buffers {
				if !bytes.Equal(buffers[k].Bytes(), want[k]) {
					t.Fatalf("%s differs", Documents()[k])
				}
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if len(parts) == 0 {
		t.Error("no checkpoint was made before the end")
	}
}

func TestABrokenPackageIsNamedAndTheRestIsKept(t *testing.T) {
	w := newWorld(distribution(600, 5, 12))
	broken := w.packages[400].name
	var parts []*Index
	b := w.builder()
	b.Cut, b.Batch, b.Checkpoint = small, 1, w.checkpoints(t, &parts)
	b.Describe = func(ctx context.Context, at []int) ([]repodata.Fragment, error) {
		if w.packages[at[0]].name == broken {
			return nil, errors.New("header is cut off")
		}
		return w.describe(ctx, at)
	}
	_, err := b.Build(t.Context(), w.entries, nil, [3]io.Writer{io.Discard, io.Discard, io.Discard})
	if err == nil || !strings.Contains(err.Error(), "describe "+broken) || !strings.Contains(err.Error(), "header is cut off") {
		t.Fatal(err)
	}
	kept := 0
	for _, part := range parts {
		kept += part.Packages()
	}
	if kept < 350 {
		t.Errorf("%d packages kept of the 400 before it", kept)
	}
	w.set(slices.Delete(slices.Clone(w.packages), 400, 401))
	again := w.builder()
	again.Cut = small
	result, written := w.build(t, again, "again", parts...)
	w.same(t, result, written)
	if result.Described > 600-kept {
		t.Errorf("%d described again", result.Described)
	}
}
