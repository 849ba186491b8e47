package foreign

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/wire"
)

// maxWindow bounds the memory a compressed file asks its reader for. It is
// what "zstd --long" and "xz -9" need.
const maxWindow = 128 << 20

// stream is one metadata file on its way. Its end is io.EOF only if all sizes
// and checksums were right.
type stream struct {
	body   io.Closer
	packed *counted
	open   *counted
	closer func()
}

// open begins to read a file. What it gives must not be used for good before
// its end was seen.
func (r *Repository) open(ctx context.Context, d repodata.Data) (*stream, error) {
	if err := checkHref(d.Location); err != nil {
		return nil, err
	}
	if d.Base != "" {
		return nil, fmt.Errorf("it lies elsewhere, at %.200q: only files of the repository itself are read", d.Base)
	}
	if d.Size > r.limits.File {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", d.Size, r.limits.File)
	}
	if d.OpenSize > r.limits.Open {
		return nil, fmt.Errorf("it has %d bytes decompressed; at most %d are read", d.OpenSize, r.limits.Open)
	}
	packed, err := newCounted(d.Checksum, d.Size, r.limits.File, "")
	if err != nil {
		return nil, err
	}
	if packed.sum == nil {
		return nil, errors.New("repomd.xml has no checksum of it")
	}
	open, err := newCounted(d.OpenChecksum, d.OpenSize, r.limits.Open, " decompressed")
	if err != nil {
		return nil, err
	}
	body, err := r.get(ctx, r.URL+d.Location)
	if err != nil {
		return nil, err
	}
	s := &stream{body: body, packed: packed, open: open, closer: func() {}}
	packed.from = body
	if open.from, s.closer, err = decompress(packed); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.open.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	// What follows the compressed data counts for the checksum, too.
	if _, err := io.Copy(io.Discard, s.packed); err != nil {
		return n, err
	}
	for _, c := range []*counted{s.packed, s.open} {
		if err := c.check(); err != nil {
			return n, err
		}
	}
	return n, io.EOF
}

func (s *stream) close() {
	s.closer()
	_ = s.body.Close()
}

// counted reads, counts and digests what it reads.
type counted struct {
	from  io.Reader
	sum   hash.Hash // nil: there is nothing to compare it with
	want  string
	read  int64
	size  int64 // 0: unknown
	limit int64
	what  string
}

func newCounted(sum repodata.Checksum, size, limit int64, what string) (*counted, error) {
	c := &counted{want: strings.ToLower(sum.Hex), size: size, limit: limit, what: what}
	switch sum.Type {
	case "":
	case "sha256":
		c.sum = sha256.New()
	case "sha384":
		c.sum = sha512.New384()
	case "sha512":
		c.sum = sha512.New()
	default:
		return nil, fmt.Errorf("checksum type %.40q proves nothing: have the repository made with sha256", sum.Type)
	}
	if size > 0 {
		c.limit = size
	}
	return c, nil
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.read += int64(n)
	if c.sum != nil {
		_, _ = c.sum.Write(p[:n])
	}
	switch {
	case c.read > c.limit && c.size > 0:
		return 0, fmt.Errorf("it has more than the %d bytes%s repomd.xml says", c.limit, c.what)
	case c.read > c.limit:
		return 0, fmt.Errorf("it has more than %d bytes%s", c.limit, c.what)
	}
	return n, err
}

// check compares what was read with what was promised.
func (c *counted) check() error {
	if c.size > 0 && c.read != c.size {
		return fmt.Errorf("it has %d bytes%s, repomd.xml says %d: the repository is being changed, or its mirror is not complete", c.read, c.what, c.size)
	}
	if c.sum != nil && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		return fmt.Errorf("it has another checksum%s than repomd.xml says: the repository is being changed, or its mirror is not complete", c.what)
	}
	return nil
}

// decompress tells by the first bytes what it is: names lie.
func decompress(packed io.Reader) (io.Reader, func(), error) {
	buffered := bufio.NewReaderSize(packed, 64<<10)
	start, _ := buffered.Peek(32) // shorter files are plain
	nothing := func() {}
	switch {
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		r, err := gzip.NewReader(buffered)
		return r, nothing, err
	case bytes.HasPrefix(start, []byte("\x28\xb5\x2f\xfd")):
		r, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nothing, err
		}
		return r, r.Close, nil
	case bytes.HasPrefix(start, []byte("\xfd7zXZ\x00")):
		if err := checkXZ(start); err != nil {
			return nil, nothing, err
		}
		r, err := xz.NewReader(buffered)
		return r, nothing, err
	case bytes.HasPrefix(start, []byte("BZh")):
		return bzip2.NewReader(buffered), nothing, nil
	case bytes.HasPrefix(start, []byte("\x00ZCK1")):
		return nil, nothing, errors.New("it is zchunk: only gzip, zstd, xz, bzip2 and plain files are read")
	}
	return buffered, nothing, nil
}

// checkXZ refuses a dictionary larger than maxWindow, which the xz package
// would take as it comes (xz-file-format 1.0.4, 3.1 and 5.3.1).
func checkXZ(start []byte) error {
	const blockHeader, flags, filter = 12, 13, 14
	if len(start) < 17 || start[blockHeader] == 0 {
		return nil // an empty file has no block
	}
	at := filter
	for _, present := range []byte{0x40, 0x80} { // sizes that may come first
		if start[flags]&present == 0 {
			continue
		}
		for at < len(start) && start[at]&0x80 != 0 {
			at++
		}
		at++
	}
	if at+2 >= len(start) || start[at] != 0x21 {
		return errors.New("it is xz with filters other than LZMA2")
	}
	bits := start[at+2]
	if size := uint64(2|bits&1) << (bits/2 + 11); bits > 40 || size > maxWindow {
		return fmt.Errorf("it needs more than %d bytes of memory to be decompressed", maxWindow)
	}
	return nil
}

// get begins a download. Its errors are those of wire.
func (r *Repository) get(ctx context.Context, address string) (io.ReadCloser, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("its address is no URL")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	// Go would decompress a .gz that a server says is encoded so.
	req.Header.Set("Accept-Encoding", "identity")
	if authorize := r.client.Wire.Authorize; authorize != nil {
		if err := authorize(req); err != nil {
			return nil, fmt.Errorf("authorize: %w", err)
		}
	}
	client := r.client.Stream
	if client == nil {
		client = &http.Client{}
	}
	resp, err := client.Do(req)
	fail := &wire.Error{System: "repository", Method: req.Method, URL: wire.Redact(u)}
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		fail.Err = err
		return nil, fail
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		fail.Code = resp.StatusCode
		return nil, fail
	}
	return &download{resp.Body, fail}, nil
}

// download says of a transfer that breaks that it may pass.
type download struct {
	io.ReadCloser
	fail *wire.Error
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		broken := *d.fail
		broken.Err = err
		return n, &broken
	}
	return n, err
}
