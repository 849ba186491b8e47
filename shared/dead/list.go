package dead

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// pagesMost is how many pages of keys one question reads: 50,000 letters.
const pagesMost = 50

// Filter says which letters are meant. What is empty does not matter.
type Filter struct {
	// Since and Until bound when a letter was kept; Until is not in it.
	Since, Until time.Time
	Type         string // looked at by the part of the key it is in
	// Cause is a cause, or how it begins.
	Cause   string
	Subject string
	// Match decides on the rest.
	Match func(Letter) bool
}

func (f Filter) wants(l Letter) bool {
	switch {
	case f.Subject != "" && !same(l.Subject, f.Subject),
		!f.Since.IsZero() && l.Kept.Before(f.Since),
		!f.Until.IsZero() && !l.Kept.Before(f.Until),
		!strings.HasPrefix(l.Cause, f.Cause):
		return false
	}
	return f.Match == nil || f.Match(l)
}

// vague tells whether a letter of before has to be opened to know.
func (f Filter) vague() bool { return f.Cause != "" || f.Subject != "" || f.Match != nil }

// Letters gives the newest letters a filter wants, at most so many (0: as many
// as there are). more tells that there are others, or that there were too many
// to look through. It reads keys only, but for letters of before.
func Letters(ctx context.Context, s Store, f Filter, most int) (letters []Letter, more bool, err error) {
	budget := pagesMost
	all, err := days(ctx, s, f)
	if err != nil {
		return nil, false, err
	}
	for _, d := range slices.Backward(all) {
		if budget <= 0 || most > 0 && len(letters) >= most {
			more = true
			break
		}
		found, pages, err := ofDay(ctx, s, d, f, budget)
		if err != nil {
			return nil, false, err
		}
		budget -= pages
		letters = append(letters, found...)
	}
	if budget <= 0 {
		more = true
	}
	slices.SortFunc(letters, func(a, b Letter) int { return cmp.Or(b.Kept.Compare(a.Kept), strings.Compare(b.Key, a.Key)) })
	if most > 0 && len(letters) > most {
		letters, more = letters[:most], true
	}
	return letters, more, nil
}

// days finds the days of which there are letters, with one request each.
func days(ctx context.Context, s Store, f Filter) ([]string, error) {
	var all []string
	after := Prefix
	if !f.Since.IsZero() {
		after = Prefix + day(f.Since)
	}
	for {
		page, err := s.List(ctx, Prefix, after, 1)
		if err != nil {
			return nil, fmt.Errorf("list dead letters: %w", err)
		}
		if len(page) == 0 {
			return all, nil
		}
		d, _, _ := strings.Cut(strings.TrimPrefix(page[0].Key, Prefix), "/")
		if !isDay(d) || !f.Until.IsZero() && d > day(f.Until) {
			return all, nil // the marks come after the days
		}
		all = append(all, d)
		after = Prefix + d + "0" // the first that sorts behind the day's slash
	}
}

// ofDay reads the letters of one day.
func ofDay(ctx context.Context, s Store, d string, f Filter, budget int) (letters []Letter, pages int, err error) {
	prefix := Prefix + d + "/"
	if f.Type != "" {
		prefix += blob.Segment(f.Type) + "/"
	}
	var all []Letter
	pages, err = walk(ctx, s, prefix, budget, func(info blob.Info) {
		// A cause is none, and neither is what somebody else put there.
		if l, err := ParseKey(info.Key); err == nil {
			l.Kept, l.Size = info.Modified, info.Size
			all = append(all, l)
		}
	})
	if err != nil || len(all) == 0 {
		return nil, pages, err
	}
	done := map[string]bool{}
	more, err := walk(ctx, s, replayed+strings.TrimPrefix(prefix, Prefix), max(1, budget-pages), func(info blob.Info) {
		done[info.Key] = true
	})
	for _, l := range all {
		if l.Cause == "" && !l.Message && f.vague() {
			if opened, err := Open(ctx, s, l.Key); err == nil {
				l = opened.Letter
			}
		}
		if l.Replayed = done[ReplayKey(l.Key)]; f.wants(l) {
			letters = append(letters, l)
		}
	}
	return letters, pages + more, err
}

// walk visits what lies below a prefix, at most so many pages.
func walk(ctx context.Context, s Store, prefix string, most int, visit func(blob.Info)) (pages int, err error) {
	for after := ""; pages < most; {
		page, err := s.List(ctx, prefix, after, blob.ListMax)
		if err != nil {
			return pages, fmt.Errorf("list dead letters: %w", err)
		}
		pages++
		for _, info := range page {
			after = info.Key
			visit(info)
		}
		if len(page) < blob.ListMax {
			return pages, nil
		}
	}
	return pages, nil
}
