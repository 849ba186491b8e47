// Package progress keeps what the making of a compose has come to, so that a
// run that was cut off is gone on with, and two runs of one order come to the
// same.
package progress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/state"
)

// Work is the document of one making: compose/work/<id>/work.json. What is set
// in it first stays.
type Work struct {
	// Start is what was settled at the beginning; Started that it was.
	Start   gather.Start `json:"start,omitzero"`
	Started bool         `json:"started,omitempty"`
	// Sources is the key of what the sources hold, with all that was found out
	// about it since.
	Sources string `json:"sources,omitempty"`
	// Lock is the digest of the packages, once they are settled.
	Lock string `json:"lock,omitempty"`
	// Stored are the trees whose metadata is where it belongs, with its bytes.
	Stored map[string]int64 `json:"stored,omitempty"`
	// Checked are how many files of a lock were found where it says.
	Checked int `json:"checked,omitempty"`
	// Gone are paths at which no file is, though Koji says so.
	Gone []string `json:"gone,omitempty"`
	// Parts are the keys of the Indexes of frames that were made, by tree.
	Parts map[string][]string `json:"parts,omitempty"`
	// Blobs are the keys of all that is kept for this work alone.
	Blobs []string `json:"blobs,omitempty"`
	// Answer is what came of it. It is given again whoever asks.
	Answer *event.ComposeAnswer `json:"answer,omitempty"`
	// Writer is the nonce of the last write.
	Writer string `json:"writer"`
}

// Prefix is where all that is kept for the making of a compose lies.
func Prefix(id int64) string { return fmt.Sprintf("compose/work/%d/", id) }

// Log keeps one Work.
type Log struct {
	bucket state.Bucket
	key    string
	prefix string
	work   Work
	tag    blob.Tag
}

// attempts is how often a write is tried that others come before.
const attempts = 16

// Open reads the work of a compose. One that has not begun is empty, and not
// written.
func Open(ctx context.Context, bucket state.Bucket, id int64) (*Log, error) {
	l := &Log{bucket: bucket, key: Prefix(id) + "work.json", prefix: Prefix(id)}
	return l, l.read(ctx)
}

// Work is what was read or written last.
func (l *Log) Work() Work { return l.work }

func (l *Log) read(ctx context.Context) error {
	object, err := l.bucket.Get(ctx, l.key)
	if errors.Is(err, blob.ErrNotFound) {
		l.work, l.tag = Work{}, ""
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", l.key, err)
	}
	var work Work
	if err := json.Unmarshal(object.Body, &work); err != nil {
		return fmt.Errorf("read %s: %w", l.key, err)
	}
	l.work, l.tag = work, object.Tag
	return nil
}

// Change writes what change makes of the work as it is, whoever changed it
// meanwhile. A change that says false is none.
func (l *Log) Change(ctx context.Context, change func(*Work) bool) error {
	for n := range attempts {
		if n > 0 {
			if err := l.bucket.Rest(ctx, n); err != nil {
				return err
			}
			if err := l.read(ctx); err != nil {
				return err
			}
		}
		next := l.work
		next.Parts = cloneParts(next.Parts)
		next.Stored = maps.Clone(next.Stored)
		next.Blobs, next.Gone = slices.Clone(next.Blobs), slices.Clone(next.Gone)
		if !change(&next) {
			return nil
		}
		next.Writer = l.bucket.Nonce()
		raw, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("write %s: %w", l.key, err)
		}
		cond := blob.Absent
		if l.tag != "" {
			cond = blob.Match(l.tag)
		}
		tag, err := l.bucket.Put(ctx, l.key, raw, cond, blob.Type("application/json"))
		if err == nil {
			l.work, l.tag = next, tag
			return nil
		}
		if !errors.Is(err, blob.ErrConflict) {
			return fmt.Errorf("write %s: %w", l.key, err)
		}
		if err := l.read(ctx); err != nil {
			return err
		}
		if l.work.Writer == next.Writer {
			return nil // our own write, whose answer was lost
		}
	}
	return fmt.Errorf("write %s: changed by others %d times in a row", l.key, attempts)
}

func cloneParts(parts map[string][]string) map[string][]string {
	out := make(map[string][]string, len(parts))
	for tree, keys := range parts {
		out[tree] = slices.Clone(keys)
	}
	return out
}

// Begin settles the start, unless another run has; then that counts.
func (l *Log) Begin(ctx context.Context, start gather.Start) (gather.Start, error) {
	err := l.Change(ctx, func(w *Work) bool {
		if w.Started {
			return false
		}
		w.Start, w.Started = start, true
		return true
	})
	return l.work.Start, err
}

// Settle settles the packages, unless another run has; then those count.
func (l *Log) Settle(ctx context.Context, lock string) (string, error) {
	err := l.Change(ctx, func(w *Work) bool {
		if w.Lock != "" {
			return false
		}
		w.Lock = lock
		return true
	})
	return l.work.Lock, err
}

// Store notes that a tree's metadata is where it belongs.
func (l *Log) Store(ctx context.Context, tree string, size int64) error {
	return l.Change(ctx, func(w *Work) bool {
		if _, known := w.Stored[tree]; known {
			return false
		}
		if w.Stored == nil {
			w.Stored = map[string]int64{}
		}
		w.Stored[tree] = size
		return true
	})
}

// Miss notes that no file is at a path.
func (l *Log) Miss(ctx context.Context, path string) error {
	return l.Change(ctx, func(w *Work) bool {
		if slices.Contains(w.Gone, path) {
			return false
		}
		w.Gone = append(w.Gone, path)
		return true
	})
}

// End keeps what came of it, unless another run has; then that counts. All else
// that was kept for the work is deleted: what is not deleted now is when the
// next run ends.
func (l *Log) End(ctx context.Context, answer event.ComposeAnswer) (event.ComposeAnswer, error) {
	err := l.Change(ctx, func(w *Work) bool {
		if w.Answer != nil {
			return false
		}
		w.Answer = &answer
		return true
	})
	if err != nil {
		return answer, err
	}
	return *l.work.Answer, l.clear(ctx)
}

func (l *Log) clear(ctx context.Context) error {
	for _, key := range l.work.Blobs {
		if err := l.bucket.Delete(ctx, key); err != nil {
			return fmt.Errorf("delete what is not needed any more: %w", err)
		}
	}
	return l.Change(ctx, func(w *Work) bool {
		some := len(w.Blobs) > 0
		w.Blobs, w.Parts, w.Sources, w.Gone = nil, nil, "", nil
		return some
	})
}
