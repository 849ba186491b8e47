package fedmsg

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

// topicsPer keeps the request line below the 4 KiB the archive's web server
// takes.
const topicsPer = 20

// Archive is datagrepper, which keeps every message ever sent on the bus.
type Archive struct {
	// Base is its address: https://apps.fedoraproject.org/datagrepper
	Base string
	// HTTP does the calls. Nil means one of its own, which takes answers up to
	// 64 MiB: a hundred messages can be large.
	HTTP *wire.Client
	// MostPages bounds the pages read in one call of Since; zero means 1000.
	MostPages int
	// SetAside gets the rows that cannot be read. Without it such a row ends
	// the reading.
	SetAside func(context.Context, Malformed) error
}

// NotCoveredError says which part of the window asked for was not read to its end.
type NotCoveredError struct {
	Window
	Topics []string
	Err    error
}

// Error names the window and why.
func (e *NotCoveredError) Error() string {
	return fmt.Sprintf("archive from %s to %s is not covered: %v",
		e.From.Format(time.RFC3339), e.To.Format(time.RFC3339), e.Err)
}

// Unwrap gives the reason.
func (e *NotCoveredError) Unwrap() error { return e.Err }

// Since gives page every message on exactly these topics (no patterns) sent
// within the window, oldest first for each twenty topics, each id once. Any
// error is a *NotCoveredError: what lies before its From was handed to page, and
// asking again from there loses nothing.
func (a Archive) Since(ctx context.Context, topics []string, from, to time.Time, page func([]Message) error) error {
	// Whole seconds outwards; the end is included.
	w := Window{From: from.UTC().Truncate(time.Second), To: to.UTC().Add(time.Second - 1).Truncate(time.Second)}
	topics = slices.Compact(slices.Sorted(slices.Values(topics)))
	if len(topics) == 0 {
		return &NotCoveredError{w, nil, errors.New("no topic named; the archive would answer with everything")}
	}
	pages := a.MostPages
	if pages <= 0 {
		pages = 1000
	}
	for some := range slices.Chunk(topics, topicsPer) {
		r := reading{archive: a, topics: some, start: w.From, window: w, page: page, pages: &pages, seen: map[string]bool{}}
		if err := r.read(ctx); err != nil {
			rest := r.window
			if some[len(some)-1] != topics[len(topics)-1] {
				rest = w // later topics were not read at all
			}
			return &NotCoveredError{rest, topics, err}
		}
	}
	return nil
}

func (a Archive) client() *wire.Client {
	if a.HTTP != nil {
		return a.HTTP
	}
	return &wire.Client{System: "datagrepper", Limit: 64 << 20}
}
