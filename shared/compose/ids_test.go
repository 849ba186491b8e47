package compose_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/state/statetest"
)

func TestNumbersAreGivenOnce(t *testing.T) {
	bucket := state.New(mem.New())
	seen := map[int64]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 { // processes
		ids := compose.NewIDs(bucket)
		for range 25 {
			wg.Go(func() {
				id, err := ids.Next(t.Context())
				mu.Lock()
				defer mu.Unlock()
				if err != nil || id < 1 || seen[id] {
					t.Errorf("Next = %d, %v", id, err)
				}
				seen[id] = true
			})
		}
	}
	wg.Wait()
	if len(seen) != 100 {
		t.Errorf("%d numbers", len(seen))
	}
}

func TestNumbersRiseAndAnswersGetLost(t *testing.T) {
	for seed := range uint64(200) {
		s := &schedule{statetest.Orders{Rand: rand.New(rand.NewPCG(seed, 1))}}
		sh := newShelf(t, s, 5)
		ids := compose.IDs{Bucket: state.Bucket{Store: sh.store, Now: func() time.Time { return sh.now }, Nonce: sh.nonce, Rest: sh.rest}}
		last := int64(0)
		for range 6 {
			id, err := ids.Next(t.Context())
			if err != nil || id <= last {
				t.Fatalf("seed %d: Next = %d after %d, %v", seed, id, last, err)
			}
			last = id
		}
	}
}

func TestOneAskingHasOneNumber(t *testing.T) {
	sh := quietShelf(t)
	ids := compose.IDs{Bucket: state.Bucket{Store: sh.store, Now: func() time.Time { return sh.now }, Nonce: sh.nonce, Rest: sh.rest}}
	once := func(key string, window time.Duration) string {
		t.Helper()
		id, known, err := ids.Once(t.Context(), key, window)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(id, known)
	}
	if first, again := once("a", time.Hour), once("a", time.Hour); first != "1 false" || again != "1 true" {
		t.Errorf("%s, then %s", first, again)
	}
	if other := once("b", 0); other != "2 false" {
		t.Errorf("another is %s", other)
	}
	sh.now = sh.now.Add(time.Hour)
	if late, ever := once("a", time.Hour), once("b", 0); late != "3 false" || ever != "2 true" {
		t.Errorf("after an hour: %s, and %s for ever", late, ever)
	}
}

func TestManyAtOnceHaveOneNumber(t *testing.T) {
	bucket := state.New(mem.New())
	var mu sync.Mutex
	var wg sync.WaitGroup
	given, fresh := map[int64]int{}, 0
	for range 10 {
		ids := compose.NewIDs(bucket)
		wg.Go(func() {
			id, known, err := ids.Once(t.Context(), "a", time.Hour)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			given[id]++
			if !known {
				fresh++
			}
		})
	}
	wg.Wait()
	if len(given) != 1 || fresh != 1 {
		t.Errorf("given were %v, %d of them as new", given, fresh)
	}
}
