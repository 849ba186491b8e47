package testingfarm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
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
// since should be little before the first asking.
func (f *Farm) Find(ctx context.Context, label string, since time.Time) ([]Result, error) {
	results, err := f.since(ctx, since, "new", "queued", "running", "cancel-requested", "complete", "error", "canceled")
	if err != nil {
		return nil, fmt.Errorf("find request %s: %w", label, err)
	}
	return slices.DeleteFunc(results, func(r Result) bool { return r.Label != label }), nil
}

// around is how far apart the requests of one order are made, at most.
const around = time.Minute

// Around gives the requests of our token that wait or run and were made within
// a minute of then, oldest first: those of one order are among them. They come
// without their tests.
func (f *Farm) Around(ctx context.Context, then time.Time) ([]Result, error) {
	results, err := f.since(ctx, then.Add(-around), "new", "queued", "running")
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	return slices.DeleteFunc(results, func(r Result) bool { return r.Created.After(then.Add(around)) }), nil
}

// since lists the requests in some states that were made since then, oldest
// first. A list is asked for per state, as Testing Farm's own client does. They
// are asked in the order a request goes through them: one that moves on
// meanwhile is met again, never missed.
func (f *Farm) since(ctx context.Context, then time.Time, states ...string) ([]Result, error) {
	found := map[string]Result{}
	for _, state := range states {
		query := url.Values{
			"state":         {state},
			"created_after": {then.UTC().Format("2006-01-02T15:04:05")},
		}
		// Without a token the list is everybody's, with one it is ours.
		var list []json.RawMessage // null when there is none
		if err := f.get(ctx, "/requests", query, &list); err != nil {
			return nil, err
		}
		for _, raw := range list {
			// One odd request shall not hide the others.
			if r, err := Read(raw); err == nil && ValidID(r.ID) {
				found[r.ID] = r
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Result) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	}), nil
}
