package login

import (
	"context"
	"errors"
	"sync"
	"time"
)

// seenMost bounds how many authenticators one instance remembers: some 300 a
// second for the ten minutes that one counts. Each is some 150 bytes.
const seenMost = 200_000

// seenHere remembers what this instance was shown.
//
// Between several instances that is a limit: a token that somebody took from a
// connection can be shown to each of the others once, within the skew. Whoever
// can take it has broken TLS or sits in the ingress, and could take a bearer
// token as well; where that matters, hand in a Seen that all instances share,
// such as one of objects created if absent.
type seenHere struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[string]time.Time
	due  time.Time // when to look for old ones next
}

func newSeenHere(now func() time.Time) *seenHere {
	return &seenHere{now: now, kept: map[string]time.Time{}}
}

// First implements Seen.
func (s *seenHere) First(_ context.Context, key string, until time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if now.After(s.due) || len(s.kept) >= seenMost {
		for k, end := range s.kept {
			if now.After(end) {
				delete(s.kept, k)
			}
		}
		s.due = now.Add(time.Minute)
	}
	if _, ok := s.kept[key]; ok {
		return false, nil
	}
	// Forgetting one that still counts would let it in twice.
	if len(s.kept) >= seenMost {
		return false, errors.New("too many logins in ten minutes")
	}
	s.kept[key] = until
	return true, nil
}
