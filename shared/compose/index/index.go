// Package index is the list of all composes: asked for by owner, state, source
// and so on, in any order and page by page, without reading the documents.
//
// Rows lie in segments of 1,000 numbers each, compressed. A change of a compose
// is first a small object of its own, a delta, that is written beside the
// document; an indexer folds deltas into segments. Who reads lists the names of
// both with one request, and gets what it does not have yet; so it sees what was
// written before it asked.
//
//	compose/list/new/<id>-<rev>-<digest>   deltas: a row each
//	compose/list/rows/<segment>            segments
//	compose/list/totals.json               numbers of each segment
//	compose/owner/<owner>.json             what an owner has now
package index

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

const (
	prefix    = "compose/list/"
	newPrefix = prefix + "new/"
	rowPrefix = prefix + "rows/"
	totalsKey = prefix + "totals.json"
	ownersAt  = "compose/owner/"

	// perSegment is how many numbers a segment is for.
	perSegment = 1000
	// parallel is how many requests are under way at once.
	parallel = 16
)

// Store is the part of a bucket that is read.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// segmentOf is the segment a compose is in.
func segmentOf(id int64) int64 { return id / perSegment }

func segmentKey(n int64) string { return fmt.Sprintf("%s%09d", rowPrefix, n) }

func parseSegmentKey(key string) (int64, bool) {
	text, ok := strings.CutPrefix(key, rowPrefix)
	n, err := strconv.ParseInt(text, 10, 64)
	return n, ok && err == nil && segmentKey(n) == key
}

// delta is what the key of a delta tells.
type delta struct {
	key     string
	id, rev int64
}

func deltaKey(id, rev int64, digest string) string {
	return fmt.Sprintf("%s%012d-%d-%s", newPrefix, id, rev, digest)
}

func parseDelta(key string) (delta, bool) {
	parts := strings.Split(strings.TrimPrefix(key, newPrefix), "-")
	if len(parts) != 3 || !strings.HasPrefix(key, newPrefix) {
		return delta{}, false
	}
	id, err := strconv.ParseInt(parts[0], 10, 64)
	rev, err2 := strconv.ParseInt(parts[1], 10, 64)
	return delta{key, id, rev}, err == nil && err2 == nil && id > 0
}

// lister is the part of a bucket that is listed.
type lister interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// listAll lists all that begins with a prefix.
func listAll(ctx context.Context, store lister, prefix string) ([]blob.Info, error) {
	var all []blob.Info
	for after := ""; ; after = all[len(all)-1].Key {
		page, err := store.List(ctx, prefix, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		all = append(all, page...)
		if len(page) < blob.ListMax {
			return all, nil
		}
	}
}
