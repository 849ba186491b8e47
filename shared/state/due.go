package state

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

const (
	// DuePrefix is where everything stands that is to be looked after.
	DuePrefix = "due/"
	// StuckPrefix is where an entry goes that nobody dealt with.
	StuckPrefix = "stuck/"
	// Self is the system of entries that concern the document alone.
	Self = "pull-request"

	dueTime = "20060102T150405"
	// nothing stands in a key where there is no remote and no fact.
	nothing = "-"
	// idsMost keeps a segment of ids below what every server takes.
	idsMost = 230
)

// Entry is one key in due/: when to look after what.
type Entry struct {
	At       time.Time
	System   string // Self, or an outside system with its instance: koji.fedora
	Document string
	// What are the remote ids at System; for Self the name of a stored fact, or
	// nothing.
	What []string
}

// Key is where the entry stands. Keys sort by time.
func (e Entry) Key() string {
	what := nothing
	if len(e.What) > 0 {
		what = strings.Join(e.What, "+")
	}
	return DuePrefix + e.At.UTC().Format(dueTime) + "/" + e.System + "/" + blob.Segment(e.Document) + "/" + what
}

// DueBefore is a key that sorts behind every entry due at this moment.
func DueBefore(at time.Time) string { return DuePrefix + at.UTC().Format(dueTime) + "0" }

// ParseDue reads a key in due/.
func ParseDue(key string) (Entry, error) {
	parts := strings.Split(strings.TrimPrefix(key, DuePrefix), "/")
	if !strings.HasPrefix(key, DuePrefix) || len(parts) != 4 {
		return Entry{}, fmt.Errorf("due entry %.120q: not of the form due/TIME/SYSTEM/DOCUMENT/WHAT", key)
	}
	at, err := time.Parse(dueTime, parts[0])
	if err != nil {
		return Entry{}, fmt.Errorf("due entry %.120q: %w", key, err)
	}
	document, err := blob.Unsegment(parts[2])
	if err != nil {
		return Entry{}, fmt.Errorf("due entry %.120q: %w", key, err)
	}
	e := Entry{At: at, System: parts[1], Document: document}
	if parts[3] != nothing {
		e.What = strings.Split(parts[3], "+")
	}
	return e, nil
}

// index makes the entries the open asks need, before the document is written,
// and gives the index as it was. An entry that stands early enough is kept:
// putting a deadline off writes nothing.
func (t *turn[T, P]) index(ctx context.Context, book *ask.Book) (map[string][]string, error) {
	was := book.Index
	is := map[string][]string{}
	for system, need := range needs(book.Asks, t.keeper.self()) {
		keys := was[system]
		if !covers(keys, need, t.keeper.Bucket.Now()) {
			keys = nil
			for _, ids := range chunks(need.ids) {
				entry := Entry{At: ceil(need.at), System: system, Document: t.fact.Document, What: ids}
				if err := t.putDue(ctx, entry.Key()); err != nil {
					return nil, err
				}
				keys = append(keys, entry.Key())
			}
		}
		is[system] = keys
	}
	book.Index = is
	if len(is) == 0 {
		book.Index = nil
	}
	return was, nil
}

// settle removes the entries that are no longer in the index, and the one
// behind the fact, which is dealt with. A crash before leaves an entry nobody
// needs; it goes when it is due.
func (t *turn[T, P]) settle(ctx context.Context, was, is map[string][]string) error {
	keep := map[string]bool{}
	for _, keys := range is {
		for _, key := range keys {
			keep[key] = true
		}
	}
	gone := []string{event.Extension(t.fact.Event, event.Due)}
	for _, system := range slices.Sorted(maps.Keys(was)) {
		gone = append(gone, was[system]...)
	}
	slices.Sort(gone)
	for _, key := range slices.Compact(gone) {
		if !strings.HasPrefix(key, DuePrefix) || keep[key] {
			continue
		}
		if err := t.keeper.Bucket.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove %s: %w", key, err)
		}
	}
	return nil
}

func (t *turn[T, P]) putDue(ctx context.Context, key string) error {
	if _, err := t.keeper.Bucket.Put(ctx, key, nil, blob.Any); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// spent tells whether an entry of the index has been found due: then it has to
// make room for the next, or it is found again and again.
func spent(index map[string][]string, now time.Time) bool {
	for _, keys := range index {
		for _, key := range keys {
			if entry, err := ParseDue(key); err != nil || !entry.At.After(now) {
				return true
			}
		}
	}
	return false
}

type need struct {
	at  time.Time
	ids []string
}

func needs(asks map[string]ask.Ask, self string) map[string]need {
	out := map[string]need{}
	for _, label := range slices.Sorted(maps.Keys(asks)) {
		a := asks[label]
		system := a.System
		if system == "" {
			system = self
		}
		n, ok := out[system]
		if !ok || a.Due.Before(n.at) {
			n.at = a.Due
		}
		if a.Remote != "" && !slices.Contains(n.ids, a.Remote) {
			n.ids = append(n.ids, a.Remote)
		}
		out[system] = n
	}
	return out
}

// covers tells whether keys stand for what is needed: none of them later, none
// of them past, and every remote in one of them.
func covers(keys []string, n need, now time.Time) bool {
	var ids []string
	for _, key := range keys {
		entry, err := ParseDue(key)
		if err != nil || entry.At.After(ceil(n.at)) || !entry.At.After(now) {
			return false
		}
		ids = append(ids, entry.What...)
	}
	for _, id := range n.ids {
		if !slices.Contains(ids, id) {
			return false
		}
	}
	return len(keys) > 0
}

func chunks(ids []string) [][]string {
	out := [][]string{nil}
	size := 0
	for _, id := range ids {
		if size += len(id) + 1; size > idsMost {
			out, size = append(out, nil), len(id)+1
		}
		out[len(out)-1] = append(out[len(out)-1], id)
	}
	return out
}

// ceil is the first whole second that is not before at: an entry must not be
// found before it is due.
func ceil(at time.Time) time.Time {
	whole := at.Truncate(time.Second)
	if whole.Before(at) {
		whole = whole.Add(time.Second)
	}
	return whole
}
