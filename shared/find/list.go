package find

import (
	"context"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

// Lister is the part of a bucket the index is read from.
type Lister interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// Found is a run and what it was found by.
type Found struct {
	Run
	By string // the whole commit, or the task
}

// Commits gives the runs that checked a commit that begins so, at most so many.
// Of less than CommitLeast digits nothing is found.
func Commits(ctx context.Context, l Lister, prefix string, most int) ([]Found, error) {
	if !hex(prefix) || len(prefix) < CommitLeast {
		return nil, nil
	}
	return search(ctx, l, commits, prefix, most)
}

// Tasks gives the runs that have a task of this number in Koji: one for each
// Koji, at most so many.
func Tasks(ctx context.Context, l Lister, id string, most int) ([]Found, error) {
	if !digits(id) {
		return nil, nil
	}
	return search(ctx, l, tasks, id+"/", most)
}

func search(ctx context.Context, l Lister, kind, prefix string, most int) ([]Found, error) {
	page, err := l.List(ctx, kind+prefix, "", most)
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", kind, err)
	}
	var all []Found
	for _, info := range page {
		by, rest, _ := strings.Cut(strings.TrimPrefix(info.Key, kind), "/")
		if r, err := run(rest); err == nil { // else somebody else put it there
			all = append(all, Found{r, by})
		}
	}
	return all, nil
}

// Latest gives the runs that ended last, the newest first: at most so many, of
// which there are at most 1,000. A run that is there twice, because its end was
// written twice, counts once.
func Latest(ctx context.Context, l Lister, most int) ([]Over, error) {
	page, err := l.List(ctx, overs, "", most)
	if err != nil {
		return nil, fmt.Errorf("list the runs that ended last: %w", err)
	}
	var all []Over
	seen := map[Run]bool{}
	for _, info := range page {
		if o, err := ParseOver(info.Key); err == nil && !seen[o.Run] {
			seen[o.Run] = true
			all = append(all, o)
		}
	}
	return all, nil
}
