// Package shelf keeps what one compose leaves for the next of the same source:
// what its tags held, and the frames of its metadata. All of it can be lost
// without harm; then the next compose asks and reads again.
package shelf

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/compose/publish/progress"
	"github.com/distaff-project/distaff/shared/repodata/frame"
	"github.com/distaff-project/distaff/shared/state"
)

// Prefix is where all of it lies.
const Prefix = "compose/frames/"

// mostKept is how many sets of frames are kept of one tree.
const mostKept = 3

// Shelf is what is kept of one source.
type Shelf struct {
	// Start is where a compose of it began last.
	Start gather.Start `json:"start,omitzero"`
	// Listings are the keys of what the tags held, by architectures.
	Listings map[string]string `json:"listings,omitempty"`
	// Trees are the frames, newest first.
	Trees map[string][]Frames `json:"trees,omitempty"`
}

// Frames are those of one tree.
type Frames struct {
	Index    string    `json:"index"`
	Objects  [3]string `json:"objects"`
	Packages int       `json:"packages"`
}

// Keeper keeps the Shelf of one source.
type Keeper struct {
	bucket state.Bucket
	prefix string
	arches string
	shelf  Shelf
	tag    blob.Tag
	stored map[string][]Frames
	listed string
}

// Open reads what is kept of the source of a request. What cannot be read is as
// if nothing was.
func Open(ctx context.Context, bucket state.Bucket, koji string, r compose.Request) (*Keeper, error) {
	k := &Keeper{bucket: bucket, prefix: Prefix + nameOf(koji, r), arches: archesOf(r), stored: map[string][]Frames{}}
	return k, k.read(ctx)
}

// nameOf names a source: the same tags with the same inheritance, whatever is
// taken from them.
func nameOf(koji string, r compose.Request) string {
	source := slices.Clone(r.Source)
	slices.Sort(source)
	if r.SourceType != compose.Tag && r.SourceType != compose.Repo {
		source = nil // named builds are described alike wherever they are named
	}
	raw, _ := json.Marshal(struct { // texts and numbers can always be encoded
		Version int
		Koji    string
		Type    compose.SourceType
		Source  []string
		Flags   compose.Flag
	}{1, koji, r.SourceType, source, r.Flags & (compose.NoInheritance | compose.IncludeUnpublishedBuild)})
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

func archesOf(r compose.Request) string {
	arches := slices.Concat(r.Arches, []string{"+"}, r.MultilibArches)
	return strings.Join(arches, " ")
}

func (k *Keeper) key() string { return k.prefix + ".json" }

func (k *Keeper) read(ctx context.Context) error {
	object, err := k.bucket.Get(ctx, k.key())
	if errors.Is(err, blob.ErrNotFound) {
		k.shelf, k.tag = Shelf{}, ""
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", k.key(), err)
	}
	k.shelf, k.tag = Shelf{}, object.Tag
	if err := json.Unmarshal(object.Body, &k.shelf); err != nil {
		k.shelf = Shelf{}
	}
	return nil
}

// Start is where a compose of the source began last.
func (k *Keeper) Start() gather.Start { return k.shelf.Start }

// Listing is what the tags held then; nil if that is not known.
func (k *Keeper) Listing(ctx context.Context) (*gather.Listing, error) {
	key := k.shelf.Listings[k.arches]
	if key == "" {
		return nil, nil //nolint:nilnil // not known, which is no error
	}
	object, err := k.bucket.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil //nolint:nilnil // as if it had not been kept
	}
	if err != nil {
		return nil, fmt.Errorf("read what the tags held: %w", err)
	}
	listing := &gather.Listing{}
	if err := progress.Unpack(object.Body, listing); err != nil {
		return nil, nil //nolint:nilnil,nilerr // what cannot be read is asked for again
	}
	return listing, nil
}

// Indexes are those of the frames of a tree.
func (k *Keeper) Indexes(ctx context.Context, tree string) ([]*frame.Index, error) {
	var keys []string
	for _, f := range k.shelf.Trees[tree] {
		keys = append(keys, f.Index)
	}
	return progress.Indexes(ctx, k.bucket, keys)
}

// Has tells whether there are frames of a tree.
func (k *Keeper) Has(tree string) bool { return len(k.shelf.Trees[tree]) > 0 }

// Tree stores the Index of a tree's frames, for Leave to name. With own the
// frames are stored once more, because the directory they are in goes when its
// compose expires.
func (k *Keeper) Tree(ctx context.Context, tree string, made *publish.Made, own bool) error {
	f, err := k.storeTree(ctx, made, own)
	if err == nil {
		k.stored[tree] = append(k.stored[tree], f)
	}
	return err
}

// Listed stores what the tags held, for Leave to name.
func (k *Keeper) Listed(ctx context.Context, listing *gather.Listing) (err error) {
	k.listed, err = k.storeListing(ctx, listing)
	return err
}

// Leave keeps where a compose began, what the tags held (where that is nil: what
// was Listed, if anything), and the frames of its trees, in place of what is older.
func (k *Keeper) Leave(ctx context.Context, start gather.Start, listing *gather.Listing) error {
	next := Shelf{Start: start, Listings: map[string]string{}, Trees: map[string][]Frames{}}
	list, err := k.storeListing(ctx, listing)
	if err != nil {
		return err
	}
	list = cmp.Or(list, k.listed)
	for n := range 4 {
		if n > 0 {
			if err := errors.Join(k.bucket.Rest(ctx, n), k.read(ctx)); err != nil {
				return err
			}
		}
		before := k.shelf
		if before.Start.Event > next.Start.Event {
			next.Start = before.Start
		}
		for arches, key := range before.Listings {
			next.Listings[arches] = key
		}
		if list != "" {
			next.Listings[k.arches] = list
		}
		for name, old := range before.Trees {
			next.Trees[name] = old
		}
		for name, stored := range k.stored {
			for _, f := range stored {
				next.Trees[name] = merge(next.Trees[name], f)
			}
		}
		err := k.write(ctx, next)
		if err == nil {
			return k.drop(ctx, before, next)
		}
		if !errors.Is(err, blob.ErrConflict) {
			return err
		}
	}
	return nil // others are busy leaving the same
}

// merge puts new frames before the old, and keeps no smaller ones beside them
// that are older.
func merge(old []Frames, f Frames) []Frames {
	kept := []Frames{f}
	for _, o := range old {
		if o.Index != f.Index && (o.Packages > f.Packages || len(kept) > 1) && len(kept) < mostKept {
			kept = append(kept, o)
		}
	}
	return kept
}

func (k *Keeper) write(ctx context.Context, next Shelf) error {
	raw, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("write %s: %w", k.key(), err)
	}
	cond := blob.Absent
	if k.tag != "" {
		cond = blob.Match(k.tag)
	}
	if _, err := k.bucket.Put(ctx, k.key(), raw, cond, blob.Type("application/json")); err != nil {
		return fmt.Errorf("write %s: %w", k.key(), err)
	}
	return nil
}

// drop deletes what is kept no more. Who still reads it does without.
func (k *Keeper) drop(ctx context.Context, before, after Shelf) error {
	stays := map[string]bool{}
	for _, key := range after.keys() {
		stays[key] = true
	}
	for _, key := range before.keys() {
		if !stays[key] && strings.HasPrefix(key, k.prefix+"/") {
			if err := k.bucket.Delete(ctx, key); err != nil {
				return fmt.Errorf("delete what an older compose left: %w", err)
			}
		}
	}
	return nil
}

func (s Shelf) keys() []string {
	var keys []string
	for _, key := range s.Listings {
		keys = append(keys, key)
	}
	for _, tree := range s.Trees {
		for _, f := range tree {
			keys = append(append(keys, f.Index), f.Objects[:]...)
		}
	}
	return keys
}

func (k *Keeper) storeListing(ctx context.Context, listing *gather.Listing) (string, error) {
	if listing == nil {
		return "", nil
	}
	raw, err := progress.Pack(listing)
	if err != nil {
		return "", fmt.Errorf("keep what the tags hold: %w", err)
	}
	key := k.name(raw, ".listing")
	if k.shelf.Listings[k.arches] == key {
		return key, nil
	}
	if _, err := k.bucket.Put(ctx, key, raw, blob.Any); err != nil {
		return "", fmt.Errorf("keep what the tags hold: %w", err)
	}
	return key, nil
}

// storeTree stores the Index of frames, and the frames where they are to
// outlive their compose.
func (k *Keeper) storeTree(ctx context.Context, made *publish.Made, own bool) (Frames, error) {
	index := *made.Index
	if own {
		for i := range index.Keys {
			index.Keys[i] = k.prefix + "/" + made.Objects[i].Checksum + "." + string(frame.Documents()[i])
			if _, err := k.bucket.Put(ctx, index.Keys[i], made.Bodies[i], blob.Any); err != nil {
				return Frames{}, fmt.Errorf("keep frames: %w", err)
			}
		}
	}
	raw := index.Encode()
	f := Frames{Index: k.name(raw, ".index"), Objects: index.Keys, Packages: index.Packages()}
	if _, err := k.bucket.Put(ctx, f.Index, raw, blob.Any); err != nil {
		return Frames{}, fmt.Errorf("keep frames: %w", err)
	}
	return f, nil
}

func (k *Keeper) name(body []byte, suffix string) string {
	sum := sha256.Sum256(body)
	return k.prefix + "/" + hex.EncodeToString(sum[:]) + suffix
}
