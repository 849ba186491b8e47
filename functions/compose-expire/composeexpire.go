// Package composeexpire removes the files of composes whose time is over, unless
// another compose still needs them.
package composeexpire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// batch is how many objects are removed for one event. A directory without
// packages has some dozens; whatever has more is gone on with by event.
const batch = 300

// New returns the function, deciding nothing: it removes what the documents of
// desk ask for. Store lists directories.
func New(desk compose.Desk, store state.Lister) fn.Function {
	x := expirer{desk, store}
	return fn.Function{
		Name: "compose-expire", Does: "remove the files of composes whose time is over",
		Hears: []fn.Route{fn.On(event.ComposeExpireWanted, x.expire)},
		Says:  []event.Named{event.ComposeRemoved, event.ComposeProgressed},
	}
}

type expirer struct {
	desk  compose.Desk
	store state.Lister
}

func (x expirer) expire(ctx context.Context, in fn.In[event.ComposeOrder]) ([]event.Draft, error) {
	order := in.Data
	c, err := x.desk.Read(ctx, order.ID)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !c.Over() || !c.Wants(order.Label):
		return nil, nil // answered before
	}
	run := &removal{expirer: x, left: batch}
	until, err := run.all(ctx, order.ID)
	if err != nil {
		return nil, fmt.Errorf("remove compose %d: %w", order.ID, err)
	}
	answer := order.Answer()
	answer.At = x.desk.Bucket.Now()
	if run.left == 0 {
		answer.Done = batch
		return []event.Draft{event.ComposeProgressed.Say(answer)}, nil
	}
	answer.Until = until
	return []event.Draft{event.ComposeRemoved.Say(answer)}, nil
}

// removal is what is done for one event.
type removal struct {
	expirer
	// left is how many objects may still be removed; at 0 there may be more.
	left int
}

// all lets go of all that a compose holds and removes the directories that
// nobody needs any more. Until is when the last of the others lets go of the
// compose's own directory; zero: nobody needs it.
func (r *removal) all(ctx context.Context, id int64) (until time.Time, err error) {
	contents, holder := r.desk.Contents, compose.HolderOf(id)
	digests, err := contents.Close(ctx, holder)
	if err != nil {
		return until, err
	}
	needed, gone := false, false
	for _, digest := range digests {
		begun, err := contents.BeginRemoval(ctx, digest, holder)
		if err != nil {
			return until, err
		}
		if begun.Dir == id {
			needed, until = true, begun.Until
		}
		gone = gone || slices.Contains(begun.Dirs, id)
		for _, dir := range begun.Dirs {
			if err := r.clear(ctx, dir); err != nil || r.left == 0 {
				return until, err
			}
			if err := contents.Finish(ctx, digest, dir); err != nil {
				return until, err
			}
		}
	}
	if needed || gone {
		return until, nil
	}
	// What was begun in its own directory and never came to be a content.
	return until, r.clear(ctx, id)
}

// clear removes a directory. First goes what tools take for the word that there
// is a compose, so that nobody begins to install from one that is half there.
func (r *removal) clear(ctx context.Context, dir int64) error {
	prefix := compose.FilesPrefix(dir)
	keys, err := r.list(ctx, prefix)
	if err != nil {
		return err
	}
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Compare(rank(strings.TrimPrefix(a, prefix)), rank(strings.TrimPrefix(b, prefix)))
	})
	for _, key := range keys {
		if r.left == 0 {
			return nil
		}
		if err := r.desk.Bucket.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove %s: %w", key, err)
		}
		r.left--
	}
	return nil
}

// rank orders what is removed.
func rank(name string) int {
	switch {
	case name == "STATUS":
		return 0
	case path.Base(name) == "repomd.xml":
		return 1
	case path.Ext(name) == ".repo":
		return 2
	}
	return 3
}

// listMost is more than any directory has: it holds no packages.
const listMost = 100_000

func (r *removal) list(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	for after := ""; len(keys) < listMost; {
		page, err := r.store.List(ctx, prefix, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		for _, info := range page {
			keys = append(keys, info.Key)
		}
		if len(page) < blob.ListMax {
			break
		}
		after = page[len(page)-1].Key
	}
	return keys, nil
}
