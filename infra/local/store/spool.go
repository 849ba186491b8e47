package store

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3's ETag, not a safeguard
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"

	"github.com/distaff-project/distaff/shared/blob"
)

const (
	spillAt   = 256 << 10 // bytes kept in memory before a file is used
	memoryMax = 256 << 20 // the largest body of a server without a directory
	objectMax = 5 << 30   // the largest body of one PUT, as S3 has it
)

var errTooLarge = errors.New("the body is larger than this store takes")

// spool collects a body before it is known whether it becomes an object. Small
// ones stay in memory, others go to a temporary file.
type spool struct {
	tmp  string // where files go; empty: nowhere
	size int64
	buf  bytes.Buffer
	file *os.File
	md5  hash.Hash
}

func newSpool(tmp string) *spool {
	return &spool{tmp: tmp, md5: md5.New()} //nolint:gosec // see the import
}

func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.size > objectMax || s.tmp == "" && s.size > memoryMax {
		return 0, errTooLarge
	}
	s.md5.Write(p)
	if s.file == nil && (s.tmp == "" || s.size <= spillAt) {
		return s.buf.Write(p)
	}
	if err := s.spill(); err != nil {
		return 0, err
	}
	return s.file.Write(p)
}

// spill moves what is in memory to a file.
func (s *spool) spill() error {
	if s.file != nil {
		return nil
	}
	file, err := os.CreateTemp(s.tmp, "put-*")
	if err != nil {
		return err
	}
	s.file = file
	_, err = file.Write(s.buf.Bytes())
	s.buf = bytes.Buffer{}
	return err
}

// park puts a body aside that will be needed later: into a closed file, if
// there is a place for files.
func (s *spool) park() error {
	if s.tmp == "" {
		return nil
	}
	if err := s.spill(); err != nil {
		return err
	}
	return s.file.Close()
}

// copyTo writes the body of a parked spool to w.
func (s *spool) copyTo(w io.Writer) error {
	if s.file == nil {
		_, err := w.Write(s.buf.Bytes())
		return err
	}
	file, err := os.Open(s.file.Name())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(w, file)
	return err
}

func (s *spool) sum() []byte { return s.md5.Sum(nil) }

// tag is the ETag S3 gives an object that was put whole.
func (s *spool) tag() blob.Tag {
	return blob.Tag(`"` + hex.EncodeToString(s.sum()) + `"`)
}

// discard throws away what did not become an object. It may be called always:
// of a spool that was committed nothing is left.
func (s *spool) discard() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
		s.file = nil
	}
	s.buf = bytes.Buffer{}
}
