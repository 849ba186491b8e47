// Package store is the bucket that comes with distaff: a small S3 server over
// a directory, for one machine and for tests.
//
// It keeps what distaff relies on: conditional PUTs are atomic, a listing sees
// what was just written, and with Sync an answered write survives a power cut.
// It speaks the wire formats of the AWS SDKs and minio-go, and refuses by name
// what it does not know (versions, ACLs, copies, metadata, encryption) instead
// of quietly dropping it. Keys are those of blob.CheckKey.
//
// Bodies beyond 256 KiB pass through a file, so that memory does not grow with
// what is stored. An upload in parts does not survive a restart; its parts are
// files in the same directory until it is completed or swept away.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// DefaultRegion is the region of a server that names none.
const DefaultRegion = "us-east-1"

// Credentials is the one identity that may do everything.
type Credentials struct {
	AccessKey, SecretKey string
}

// Options say how a server behaves. The zero value serves nobody over HTTP,
// and does not wait for the disk.
type Options struct {
	// Sync makes each write wait until the disk has it.
	Sync bool
	// Credentials sign the requests that are served. Without them only Public
	// reads are, and the buckets in the process.
	Credentials Credentials
	// Region is what requests must be signed for. Empty means DefaultRegion.
	Region string
	// Public lists what anybody may GET: each a bucket, a slash and the
	// beginning of keys, such as "distaff/pages/".
	Public []string
	// Faults is asked before each request what goes wrong with it. Nil means
	// nothing does.
	Faults func(Request) Fault
	// Now dates objects and checks signatures. Nil means time.Now.
	Now func() time.Time
}

// Server is the S3 server. It is an http.Handler, and hands out its buckets to
// the process it runs in.
type Server struct {
	opts Options
	dir  string // empty: in memory
	lock *os.File

	mu      sync.RWMutex
	buckets map[string]*Bucket

	uploads uploads
}

// Open serves what is in dir, which is made if need be; with an empty dir all
// is kept in memory. One directory is served by one process at a time.
func Open(dir string, opts Options) (*Server, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Region == "" {
		opts.Region = DefaultRegion
	}
	s := &Server{opts: opts, dir: dir, buckets: map[string]*Bucket{}}
	s.uploads.open = map[string]*upload{}
	if dir == "" {
		return s, nil
	}
	lock, err := prepare(dir, opts.Sync)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	s.lock = lock
	entries, err := os.ReadDir(s.bucketsDir())
	if err == nil {
		for _, e := range entries {
			if b, loadErr := s.load(e.Name()); loadErr != nil {
				err = errors.Join(err, loadErr)
			} else {
				s.buckets[e.Name()] = b
			}
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), lock.Close())
	}
	return s, nil
}

// Close lets another process open the directory; the server must not be used
// after it. What was answered is stored already. Closing twice does no harm.
func (s *Server) Close() error {
	s.uploads.abortAll()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	err := s.lock.Close()
	s.lock = nil
	return err
}

// Bucket gives a bucket to the process itself, without HTTP, and makes it if
// it does not exist.
func (s *Server) Bucket(name string) (*Bucket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.buckets[name]; ok {
		return b, nil
	}
	if !goodBucket(name) {
		return nil, fmt.Errorf("make bucket %.80q: not a bucket's name", name)
	}
	b, err := s.load(name)
	if err != nil {
		return nil, fmt.Errorf("make bucket %s: %w", name, err)
	}
	s.buckets[name] = b
	return b, nil
}

// find gives a bucket that exists.
func (s *Server) find(name string) (*Bucket, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := s.buckets[name]
	return b, ok
}

// names gives the names of all buckets, sorted.
func (s *Server) names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := make([]string, 0, len(s.buckets))
	for name := range s.buckets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// load makes the Bucket for what is on disk, or an empty one.
func (s *Server) load(name string) (*Bucket, error) {
	b := &Bucket{name: name, now: s.opts.Now, faults: s.opts.Faults, sync: s.opts.Sync}
	if s.dir == "" {
		b.keep = newMemory(s.opts.Now)
		return b, nil
	}
	if err := makeDirs(s.bucketsDir(), filepath.Join(name, "objects"), s.opts.Sync); err != nil {
		return nil, err
	}
	home := filepath.Join(s.bucketsDir(), name)
	b.keep = &disk{root: filepath.Join(home, "objects"), tmp: s.tmpDir(), sync: s.opts.Sync}
	b.rulesFile = filepath.Join(home, "lifecycle.xml")
	raw, err := os.ReadFile(b.rulesFile)
	if errors.Is(err, os.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		b.rules, err = parseLifecycle(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", b.rulesFile, err)
	}
	return b, nil
}

func (s *Server) bucketsDir() string { return filepath.Join(s.dir, "buckets") }
func (s *Server) tmpDir() string     { return filepath.Join(s.dir, "tmp") }

// goodBucket follows "General purpose bucket naming rules" of the S3 manual,
// without dots.
func goodBucket(name string) bool {
	good, err := regexp.MatchString(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`, name)
	return good && err == nil
}

// meta is what is known of an object beside its body.
type meta struct {
	Key      string    `json:"key"`
	Tag      blob.Tag  `json:"tag"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	headers
}

// headers are given with a PUT and given back with each GET.
type headers struct {
	Type         string `json:"type"`
	CacheControl string `json:"cacheControl,omitempty"`
	Encoding     string `json:"encoding,omitempty"`
	Disposition  string `json:"disposition,omitempty"`
}
