package composesim

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestEveryComposeEnds plays 2,000 seeds, or as many as SEEDS says from FROM on.
// SEED plays one and prints all that happened in it.
func TestEveryComposeEnds(t *testing.T) {
	if one := os.Getenv("SEED"); one != "" {
		seed, err := strconv.ParseUint(one, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		play(t, seed)
		return
	}
	seeds, from := number(t, "SEEDS", 2000), number(t, "FROM", 1)
	work := make(chan uint64)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := range work {
				play(t, seed)
			}
		})
	}
	for seed := from; seed < from+seeds && !t.Failed(); seed++ {
		work <- seed
	}
	close(work)
	wg.Wait()
}

func play(t *testing.T, seed uint64) {
	w := New(seed)
	w.Verbose = os.Getenv("SEED") != ""
	if err := w.Run(); err != nil {
		t.Errorf("seed %d: %v\n%s", seed, err, strings.Join(w.log, "\n"))
	}
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
