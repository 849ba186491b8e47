package lookaside

import (
	"context"
	"crypto/md5"  //nolint:gosec // the checksum old "sources" files have
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

// The addresses of the well-known caches. {name} is the package with its
// namespace ("rpms/hello"), {file}, {type} and {sum} are of the source.
const (
	Fedora       = "https://src.fedoraproject.org/repo/pkgs/{name}/{file}/{type}/{sum}/{file}"
	CentOSStream = "https://sources.stream.centos.org/sources/{name}/{file}/{type}/{sum}/{file}"
)

// ErrChecksum says that what the cache sent is not what "sources" names.
var ErrChecksum = errors.New("the checksum differs")

// Cache is one lookaside cache.
type Cache struct {
	address string
	http    *http.Client
	limit   int64
}

// New makes a Cache for addresses of a form such as Fedora. Client does the
// downloads; nil means one that waits 30 s for an answer to begin. A client
// that is given must not decompress: what is stored as .gz comes as .gz.
func New(form string, client *http.Client) (*Cache, error) {
	for _, part := range []string{"{name}", "{file}", "{sum}"} {
		if !strings.Contains(form, part) {
			return nil, fmt.Errorf("the address of a lookaside cache needs %s: %s", part, form)
		}
	}
	if u, err := url.Parse(form); err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s is no address of a lookaside cache", form)
	}
	if client == nil {
		client = &http.Client{Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DisableCompression:    true,
			ResponseHeaderTimeout: 30 * time.Second,
		}}
	}
	return &Cache{address: form, http: client, limit: 8 << 30}, nil
}

// URL is where a source of a package lies.
func (c *Cache) URL(name string, s Source) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if err := checkName(part); err != nil {
			return "", fmt.Errorf("package %.80q: %w", name, err)
		}
		parts[i] = url.PathEscape(part)
	}
	return strings.NewReplacer(
		"{name}", strings.Join(parts, "/"),
		"{file}", url.PathEscape(s.File),
		"{type}", s.Type,
		"{sum}", s.Sum,
	).Replace(c.address), nil
}

// Save downloads a source of a package into dir, under its own name. The file
// appears whole and checked, or not at all. A failure that may pass is tried
// three times.
func (c *Cache) Save(ctx context.Context, name string, s Source, dir string) error {
	pause := 200 * time.Millisecond
	for try := 1; ; try++ {
		err := c.save(ctx, name, s, dir)
		if err == nil || try == 3 || !wire.Temporary(err) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		pause *= 2
	}
}

func (c *Cache) save(ctx context.Context, name string, s Source, dir string) (err error) {
	part, err := os.CreateTemp(dir, ".download-*")
	if err != nil {
		return fmt.Errorf("save %s: %w", s.File, err)
	}
	defer func() {
		_ = part.Close()
		if err != nil {
			_ = os.Remove(part.Name())
		}
	}()
	if err := c.Fetch(ctx, name, s, part); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return fmt.Errorf("save %s: %w", s.File, err)
	}
	if err := os.Rename(part.Name(), filepath.Join(dir, s.File)); err != nil {
		return fmt.Errorf("save %s: %w", s.File, err)
	}
	return nil
}

// Fetch downloads a source of a package to w, and compares the checksum as it
// goes: after an error what w has got is worth nothing. ErrChecksum is for
// good, a *wire.Error may pass.
func (c *Cache) Fetch(ctx context.Context, name string, s Source, w io.Writer) error {
	address, err := c.URL(name, s)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("download %s: %w", s.File, err)
	}
	req.Header.Set("Accept-Encoding", "identity")
	fail := &wire.Error{System: "lookaside", Method: http.MethodGet, URL: wire.Redact(req.URL)}
	resp, err := c.http.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		fail.Err = err
		return fail
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		fail.Code = resp.StatusCode
		return fail
	}
	sum := hasher(s.Type)
	sink := &sink{w: w}
	n, err := io.Copy(io.MultiWriter(sink, sum), io.LimitReader(resp.Body, c.limit+1))
	switch {
	case sink.err != nil:
		return fmt.Errorf("download %s: %w", s.File, sink.err)
	case err != nil:
		fail.Err = err
		return fail
	case n > c.limit:
		return fmt.Errorf("download %s: it is larger than %d bytes", s.File, c.limit)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != s.Sum {
		return fmt.Errorf("download %s: %w: %s is %s, not %s", s.File, ErrChecksum, s.Type, got, s.Sum)
	}
	return nil
}

// sink remembers whether it was the writing that failed.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

func hasher(kind string) hash.Hash {
	switch kind {
	case "md5":
		return md5.New() //nolint:gosec // see the import
	case "sha1":
		return sha1.New() //nolint:gosec // see the import
	case "sha256":
		return sha256.New()
	default:
		return sha512.New()
	}
}
