package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// shown is what a pull request shows of one run, by check.
type shown struct {
	Writer string                  `json:"writer"`
	Checks map[string]event.Status `json:"checks"`
}

// Show brings statuses onto a pull request so that the newest stays, whoever
// comes last.
//
// It posts what is newer than what is shown and then notes that it is shown, by
// compare-and-swap. Who finds that something newer was noted meanwhile posts
// that, because his own older text may have covered it; and so does who comes
// with something old.
func (b Bucket) Show(ctx context.Context, want event.Statuses, post func(context.Context, event.Status) error) error {
	key := fmt.Sprintf("shown/%s/%d.json", want.Document(), want.Run)
	// posted is what this run put on the forge last, by check.
	posted := map[string]int64{}
	for n := range attempts {
		if n > 0 {
			if err := b.Rest(ctx, n); err != nil {
				return fmt.Errorf("show %s: %w", key, err)
			}
		}
		have, cond, err := b.readShown(ctx, key)
		if err != nil {
			return err
		}
		next, todo := compare(have.Checks, want.Checks, posted)
		for _, status := range todo {
			if err := post(ctx, status); err != nil {
				return fmt.Errorf("show %s on %s: %w", status.Check, want.Subject(), err)
			}
			posted[status.Check] = status.Rev
		}
		if maps.Equal(next, have.Checks) {
			return nil
		}
		err = b.noteShown(ctx, key, shown{Writer: b.Nonce(), Checks: next}, cond)
		if !errors.Is(err, blob.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("show %s: changed by others %d times in a row", key, attempts)
}

// compare gives what is to be noted as shown, and what has to be posted for
// it: what is newer than what is shown, and, for a status that comes too late,
// what is shown already.
func compare(have map[string]event.Status, want []event.Status, posted map[string]int64) (map[string]event.Status, []event.Status) {
	next := maps.Clone(have)
	if next == nil {
		next = map[string]event.Status{}
	}
	var todo []event.Status
	for _, status := range want {
		there, ok := next[status.Check]
		if ok && there.Rev > status.Rev {
			status = there
		} else if ok && there.Rev == status.Rev && posted[status.Check] == 0 {
			continue // shown, and nobody's older text can have covered it
		}
		next[status.Check] = status
		if posted[status.Check] != status.Rev {
			todo = append(todo, status)
		}
	}
	slices.SortFunc(todo, func(a, b event.Status) int { return int(a.Rev - b.Rev) })
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

func (b Bucket) noteShown(ctx context.Context, key string, s shown, cond blob.Cond) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	_, err = b.Put(ctx, key, raw, cond, blob.Type(jsonType))
	if errors.Is(err, blob.ErrConflict) {
		if now, _, readErr := b.readShown(ctx, key); readErr == nil && now.Writer == s.Writer {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}
