package compose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/state"
)

// Holder is who holds a content: a compose by its number, or something else by
// its name. Whoever holds it finds its files where they are until its time is
// over.
type Holder string

// HolderOf is a compose as a holder.
func HolderOf(id int64) Holder { return Holder(strconv.FormatInt(id, 10)) }

// Content is what lies in the directory of a compose, and who holds it. Several
// composes with the same content share one directory, and it goes when nobody
// holds it any more.
//
// All that happens to it is a compare-and-swap of one document. So a compose
// either comes to hold a content that lives, and it lives on, or finds that it
// is being removed, and makes its own.
type Content struct {
	// Dir is the compose whose directory it lies in; 0: it lies nowhere.
	Dir int64 `json:"dir,omitempty"`
	// Generation counts the directories it has lain in.
	Generation int `json:"generation,omitempty"`
	// Holders are held until these moments.
	Holders map[Holder]time.Time `json:"holders,omitempty"`
	// Old are directories it lay in that are being removed.
	Old []int64 `json:"old,omitempty"`
	// Left is who let go of it, and when: a run that does not know yet cannot
	// come to hold it again.
	Left map[Holder]time.Time `json:"left,omitempty"`
}

const (
	contentPrefix = "compose/content/"
	// grace is how far the clocks of two machines may be apart.
	grace = 5 * time.Minute
	// leftMost is longer than anything is at work on a compose.
	leftMost = 7 * 24 * time.Hour
)

// Contents are the contents by digest.
type Contents struct{ bucket state.Bucket }

// NewContents gives the contents kept in bucket.
func NewContents(bucket state.Bucket) Contents { return Contents{bucket} }

func contentKey(digest string) string { return contentPrefix + digest + ".json" }

// Look gives a content as it is. Where there never was one, it lies nowhere.
func (c Contents) Look(ctx context.Context, digest string) (Content, error) {
	is, _, err := read[Content](ctx, c.bucket, contentKey(digest))
	if err != nil {
		return Content{}, fmt.Errorf("look at content %.12s: %w", digest, err)
	}
	return is.Value, nil
}

// Join lets h hold a content that is there, and gives the compose whose
// directory it lies in. 0 means that it lies nowhere: it has to be made.
func (c Contents) Join(ctx context.Context, digest string, h Holder, until time.Time) (dir int64, err error) {
	is, err := c.Look(ctx, digest)
	if err != nil || is.Dir == 0 {
		return 0, err
	}
	if err := c.note(ctx, h, digest); err != nil {
		return 0, err
	}
	return c.enter(ctx, digest, h, until, 0)
}

// Enter lets a compose hold a content whose files lie complete in its own
// directory. It gives the compose whose directory counts: its own, or that of
// another one that was there before. It fails with ErrOver if the compose let
// go of the content before.
func (c Contents) Enter(ctx context.Context, digest string, id int64, until time.Time) (dir int64, err error) {
	if err := c.note(ctx, HolderOf(id), digest); err != nil {
		return 0, err
	}
	return c.enter(ctx, digest, HolderOf(id), until, id)
}

// enter notes h as a holder. Where the content lies nowhere, it lies in the
// directory of own from now on; 0: h has none.
func (c Contents) enter(ctx context.Context, digest string, h Holder, until time.Time, own int64) (int64, error) {
	is, err := change(ctx, c.bucket, contentKey(digest), func(is *Content) (bool, error) {
		if _, left := is.Left[h]; left {
			return false, ErrOver
		}
		switch {
		case is.Dir != 0:
		case own == 0:
			return false, nil
		default:
			is.Dir, is.Generation, is.Holders = own, is.Generation+1, nil
		}
		if held, holds := is.Holders[h]; holds && !until.After(held) {
			return false, nil
		}
		is.hold(h, until)
		return true, nil
	})
	if err != nil {
		return 0, fmt.Errorf("hold content %.12s for %s: %w", digest, h, err)
	}
	return is.Dir, nil
}

func (is *Content) hold(h Holder, until time.Time) {
	if is.Holders == nil {
		is.Holders = map[Holder]time.Time{}
	}
	is.Holders[h] = until
}

// Extend lets h hold a content until a moment at least. It fails with ErrOver
// where h does not hold it.
func (c Contents) Extend(ctx context.Context, digest string, h Holder, until time.Time) error {
	_, err := change(ctx, c.bucket, contentKey(digest), func(is *Content) (bool, error) {
		held, holds := is.Holders[h]
		if !holds {
			return false, ErrOver
		}
		is.Holders[h] = latest(held, until)
		return until.After(held), nil
	})
	if err != nil {
		return fmt.Errorf("hold content %.12s for %s: %w", digest, h, err)
	}
	return nil
}

// Leave lets h hold a content no longer. Nothing is removed by that.
func (c Contents) Leave(ctx context.Context, digest string, h Holder) error {
	_, err := change(ctx, c.bucket, contentKey(digest), func(is *Content) (bool, error) {
		_, holds := is.Holders[h]
		delete(is.Holders, h)
		return holds, nil
	})
	if err != nil {
		return fmt.Errorf("let go of content %.12s for %s: %w", digest, h, err)
	}
	return nil
}

// Removal is what is to be removed of a content.
type Removal struct {
	// Dirs are the composes whose directories are to be removed. They may have
	// been begun with before.
	Dirs []int64
	// Dir is the compose whose directory the content lies in, and Until when the
	// last of those who hold it lets go; 0: it lies nowhere.
	Dir   int64
	Until time.Time
}

// BeginRemoval lets leaving hold a content no longer, for good, and if nobody
// else holds it either, decides that its directory is removed: from then on
// nobody comes to hold what lies there.
func (c Contents) BeginRemoval(ctx context.Context, digest string, leaving Holder) (Removal, error) {
	now := c.bucket.Now()
	is, err := change(ctx, c.bucket, contentKey(digest), func(is *Content) (bool, error) {
		_, left := is.Left[leaving]
		if left && (is.Dir == 0 || is.held(now)) {
			return false, nil
		}
		if is.Left == nil {
			is.Left = map[Holder]time.Time{}
		}
		maps.DeleteFunc(is.Left, func(_ Holder, at time.Time) bool { return now.Sub(at) > leftMost })
		is.Left[leaving] = now
		delete(is.Holders, leaving)
		if is.Dir != 0 && !is.held(now) {
			// Its own compose may have a run at work that takes the files for
			// complete.
			is.Left[HolderOf(is.Dir)] = now
			is.Old, is.Dir, is.Holders = append(is.Old, is.Dir), 0, nil
		}
		return true, nil
	})
	if err != nil {
		return Removal{}, fmt.Errorf("let go of content %.12s for %s: %w", digest, leaving, err)
	}
	removal := Removal{Dirs: is.Old, Dir: is.Dir}
	for _, until := range is.Holders {
		removal.Until = latest(removal.Until, until.Add(grace))
	}
	return removal, nil
}

// held tells whether anybody holds the content at a moment.
func (is *Content) held(now time.Time) bool {
	for _, until := range is.Holders {
		if until.Add(grace).After(now) {
			return true
		}
	}
	return false
}

// Finish notes that nothing is left in a directory that was to be removed.
func (c Contents) Finish(ctx context.Context, digest string, dir int64) error {
	_, err := change(ctx, c.bucket, contentKey(digest), func(is *Content) (bool, error) {
		n := len(is.Old)
		is.Old = slices.DeleteFunc(is.Old, func(old int64) bool { return old == dir })
		return len(is.Old) < n, nil
	})
	if err != nil {
		return fmt.Errorf("end of content %.12s in %d: %w", digest, dir, err)
	}
	return nil
}
