package frame

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

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
		const rounds = 10
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
	for i := range 2000 {
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
