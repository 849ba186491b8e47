package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// shown is what a pull request shows on one commit, by check.
type shown struct {
	Writer string                  `json:"writer"`
	Checks map[string]event.Status `json:"checks"`
	// Unsure tells that the answer to a posting was lost: it may yet be carried
	// out, and cover what was posted after it.
	Unsure bool `json:"unsure,omitempty"`
	// Creating is since when somebody puts the first statuses of checks onto the
	// forge. Not every forge keeps two from doing that at once: a check run of
	// GitHub would be there twice.
	Creating time.Time `json:"creating,omitzero"`
}

// show is one run of Show.
type show struct {
	Bucket
	key  string
	want event.Statuses
	post func(context.Context, event.Status) error
	// lost tells that the answer to a posting of this run was lost, and could
	// not be noted because somebody else wrote meanwhile.
	lost bool
}

// Show brings statuses onto a pull request so that the newest stays, whoever
// comes last.
//
// It posts what is newer than what is shown and then notes that it is shown, by
// compare-and-swap. Who finds that something was noted meanwhile starts over:
// if it is newer, his own older text may have covered it; if it is older, it may
// have covered his. And who comes with something old posts what is shown. A
// posting whose answer was lost may be carried out much
// later: then all that is shown is given back, to be forced some time after.
func (b Bucket) Show(ctx context.Context, want event.Statuses, post func(context.Context, event.Status) error) ([]event.Status, error) {
	// By commit, not by run: two runs of one commit write the same lines.
	s := show{b, fmt.Sprintf("shown/%s/%s.json", want.Document(), blob.Segment(want.Commit)), want, post, false}
	for n := range attempts {
		if n > 0 {
			if err := b.Rest(ctx, n); err != nil {
				return nil, fmt.Errorf("show %s: %w", s.key, err)
			}
		}
		unsure, err := s.once(ctx)
		if !errors.Is(err, blob.ErrConflict) {
			return unsure, err
		}
	}
	return nil, fmt.Errorf("show %s: changed by others %d times in a row", s.key, attempts)
}

func (s *show) once(ctx context.Context) ([]event.Status, error) {
	have, cond, err := s.readShown(ctx, s.key)
	if err != nil {
		return nil, err
	}
	next, todo := compare(have.Checks, s.want)
	if len(next) > len(have.Checks) {
		if have, cond, err = s.create(ctx, have, cond); err != nil {
			return nil, err
		}
	}
	for _, status := range todo {
		if err := s.post(ctx, status); err != nil {
			// Whoever comes next has to know, so this is noted before the
			// failure is told.
			_, markErr := s.noteShown(ctx, s.key, shown{Writer: s.Nonce(), Checks: have.Checks, Unsure: true}, cond)
			if errors.Is(markErr, blob.ErrConflict) {
				s.lost = true
				return nil, markErr
			}
			return nil, fmt.Errorf("show %s on %s: %w", status.Check, s.want.Subject(), errors.Join(err, markErr))
		}
	}
	unsure := have.Unsure && !s.want.Force || s.lost
	// Also what was shown already is noted anew once it was posted, so that a
	// run that posts something newer at the same time learns of it.
	if len(todo) > 0 || unsure != have.Unsure {
		if _, err := s.noteShown(ctx, s.key, shown{Writer: s.Nonce(), Checks: next, Unsure: unsure}, cond); err != nil {
			return nil, err
		}
	}
	if !unsure {
		return nil, nil
	}
	return slices.SortedFunc(maps.Values(next), func(a, b event.Status) int { return cmp.Compare(a.Check, b.Check) }), nil
}

// create makes sure that nobody else puts first statuses onto the forge.
func (s show) create(ctx context.Context, have shown, cond blob.Cond) (shown, blob.Cond, error) {
	if age := s.Now().Sub(have.Creating); age < Patience {
		return have, cond, fn.Later(2*time.Second, fmt.Errorf("show %s: another run puts the first statuses there", s.key))
	}
	have.Creating, have.Writer = s.Now(), s.Nonce()
	tag, err := s.noteShown(ctx, s.key, have, cond)
	return have, blob.Match(tag), err
}

// compare gives what is to be noted as shown, and what has to be posted for
// it: what is newer than what is shown, and, for a status that comes too late,
// what is shown already.
func compare(have map[string]event.Status, want event.Statuses) (next map[string]event.Status, todo []event.Status) {
	next = maps.Clone(have)
	if next == nil {
		next = map[string]event.Status{}
	}
	for _, status := range want.Checks {
		there, ok := next[status.Check]
		if ok && there.Rev == status.Rev && !want.Force {
			continue // shown, and whoever covers it with older text mends that
		}
		if ok && there.Rev > status.Rev {
			status = there
		}
		next[status.Check] = status
		todo = append(todo, status)
	}
	return next, todo
}

func (b Bucket) readShown(ctx context.Context, key string) (shown, blob.Cond, error) {
	var have shown
	object, err := b.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return have, blob.Absent, nil
	}
	if err != nil {
		return have, "", fmt.Errorf("read %s: %w", key, err)
	}
	if err := json.Unmarshal(object.Body, &have); err != nil {
		return have, "", fmt.Errorf("read %s: %w", key, err)
	}
	return have, blob.Match(object.Tag), nil
}

func (b Bucket) noteShown(ctx context.Context, key string, s shown, cond blob.Cond) (blob.Tag, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	tag, err := b.Put(ctx, key, raw, cond, blob.Type(jsonType))
	if errors.Is(err, blob.ErrConflict) {
		if now, found, readErr := b.readShown(ctx, key); readErr == nil && now.Writer == s.Writer {
			tag, _ = found.Tag()
			return tag, nil // our own write, whose answer was lost
		}
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	return tag, nil
}
