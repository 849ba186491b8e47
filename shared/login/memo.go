package login

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// memoMost is how many answers a memo keeps; past it older ones are dropped.
// Some hundred bytes each, and more callers than one instance sees in a minute.
const memoMost = 4096

// memo keeps answers about callers for a while, in this instance only.
type memo[T any] struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[string]kept[T]
}

type kept[T any] struct {
	value T
	until time.Time
}

func newMemo[T any](now func() time.Time) *memo[T] {
	return &memo[T]{now: now, kept: map[string]kept[T]{}}
}

func (m *memo[T]) get(key string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	have, ok := m.kept[key]
	if !ok || !m.now().Before(have.until) {
		var none T
		return none, false
	}
	return have.value, true
}

func (m *memo[T]) put(key string, value T, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) >= memoMost {
		m.makeRoom()
	}
	m.kept[key] = kept[T]{value, until}
}

// makeRoom drops what is over and, should that not be enough, half of the rest.
func (m *memo[T]) makeRoom() {
	now := m.now()
	for key, have := range m.kept {
		if !now.Before(have.until) {
			delete(m.kept, key)
		}
	}
	for key := range m.kept {
		if len(m.kept) <= memoMost/2 {
			return
		}
		delete(m.kept, key)
	}
}

// digest stands for a secret as a key: whoever reads the memory of a memo is
// not to find tokens there.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
