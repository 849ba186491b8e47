package index

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
)

// Rebuild puts the row of every document into the list, and gives how many there
// are. It is for a list that was lost or damaged: it reads all documents, one
// after the other, and may be begun again.
func (x *Indexer) Rebuild(ctx context.Context) (int, error) {
	all, err := listAll(ctx, x.lister, compose.DocumentPrefix)
	if err != nil {
		return 0, err
	}
	by := map[int64][]int64{}
	for _, info := range all {
		name := strings.TrimSuffix(strings.TrimPrefix(info.Key, compose.DocumentPrefix), ".json")
		if id, err := strconv.ParseInt(name, 10, 64); err == nil && id > 0 {
			by[segmentOf(id)] = append(by[segmentOf(id)], id)
		}
	}
	anew := *x
	anew.anew = true
	done := 0
	for _, n := range slices.Sorted(maps.Keys(by)) {
		rows, err := anew.documents(ctx, by[n])
		if err == nil {
			err = anew.write(ctx, rows)
		}
		if err != nil {
			return done, err
		}
		done += len(rows)
	}
	return done, nil
}
