package progress

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/repodata/frame"
)

// sourcesMost bounds what is kept of sources when it is unpacked: four times
// the largest tag there is.
const sourcesMost = 1 << 30

// name gives an object of this work a key of its content.
func (l *Log) name(body []byte, suffix string) string {
	sum := sha256.Sum256(body)
	return l.prefix + hex.EncodeToString(sum[:]) + suffix
}

// put stores what is kept for the work, and notes that it is to be deleted at
// its end before it is there: what is forgotten would stay.
func (l *Log) put(ctx context.Context, objects map[string][]byte) error {
	err := l.Change(ctx, func(w *Work) bool {
		changed := false
		for key := range objects {
			if !slices.Contains(w.Blobs, key) {
				w.Blobs, changed = append(w.Blobs, key), true
			}
		}
		return changed
	})
	if err != nil {
		return err
	}
	for key, body := range objects {
		if _, err := l.bucket.Put(ctx, key, body, blob.Any); err != nil {
			return fmt.Errorf("keep unfinished work: %w", err)
		}
	}
	return nil
}

// Part keeps frames that were made for a tree.
func (l *Log) Part(ctx context.Context, tree string, part frame.Part) error {
	objects := map[string][]byte{}
	for k, body := range part.Blobs {
		key := l.name(body, "."+string(frame.Documents()[k]))
		part.Index.Keys[k], objects[key] = key, body
	}
	raw := part.Index.Encode()
	index := l.name(raw, ".index")
	objects[index] = raw
	if err := l.put(ctx, objects); err != nil {
		return err
	}
	return l.Change(ctx, func(w *Work) bool {
		if slices.Contains(w.Parts[tree], index) {
			return false
		}
		w.Parts[tree] = append(w.Parts[tree], index)
		return true
	})
}

// Parts reads the Indexes of what was kept for a tree. What is not there any
// more is left out.
func (l *Log) Parts(ctx context.Context, tree string) ([]*frame.Index, error) {
	return Indexes(ctx, l.bucket, l.work.Parts[tree])
}

// Getter reads objects.
type Getter interface {
	Get(ctx context.Context, key string) (blob.Object, error)
}

// Indexes reads some Indexes. What is not there any more, or cannot be read, is
// left out: all that is lost is what could have been copied.
func Indexes(ctx context.Context, store Getter, keys []string) ([]*frame.Index, error) {
	var all []*frame.Index
	for _, key := range keys {
		object, err := store.Get(ctx, key)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", key, err)
		}
		x, err := frame.DecodeIndex(object.Body)
		if err == nil {
			all = append(all, x)
		} else if !errors.Is(err, frame.ErrIndex) {
			return nil, fmt.Errorf("read %s: %w", key, err)
		}
	}
	return all, nil
}

// KeepSources keeps what the sources hold, and all that was found out since.
func (l *Log) KeepSources(ctx context.Context, src *gather.Sources) error {
	raw, err := Pack(src)
	if err != nil {
		return fmt.Errorf("keep the sources: %w", err)
	}
	key := l.name(raw, ".sources")
	if err := l.put(ctx, map[string][]byte{key: raw}); err != nil {
		return err
	}
	return l.Change(ctx, func(w *Work) bool {
		if w.Sources == key {
			return false
		}
		w.Sources = key
		return true
	})
}

// Sources reads what KeepSources kept; nil if that is nothing.
func (l *Log) Sources(ctx context.Context) (*gather.Sources, error) {
	if l.work.Sources == "" {
		return nil, nil //nolint:nilnil // nothing was kept, which is no error
	}
	object, err := l.bucket.Get(ctx, l.work.Sources)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil //nolint:nilnil // as before it was kept
	}
	if err != nil {
		return nil, fmt.Errorf("read the sources: %w", err)
	}
	src := &gather.Sources{}
	return src, Unpack(object.Body, src)
}

// Pack writes what tags or sources hold as JSON, compressed: a line without the
// builds of tags, and one for each of them. A large tag in one piece would be in
// memory once more as text.
func Pack(value any) ([]byte, error) {
	value, builds := apart(value)
	var packed bytes.Buffer
	to, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	enc := json.NewEncoder(to)
	err = enc.Encode(value)
	for i := 0; i < len(builds) && err == nil; i++ {
		err = enc.Encode(&builds[i])
	}
	if err := errors.Join(err, to.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// apart gives a value without its builds, and these.
func apart(value any) (any, []gather.Build) {
	switch v := value.(type) {
	case *gather.Listing:
		head := *v
		head.Builds = nil
		return &head, v.Builds
	case *gather.Sources:
		if v.Base == nil {
			return v, nil
		}
		head, base := *v, *v.Base
		base.Builds, head.Base = nil, &base
		return &head, v.Base.Builds
	}
	return value, nil
}

// buildsIn is where the builds of a value belong; nil: it has none.
func buildsIn(value any) *[]gather.Build {
	switch v := value.(type) {
	case *gather.Listing:
		return &v.Builds
	case *gather.Sources:
		if v.Base != nil {
			return &v.Base.Builds
		}
	}
	return nil
}

// Unpack reads what Pack wrote.
func Unpack(packed []byte, value any) error {
	from, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return err
	}
	defer from.Close()
	d := json.NewDecoder(io.LimitReader(from, sourcesMost))
	if err := d.Decode(value); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	to := buildsIn(value)
	for d.More() {
		var b gather.Build
		if err := d.Decode(&b); err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if to == nil {
			return errors.New("unpack: there are builds where none belong")
		}
		*to = append(*to, b)
	}
	// What is cut off ends at a line's end as well.
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}
