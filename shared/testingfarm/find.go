package testingfarm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Find gives the requests of our token that carry the label and were made
// since then, oldest first. More than one means that one label had more than
// one effect: the younger should be cancelled.
//
// Testing Farm cannot search by variable, so all requests since then are read;
// since should be little before the first asking. A list is asked for per
// state, as its own client does. They are asked in the order a request goes
// through them: one that moves on meanwhile is met again, never missed.
func (f *Farm) Find(ctx context.Context, label string, since time.Time) ([]Result, error) {
	found := map[string]Result{}
	for _, state := range []string{
		"new", "queued", "running", "cancel-requested", "complete", "error", "canceled",
	} {
		query := url.Values{
			"state":         {state},
			"created_after": {since.UTC().Format("2006-01-02T15:04:05")},
		}
		// Without a token the list is everybody's, with one it is ours.
		var list []json.RawMessage // null when there is none
		if err := f.get(ctx, "/requests", query, &list); err != nil {
			return nil, fmt.Errorf("find request %s: %w", label, err)
		}
		for _, raw := range list {
			// One odd request shall not hide ours.
			if r, err := Read(raw); err == nil && r.Label == label && ValidID(r.ID) {
				found[r.ID] = r
			}
		}
	}
	results := make([]Result, 0, len(found))
	for _, r := range found {
		results = append(results, r)
	}
	slices.SortFunc(results, func(a, b Result) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return results, nil
}
