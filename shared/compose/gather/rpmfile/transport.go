package rpmfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// atMost cuts the answer of a server that ignores Range where the range ends: a
// package may have a gigabyte, of which 32 kB are wanted.
type atMost struct{ inner http.RoundTripper }

func (t atMost) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := t.inner.RoundTrip(req)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	_, last, found := strings.Cut(strings.TrimPrefix(req.Header.Get("Range"), "bytes="), "-")
	if end, parseErr := strconv.ParseInt(last, 10, 64); found && parseErr == nil {
		answer.Body = cutBody{io.LimitReader(answer.Body, end+1), answer.Body}
	}
	return answer, nil
}

type cutBody struct {
	io.Reader
	io.Closer
}

// summing answers with the checksum of what a server sends in place of it, so
// that no file is in memory, and package wire repeats a read that broke off.
type summing struct {
	inner http.RoundTripper
	// buffers are those nobody uses.
	buffers *sync.Pool
}

func (t summing) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := t.inner.RoundTrip(req)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	defer func() { _ = answer.Body.Close() }()
	sum := sha256.New()
	buffer, _ := t.buffers.Get().(*[128 << 10]byte)
	if buffer == nil {
		buffer = new([128 << 10]byte)
	}
	defer t.buffers.Put(buffer)
	size, err := io.CopyBuffer(sum, answer.Body, buffer[:])
	if err != nil {
		return nil, fmt.Errorf("after %d bytes: %w", size, err)
	}
	text := fmt.Appendf(nil, "%s %d", hex.EncodeToString(sum.Sum(nil)), size)
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return answer, nil
}

// Sum is the sha256 of a file, in hex, with the file it is of.
type Sum struct {
	SHA256 string
	File
}

// Sum reads all of a file and gives its checksum.
func (r *Reader) Sum(ctx context.Context, address string) (Sum, error) {
	if err := r.take(ctx); err != nil {
		return Sum{}, err
	}
	defer r.give()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Sum{}, fmt.Errorf("read %s: %w", address, err)
	}
	answer, err := r.sums.Do(req)
	if err != nil {
		return Sum{}, gone(address, err)
	}
	sum := Sum{File: File{ETag: answer.Header.Get("ETag")}}
	if _, err := fmt.Sscanf(string(answer.Body), "%64s %d", &sum.SHA256, &sum.Size); err != nil {
		return Sum{}, fmt.Errorf("read %s: the server answered %d without a file", address, answer.Code)
	}
	return sum, nil
}
