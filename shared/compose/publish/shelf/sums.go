package shelf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/state"
)

// Sums remembers checksums of files that had to be read to compute them. One is
// used again only for a file of the same address, key, size and ETag.
type Sums struct{ Bucket state.Bucket }

type sum struct {
	Address string `json:"address"`
	SHA256  string `json:"sha256"`
}

func sumKey(address, sigkey string, file rpmfile.File) string {
	digest := sha256.New()
	for _, part := range []string{address, sigkey, strconv.FormatInt(file.Size, 10), file.ETag} {
		_, _ = fmt.Fprintf(digest, "%d:%s", len(part), part) // never fails
	}
	return "compose/rpm/" + hex.EncodeToString(digest.Sum(nil)) + ".json"
}

// Find gives the sha256 of a file, or "" where it is not known.
func (s Sums) Find(ctx context.Context, address, sigkey string, file rpmfile.File) (string, error) {
	key := sumKey(address, sigkey, file)
	object, err := s.Bucket.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the checksum of %s: %w", address, err)
	}
	var known sum
	if err := json.Unmarshal(object.Body, &known); err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	return known.SHA256, nil
}

// Keep remembers it.
func (s Sums) Keep(ctx context.Context, address, sigkey string, file rpmfile.File, sha256 string) error {
	raw, err := json.Marshal(sum{address, sha256})
	if err != nil {
		return err
	}
	if _, err := s.Bucket.Put(ctx, sumKey(address, sigkey, file), raw, blob.Any, blob.Type("application/json")); err != nil {
		return fmt.Errorf("keep the checksum of %s: %w", address, err)
	}
	return nil
}
