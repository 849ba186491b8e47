package store

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

// The key a/b/c is the file a/b/c@. No key has an @ in it, so the object p and
// the directory of p/q are different names. A last segment so long that the @
// does not fit is @ and its SHA-256; the record knows the key.
const mark = "@"

// path gives the file of a key that blob.CheckKey has passed.
func (d *disk) path(key string) string {
	dir, last := "", key
	if at := strings.LastIndexByte(key, '/'); at >= 0 {
		dir, last = key[:at], key[at+1:]
	}
	if len(last)+len(mark) > blob.SegmentMax {
		sum := sha256.Sum256([]byte(last))
		last = mark + hex.EncodeToString(sum[:])
	} else {
		last += mark
	}
	return filepath.Join(d.root, filepath.FromSlash(dir), last)
}
