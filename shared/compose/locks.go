package compose

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	lockPrefix = "compose/lock/"
	// lockBytes is the most JSON a lock may be: that of a million packages.
	lockBytes = 512 << 20
	// documentBytes is the most a document beside a lock may be. All modules of
	// a distribution are some 10 MB.
	documentBytes = 64 << 20
	// windowMost bounds the memory that reading takes.
	windowMost = 8 << 20
)

// Document is a kind of document that lies beside locks.
type Document string

// The documents a tree may have.
const (
	DocModules    Document = "modules"
	DocGroups     Document = "groups"
	DocUpdateInfo Document = "updateinfo"
)

// Locks are the locks in a bucket, by digest.
type Locks struct{ Store state.Store }

// Save keeps a lock and gives its digest. Saving the same again changes
// nothing, not even the Koji event it was read at.
func (l Locks) Save(ctx context.Context, lock Lock) (digest string, err error) {
	if err := lock.Check(); err != nil {
		return "", fmt.Errorf("save lock: %w", err)
	}
	digest = lock.Digest()
	err = l.save(ctx, lockKey(digest), lock.write)
	if err != nil {
		return "", fmt.Errorf("save lock %.12s: %w", digest, err)
	}
	return digest, nil
}

// Load gives the lock with this digest, or blob.ErrNotFound. What it gives is
// what was saved: a lock whose digest is another is an error.
func (l Locks) Load(ctx context.Context, digest string) (Lock, error) {
	object, err := l.Store.Get(ctx, lockKey(digest))
	if err != nil {
		return Lock{}, fmt.Errorf("load lock %.12s: %w", digest, err)
	}
	lock, err := ReadLock(bytes.NewReader(object.Body))
	if err == nil && lock.Digest() != digest {
		err = errors.New("it is another lock")
	}
	if err != nil {
		return Lock{}, fmt.Errorf("load lock %.12s: %w", digest, err)
	}
	return lock, nil
}

// ReadLock reads a lock as it lies in the bucket: JSON, compressed by zstd.
func ReadLock(r io.Reader) (Lock, error) {
	var lock Lock
	err := expand(r, lockBytes, func(plain io.Reader) (err error) {
		lock, err = readLock(plain)
		return err
	})
	if err != nil {
		return Lock{}, err
	}
	return lock, lock.Check()
}

// SaveDocument keeps a document and gives its SHA-256.
func (l Locks) SaveDocument(ctx context.Context, kind Document, body []byte) (digest string, err error) {
	if len(body) > documentBytes {
		return "", fmt.Errorf("save %s: %d bytes, the most is %d", kind, len(body), documentBytes)
	}
	sum := sha256.Sum256(body)
	digest = hex.EncodeToString(sum[:])
	err = l.save(ctx, documentKey(kind, digest), func(w io.Writer) error { _, err := w.Write(body); return err })
	if err != nil {
		return "", fmt.Errorf("save %s %.12s: %w", kind, digest, err)
	}
	return digest, nil
}

// LoadDocument gives the document with this SHA-256, or blob.ErrNotFound.
func (l Locks) LoadDocument(ctx context.Context, kind Document, digest string) ([]byte, error) {
	object, err := l.Store.Get(ctx, documentKey(kind, digest))
	if err != nil {
		return nil, fmt.Errorf("load %s %.12s: %w", kind, digest, err)
	}
	var body []byte
	err = expand(bytes.NewReader(object.Body), documentBytes, func(plain io.Reader) (err error) {
		body, err = io.ReadAll(plain)
		return err
	})
	if sum := sha256.Sum256(body); err == nil && hex.EncodeToString(sum[:]) != digest {
		err = errors.New("it is another document")
	}
	if err != nil {
		return nil, fmt.Errorf("load %s %.12s: %w", kind, digest, err)
	}
	return body, nil
}

func lockKey(digest string) string { return lockPrefix + digest + ".json.zst" }

func documentKey(kind Document, digest string) string {
	return lockPrefix + digest + "." + string(kind) + ".zst"
}

// save puts what write writes, compressed. What has a digest for a name and is
// there already is the same.
func (l Locks) save(ctx context.Context, key string, write func(io.Writer) error) error {
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowMost))
	if err != nil {
		return err
	}
	if err := errors.Join(write(z), z.Close()); err != nil {
		return err
	}
	_, err = l.Store.Put(ctx, key, packed.Bytes(), blob.Absent, blob.Type("application/zstd"))
	if errors.Is(err, blob.ErrConflict) {
		return nil
	}
	return err
}

// expand hands what is compressed in r to read, if it is at most so many bytes.
func expand(r io.Reader, most int64, read func(io.Reader) error) error {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowMost))
	if err != nil {
		return err
	}
	defer z.Close()
	bounded := &io.LimitedReader{R: z, N: most + 1}
	if err := read(bounded); err != nil {
		return err
	}
	if bounded.N == 0 {
		return fmt.Errorf("it is more than %d bytes", most)
	}
	return nil
}
