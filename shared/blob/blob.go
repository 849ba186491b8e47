// Package blob is what distaff remembers and how it is named: keys, bytes and
// tags in a bucket, written only under a condition where it matters.
//
// There is no interface to depend on: each consumer declares the methods it
// calls. Every store (blob/mem, blob/s3, the embedded server's bucket) has
// these five, and blob/blobtest holds all of them to the same promises:
//
//	Get(ctx, key) (Object, error)                       // ErrNotFound
//	GetRange(ctx, key, offset, length) (Object, error)  // ErrNotFound, ErrRange
//	Put(ctx, key, body, cond, opts...) (Tag, error)     // ErrConflict
//	Delete(ctx, key) error                              // what is absent may be deleted
//	List(ctx, prefix, after, limit) ([]Info, error)     // sorted by bytes
//
// A Get after a Put that succeeded gives what was put, or something newer. Of
// several writers under one condition at most one succeeds. A body read back
// belongs to the tag beside it. Keys that CheckKey refuses are refused.
//
// After a Put that failed in any other way than ErrConflict the object may or
// may not have been stored. And an ErrConflict may be about the caller's own
// write: the SDK repeats a request whose answer was lost, and the repetition
// finds what the first attempt stored. Whoever must know puts a nonce into the
// body and reads back; package state does.
package blob

import (
	"errors"
	"time"
)

// The three ways a store says no. Every other error is a store that could not
// be asked, or would not answer.
var (
	// ErrNotFound means that no object has this key.
	ErrNotFound = errors.New("no such object")
	// ErrConflict means that the condition of a Put was not met (412), that
	// another write was in flight (409), or that the object to match is gone
	// (404 on If-Match).
	ErrConflict = errors.New("the object is not in the expected state")
	// ErrRange means that an object ends before the range begins.
	ErrRange = errors.New("the range begins after the object's end")
)

// ListMax is the most entries one List gives: the limit of S3's ListObjectsV2.
const ListMax = 1000

// Tag is an ETag, quotes included. It stands for the content it came with and
// is only ever echoed: how a bucket computes it is the bucket's own affair.
type Tag string

// Object is what a key holds, or the part of it that was asked for.
type Object struct {
	Key      string
	Body     []byte
	Tag      Tag    // of the whole object, also when Body is a part
	Type     string // media type
	Modified time.Time
}

// Info is one line of a listing.
type Info struct {
	Key      string
	Size     int64 // bytes
	Tag      Tag
	Modified time.Time
}

// Cond is what must hold for a Put to happen: Any, Absent or Match(tag).
type Cond string

const (
	// Any overwrites whatever is there.
	Any Cond = ""
	// Absent creates: nothing may be there (If-None-Match: *).
	Absent Cond = "absent"

	match = "match "
)

// Match replaces exactly what tag stands for (If-Match). An empty tag matches
// nothing.
func Match(tag Tag) Cond { return match + Cond(tag) }

// Tag gives the tag a condition made by Match asks for.
func (c Cond) Tag() (Tag, bool) {
	if len(c) < len(match) || c[:len(match)] != match {
		return "", false
	}
	return Tag(c[len(match):]), true
}

// Met tells whether c holds for an object with this tag; found says whether
// there is one.
func (c Cond) Met(current Tag, found bool) bool {
	if want, ok := c.Tag(); ok {
		return found && want != "" && want == current
	}
	return c == Any || !found
}

// CheckRange tells whether length bytes from offset on can be read, at least
// in part, from an object of size bytes.
func CheckRange(offset, length, size int64) error {
	switch {
	case offset < 0 || length < 1:
		return errors.New("not a range")
	case offset >= size:
		return ErrRange
	}
	return nil
}
