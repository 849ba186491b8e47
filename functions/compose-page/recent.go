package composepage

import (
	"context"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
)

const (
	// recentFor is how long it is remembered what a compose that is done is made
	// of. dnf asks for hundreds of its packages, one right after the other.
	recentFor  = 30 * time.Second
	recentMost = 1000
)

// recent are composes that were read just now. It serves those who are led to
// packages, which stay where they are.
type recent struct {
	mu   sync.Mutex
	kept map[int64]recently
}

type recently struct {
	compose.Compose
	until time.Time
}

// settled gives a compose, as it was some seconds ago if it was done by then.
func (s *site) settled(ctx context.Context, id int64) (compose.Compose, bool, error) {
	now := s.Now()
	s.recent.mu.Lock()
	known, ok := s.recent.kept[id]
	s.recent.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.Compose, true, nil
	}
	c, there, err := s.read(ctx, id)
	if err != nil || !there || c.State != compose.Done || c.Removing {
		return c, there, err
	}
	s.recent.mu.Lock()
	defer s.recent.mu.Unlock()
	if s.recent.kept == nil || len(s.recent.kept) >= recentMost {
		s.recent.kept = map[int64]recently{}
	}
	s.recent.kept[id] = recently{c, now.Add(recentFor)}
	return c, true, nil
}
