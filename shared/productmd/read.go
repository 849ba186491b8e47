package productmd

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// tooLargeError is a reader's answer to more bytes than were to be read.
type tooLargeError struct{ limit int64 }

func (e tooLargeError) Error() string { return fmt.Sprintf("larger than %d bytes", e.limit) }

// bounded is a reader that fails, rather than ends, where the limit is.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func newBounded(r io.Reader, limit int64) *bounded { return &bounded{r, limit, limit} }

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, tooLargeError{b.limit}
	}
	return n, err
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	return io.ReadAll(newBounded(r, limit))
}

// relative refuses what does not stay inside the folder it is said to be in.
func relative(path string) error {
	if path == "" || len(path) > 4096 || path[0] == '/' || strings.ContainsFunc(path, control) ||
		strings.Contains(path, "\\") || slices.Contains(strings.Split(path, "/"), "..") {
		return fmt.Errorf("path %.120q does not stay in the compose", path)
	}
	return nil
}

// cause takes the words for "the file ended" from Go to English.
func cause(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends too early")
	}
	return err
}
