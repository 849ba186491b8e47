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
	for seed := range uint64(12) {
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
		packages[i].files = 5000 // 250 kB each
	}
	w := newWorld(packages)
	result, written := w.build(t, w.builder(), "huge")
	w.same(t, result, written)
	if len(result.Index.segments) < 3 {
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

func TestRangesAreReadInFewPieces(t *testing.T) {
	packages := distribution(4000, 60, 16)
	w := newWorld(packages)
	first, written := w.build(t, w.builder(), "first")
	w.set(edit(packages, 10, rand.New(rand.NewPCG(5, 5))))
	second, _ := w.build(t, w.builder(), "second", first.Index)
	size := 0
	for _, object := range written {
		size += len(object)
	}
	if most := 3 * (size/readBytes + 2); second.Reads > most || second.ReadBytes > int64(size) {
		t.Errorf("%d reads of %d bytes in all, of objects of %d bytes", second.Reads, second.ReadBytes, size)
	}
	if second.Described > 10 || second.Frames-second.Copied > 15 {
		t.Errorf("%+v", second.Work)
	}
}
