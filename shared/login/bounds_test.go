package login

import (
	"fmt"
	"testing"
	"time"
)

func TestAMemoStaysSmall(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	m := newMemo[int](func() time.Time { return now })
	for i := range 10 * memoMost {
		m.put(fmt.Sprint(i), i, now.Add(time.Hour))
		if len(m.kept) > memoMost {
			t.Fatalf("%d answers", len(m.kept))
		}
		if got, ok := m.get(fmt.Sprint(i)); !ok || got != i {
			t.Fatalf("%d, %v", got, ok)
		}
	}
	now = now.Add(2 * time.Hour)
	if _, ok := m.get(fmt.Sprint(10*memoMost - 1)); ok {
		t.Error("an old answer is given")
	}
}

func TestWhatWasSeenIsForgottenOnlyWhenItNoLongerCounts(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s := newSeenHere(func() time.Time { return now })
	first := func(key string) bool {
		t.Helper()
		ok, err := s.First(t.Context(), key, now.Add(10*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !first("a") || first("a") {
		t.Error("not once")
	}
	now = now.Add(9 * time.Minute)
	if first("a") {
		t.Error("forgotten early")
	}
	now = now.Add(2 * time.Minute)
	if !first("b") || len(s.kept) != 1 {
		t.Errorf("%d remembered", len(s.kept))
	}
	for i := len(s.kept); i < seenMost; i++ {
		s.kept[fmt.Sprint(i)] = now.Add(time.Minute)
	}
	if ok, err := s.First(t.Context(), "one more", now.Add(time.Minute)); ok || err == nil {
		t.Errorf("%v, %v: one that still counts was forgotten", ok, err)
	}
}
