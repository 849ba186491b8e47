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

var small = Cut{Average: 12, Max: 40}

func TestAFirstBuildIsAllNew(t *testing.T) {
	for _, format := range []Format{{}, {Compression: "zstd", Level: 19}, {Compression: "gzip"}} {
		w := newWorld(distribution(700, 6, 1))
		b := w.builder()
		b.Format = format
		result, written := w.build(t, b, "first")
		w.same(t, result, written)
		if result.Described != 700 || result.Done != 700 || result.Copied != 0 || result.Index.Packages() != 700 {
			t.Errorf("%+v: %+v", format, result.Work)
		}
	}
}

func TestNothingIsAValidRepository(t *testing.T) {
	w := newWorld(nil)
	result, written := w.build(t, w.builder(), "none")
	w.same(t, result, written)
}

// edit changes packages as a distribution does: updates mostly, some come and
// some go.
func edit(packages []rpm, changes int, random *rand.Rand) []rpm {
	edited := slices.Clone(packages)
	for range changes {
		i := random.IntN(len(edited))
		switch random.IntN(5) {
		case 0:
			edited = slices.Delete(edited, i, i+1)
		case 1:
			added := distribution(1, 6, random.Uint64())[0]
			if !slices.ContainsFunc(edited, func(p rpm) bool { return p.name == added.name }) {
				edited = append(edited, added)
			}
		default:
			edited[i].version += fmt.Sprintf(".%d", random.IntN(10))
		}
		if len(edited) == 0 {
			return distribution(3, 6, random.Uint64())
		}
	}
	return edited
}

func TestAnyEditGivesWhatBuildingFromScratchGives(t *testing.T) {
	for seed := range uint64(25) {
		random := rand.New(rand.NewPCG(seed, 7))
		packages := distribution(20+random.IntN(600), 5, seed)
		w := newWorld(packages)
		var old []*Index
		for generation := range 4 {
			b := w.builder()
			b.Cut = small
			b.Workers = 1 + random.IntN(3)
			if random.IntN(4) == 0 {
				b.Format.Compression = "gzip"
			}
			b.OmitOpenChecksum = random.IntN(3) == 0
			result, written := w.build(t, b, fmt.Sprint("g", generation), old...)
			w.same(t, result, written)
			_, scratch := w.build(t, b, "scratch")
			for k := range scratch {
				if !bytes.Equal(scratch[k], written[k]) {
					t.Fatalf("seed %d: %s differs from a build from scratch", seed, Documents()[k])
				}
			}
			back, err := DecodeIndex(result.Index.Encode())
			if err != nil {
				t.Fatal(err)
			}
			old = append([]*Index{back}, old...)
			packages = edit(packages, random.IntN(30), random)
			w.set(packages)
		}
	}
}

func TestFewChangesRemakeFewFrames(t *testing.T) {
	packages := distribution(20000, 1, 3)
	w := newWorld(packages)
	cut := DefaultCut()
	before := &Index{Format: Format{Compression: "zstd", Level: 6}}
	indexOf := func(entries []Entry) {
		borders := cut.borders(entries, 0)
		for i := range len(borders) - 1 {
			s := segment{begins: true, count: borders[i+1] - borders[i]}
			var ids []ID
			for _, e := range entries[borders[i]:borders[i+1]] {
				ids = append(ids, e.ID)
			}
			before.add(s, ids, [3][]uint32{make([]uint32, s.count), make([]uint32, s.count), make([]uint32, s.count)})
		}
	}
	indexOf(w.entries)
	for _, changes := range []int{1, 10, 50} {
		remade, worst := 0, 0
		const rounds = 20
		for round := range uint64(rounds) {
			w.set(edit(packages, changes, rand.New(rand.NewPCG(round, uint64(changes)))))
			plan, err := MakePlan(before.Format, cut, w.entries, []*Index{before})
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Fresh) > changes {
				t.Errorf("%d changes: %d packages to describe", changes, len(plan.Fresh))
			}
			remade += plan.Frames - plan.Copied
			worst = max(worst, plan.Frames-plan.Copied)
		}
		t.Logf("%d changes remake %.1f frames of %d on average, %d at most", changes, float64(remade)/rounds, before.Frames(), worst)
		if remade > 2*changes*rounds || worst > 3*changes+6 {
			t.Errorf("%d changes remake %d frames in %d rounds, %d at most", changes, remade, rounds, worst)
		}
	}
}

func TestFramesAreNeverTooLongOrTooShort(t *testing.T) {
	worlds := map[string][]rpm{"usual names": distribution(5000, 1, 4)}
	for i := range 3000 {
		worlds["one name"] = append(worlds["one name"], rpm{"kernel", fmt.Sprint("6.1.", i), "x86_64", 1})
		// Names an adversary chose: their hashes grow, so that none is least,
		// or they go up and down.
		name := fmt.Sprintf("up%05d", i)
		for n := 0; spread(name)>>52 != uint64(i); n++ {
			name = fmt.Sprintf("up%05dx%d", i, n)
		}
		worlds["growing hashes"] = append(worlds["growing hashes"], rpm{name, "1", "x86_64", 1})
		name = fmt.Sprintf("down%05d", i)
		for n := 0; spread(name)>>62 != uint64(i%4); n++ {
			name = fmt.Sprintf("down%05dx%d", i, n)
		}
		worlds["alternating hashes"] = append(worlds["alternating hashes"], rpm{name, "1", "x86_64", 1})
	}
	for name, packages := range worlds {
		w := newWorld(packages)
		cut := DefaultCut()
		borders := cut.borders(w.entries, 0)
		for i := range len(borders) - 1 {
			size := borders[i+1] - borders[i]
			if size > cut.Max || size < cut.Average/2 && i < len(borders)-2 {
				t.Errorf("%s: frame %d of %d packages", name, i, size)
			}
		}
		// What an adversary gains: with growing hashes a package added at the
		// front remakes every frame of that repository, each of a sane length.
		moved := newWorld(append([]rpm{{"aaa", "1", "x86_64", 1}}, packages...))
		again := cut.borders(moved.entries, 0)
		kept := 0
		for _, b := range borders {
			if slices.Contains(again, b+1) {
				kept++
			}
		}
		t.Logf("%s: %d frames, %d borders kept when a package is added", name, len(borders)-1, kept)
		if kept < len(borders)/2 && name != "growing hashes" {
			t.Errorf("%s: %d of %d borders kept", name, kept, len(borders))
		}
	}
}

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

func TestOldObjectsThatAreGoneOrWrongAreReplaced(t *testing.T) {
	hurt := map[string]func(w *world, x *Index){
		"deleted": func(w *world, x *Index) { delete(w.objects, x.Keys[Filelists]) },
		"cut off": func(w *world, x *Index) {
			w.objects[x.Keys[Other]] = w.objects[x.Keys[Other]][:len(w.objects[x.Keys[Other]])/2]
		},
		"another object of the name": func(w *world, x *Index) {
			object := slices.Clone(w.objects[x.Keys[Primary]])
			for i := len(object) / 2; i < len(object); i++ {
				object[i] ^= 1
			}
			w.objects[x.Keys[Primary]] = object
		},
	}
	for name, how := range hurt {
		packages := distribution(800, 5, 13)
		w := newWorld(packages[:500])
		b := w.builder()
		b.Cut = small
		older, _ := w.build(t, b, "older")
		w.set(packages)
		newer, _ := w.build(t, b, "newer", older.Index)
		how(w, newer.Index)
		w.set(edit(packages, 20, rand.New(rand.NewPCG(1, 1))))
		result, written := w.build(t, b, "now", newer.Index, older.Index)
		w.same(t, result, written)
		if len(result.Lost) != 1 || result.Described > 500 {
			t.Errorf("%s: %+v", name, result.Work)
		}
		t.Logf("%s: %v", name, result.Lost)
	}
}

func TestAStoreThatDoesNotAnswerEndsTheWork(t *testing.T) {
	w := newWorld(distribution(300, 5, 13))
	b := w.builder()
	older, _ := w.build(t, b, "older")
	refused := errors.New("503 slow down")
	b.Fetch = func(context.Context, string, int64, int64) ([]byte, error) { return nil, refused }
	_, err := b.Build(t.Context(), w.entries, []*Index{older.Index}, [3]io.Writer{io.Discard, io.Discard, io.Discard})
	if !errors.Is(err, refused) || !strings.Contains(err.Error(), "older/") {
		t.Error(err)
	}
}

func TestAnOutputThatFailsEndsTheWork(t *testing.T) {
	w := newWorld(distribution(3000, 5, 13))
	full := errors.New("no space")
	out := [3]io.Writer{io.Discard, &fails{after: 3, err: full}, io.Discard}
	if _, err := w.builder().Build(t.Context(), w.entries, nil, out); !errors.Is(err, full) {
		t.Error(err)
	}
}

type fails struct {
	after int
	err   error
}

func (f *fails) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestHugeDescriptionsAreSegmented(t *testing.T) {
	packages := distribution(60, 5, 14)
	for i := range packages {
		packages[i].files = 20000 // 1 MB each
	}
	w := newWorld(packages)
	result, written := w.build(t, w.builder(), "huge")
	w.same(t, result, written)
	if len(result.Index.segments) < 8 {
		t.Errorf("%d segments", len(result.Index.segments))
	}
	packages[30].version += ".1"
	w.set(packages)
	again, written := w.build(t, w.builder(), "again", result.Index)
	w.same(t, again, written)
	if again.Described != 1 {
		t.Errorf("%+v", again.Work)
	}
}

func TestListsOutOfOrderAreRefused(t *testing.T) {
	w := newWorld(distribution(10, 1, 15))
	twice := slices.Insert(slices.Clone(w.entries), 3, w.entries[3])
	back := slices.Clone(w.entries)
	slices.Reverse(back)
	for want, entries := range map[string][]Entry{"listed twice": twice, "sort the list": back} {
		if _, err := w.builder().Build(t.Context(), entries, nil, [3]io.Writer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
