// Package rpmfile reads package files where a Koji, or somebody's repository,
// serves them: what they say of themselves, by the first bytes alone, and their
// checksums.
package rpmfile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/rpm/header"
	"github.com/distaff-project/distaff/shared/wire"
)

// DefaultParallel is how many requests are under way at once: at 20 ms each
// they read the heads of some 1,500 packages a second, which no file server
// minds.
const DefaultParallel = 32

// Options say how files are read.
type Options struct {
	// System names the server in errors: "files of koji fedora".
	System string
	// HTTP does the round trips; nil is a client of its own.
	HTTP *http.Client
	// Parallel is how many requests are under way at once; 0 is
	// DefaultParallel.
	Parallel int
	// First is how many bytes the first request for a head asks for; 0 is
	// header.HeadSize.
	First int64
	// Pause is the wait before a request is repeated, doubled each time; 0 is
	// wire's.
	Pause time.Duration
}

// Reader reads package files over HTTP. It is safe for concurrent use.
type Reader struct {
	heads, sums wire.Client
	first       int64
	slots       chan struct{}
}

// New makes a Reader.
func New(o Options) *Reader {
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	if o.First <= 0 {
		o.First = header.HeadSize
	}
	client := o.HTTP
	if client == nil {
		// A job has no deadline of its own: a server that stops in the middle of a
		// file must not hold it up for good.
		client = &http.Client{Timeout: 15 * time.Minute, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: o.Parallel, MaxConnsPerHost: o.Parallel,
			IdleConnTimeout: 30 * time.Second, ResponseHeaderTimeout: 20 * time.Second,
			// A package is compressed as it is, and its bytes must not be changed.
			DisableCompression: true,
		}}
	}
	inner := client.Transport
	if inner == nil {
		inner = http.DefaultTransport
	}
	with := func(t http.RoundTripper) *http.Client {
		c := *client
		c.Transport = t
		return &c
	}
	return &Reader{
		heads: wire.Client{System: o.System, HTTP: with(atMost{inner}), Limit: header.MaxSize + 1, Tries: 4, Pause: o.Pause},
		sums:  wire.Client{System: o.System, HTTP: with(summing{inner, new(sync.Pool)}), Tries: 3, Pause: o.Pause},
		first: o.First, slots: make(chan struct{}, o.Parallel),
	}
}

// GoneError says that no file is at an address. Asking again is no use.
type GoneError struct{ URL string }

// Error names the address.
func (e *GoneError) Error() string { return "there is no file at " + e.URL }

// File is what a server says of a file.
type File struct {
	Size int64 // bytes
	ETag string
}

// Head is what a package says of itself.
type Head struct {
	header.Header
	File
}

// Head reads the headers of a package: the first 32 kB in one request, and the
// rest in a second one where they are longer. A file that is not there is a
// GoneError, one that is no package wraps header.ErrBroken.
func (r *Reader) Head(ctx context.Context, address string) (Head, error) {
	if err := r.take(ctx); err != nil {
		return Head{}, err
	}
	defer r.give()
	raw, file, err := r.part(ctx, address, 0, r.first, "")
	if err != nil {
		return Head{}, err
	}
	// Three times: each of the two headers may tell its length only once its
	// first bytes are there.
	for range 3 {
		head, err := header.Parse(raw)
		var short *header.Short
		if !errors.As(err, &short) {
			if err != nil {
				return Head{}, fmt.Errorf("read %s: %w", address, err)
			}
			return Head{head, file}, nil
		}
		if short.Need > file.Size {
			return Head{}, fmt.Errorf("read %s: %w: the file has %d bytes, its headers alone %d",
				address, header.ErrBroken, file.Size, short.Need)
		}
		more, again, err := r.part(ctx, address, int64(len(raw)), short.Need, file.ETag)
		if err != nil {
			return Head{}, err
		}
		if again != file {
			return Head{}, fmt.Errorf("read %s: %w", address, errChanged)
		}
		raw = append(raw, more...)
	}
	return Head{}, fmt.Errorf("read %s: %w: its headers have no end", address, header.ErrBroken)
}

var errChanged = errors.New("the file changed while it was read")

// Stat asks for a file's size without reading it. A file that is not there is
// a GoneError.
func (r *Reader) Stat(ctx context.Context, address string) (File, error) {
	if err := r.take(ctx); err != nil {
		return File{}, err
	}
	defer r.give()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return File{}, fmt.Errorf("look at %s: %w", address, err)
	}
	answer, err := r.heads.Do(req)
	if err != nil {
		return File{}, gone(address, err)
	}
	size, err := strconv.ParseInt(answer.Header.Get("Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return File{}, fmt.Errorf("look at %s: the server does not say how long it is", address)
	}
	return File{size, answer.Header.Get("ETag")}, nil
}

// Text reads a small file: the description of a compose. A file that is not
// there is a GoneError.
func (r *Reader) Text(ctx context.Context, address string) ([]byte, error) {
	if err := r.take(ctx); err != nil {
		return nil, err
	}
	defer r.give()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	answer, err := r.heads.Do(req)
	if err != nil {
		return nil, gone(address, err)
	}
	return answer.Body, nil
}

// part reads the bytes [from,to) of a file, or what there is of them, and tells
// how long the file is.
func (r *Reader) part(ctx context.Context, address string, from, to int64, etag string) ([]byte, File, error) {
	var file File
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, file, fmt.Errorf("read %s: %w", address, err)
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
	if etag != "" && !strings.HasPrefix(etag, "W/") {
		req.Header.Set("If-Match", etag)
	}
	answer, err := r.heads.Do(req)
	switch wire.Code(err) {
	case http.StatusRequestedRangeNotSatisfiable:
		return nil, file, fmt.Errorf("read %s: %w: the file is empty or cut off", address, header.ErrBroken)
	case http.StatusPreconditionFailed:
		return nil, file, fmt.Errorf("read %s: %w", address, errChanged)
	}
	if err != nil {
		return nil, file, gone(address, err)
	}
	file.ETag = answer.Header.Get("ETag")
	body := answer.Body
	if answer.Code == http.StatusPartialContent {
		first, size, ok := contentRange(answer.Header.Get("Content-Range"))
		if !ok || first != from {
			return nil, file, fmt.Errorf("read %s: the server answered the range %.60q, not that from %d on",
				address, answer.Header.Get("Content-Range"), from)
		}
		file.Size = size
	} else {
		// The server knows no ranges; atMost read no further than to.
		if file.Size, err = strconv.ParseInt(answer.Header.Get("Content-Length"), 10, 64); err != nil {
			return nil, file, fmt.Errorf("read %s: the server does not say how long it is", address)
		}
		body = body[min(from, int64(len(body))):]
	}
	if want := min(to, file.Size) - from; int64(len(body)) != max(want, 0) {
		// A connection that broke is another error, and was repeated.
		return nil, file, fmt.Errorf("read %s: %w: the server says it has %d bytes, and gives %d of the %d asked for",
			address, header.ErrBroken, file.Size, len(body), want)
	}
	return body, file, nil
}

// Temporary tells whether the same file may be read later: the server gave no
// answer, a bad one, or changed the file meanwhile.
func Temporary(err error) bool {
	return wire.Temporary(err) || errors.Is(err, errChanged)
}

// contentRange reads "bytes 0-32767/123456".
func contentRange(text string) (first, size int64, ok bool) {
	text, found := strings.CutPrefix(text, "bytes ")
	span, total, slash := strings.Cut(text, "/")
	begin, _, dash := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(begin, 10, 64)
	size, err2 := strconv.ParseInt(total, 10, 64)
	return first, size, found && slash && dash && err1 == nil && err2 == nil && first >= 0 && size >= 0
}

func gone(address string, err error) error {
	if code := wire.Code(err); code == http.StatusNotFound || code == http.StatusGone {
		return &GoneError{address}
	}
	return err
}

func (r *Reader) take(ctx context.Context) error {
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Reader) give() { <-r.slots }
