// Package journal keeps events on disk until everyone who is to get them has
// them, so that stopping the broker at any moment loses nothing it accepted.
//
// It is a row of append-only files. Writers wait together for one fsync.
package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// Options bound the files. The zero value is good.
type Options struct {
	// SegmentBytes is the size at which a new file is begun. Zero is 16 MiB.
	SegmentBytes int64
	// KeepBytes is how much of what is done with is kept, to be looked at.
	// Zero is 64 MiB; negative keeps nothing.
	KeepBytes int64
	// Visit is called for every entry there is when the journal is opened.
	Visit func(Entry)
}

// ErrClosed is an entry offered after Close.
var ErrClosed = errors.New("the journal is closed")

// Journal is open for writing by one process. It is safe for concurrent use.
type Journal struct {
	options Options
	dir     string
	lock    *os.File
	wake    chan struct{}
	stopped chan struct{}

	mu     sync.Mutex
	next   uint64
	filled *batch
	err    error
	closed bool

	// Only the committing goroutine touches what follows.
	file     *os.File
	segments []*segment // oldest first; the last is written to
	number   uint64     // of the last segment
	waiting  map[uint64]*waiting
}

// batch is what is written, and synced, together.
type batch struct {
	buf       []byte
	entries   []Entry // without bodies
	committed []func()
	sync      bool
	done      chan struct{}
	err       error
}

// waiting is an event some target has not got.
type waiting struct {
	in      *segment
	targets []string
}

// Open opens the journal in dir, made if missing, and gives the events that
// were not delivered to all their targets, each with the targets left.
func Open(dir string, options Options) (*Journal, []Entry, error) {
	if options.SegmentBytes == 0 {
		options.SegmentBytes = 16 << 20
	}
	if options.KeepBytes == 0 {
		options.KeepBytes = 64 << 20
	}
	if options.Visit == nil {
		options.Visit = func(Entry) {}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make journal: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, nil, err
	}
	j := &Journal{
		options: options, dir: dir, lock: lock, next: 1, filled: newBatch(),
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), waiting: map[uint64]*waiting{},
	}
	pending, err := j.recover()
	if err != nil {
		_ = lock.Close()
		return nil, nil, err
	}
	go j.commitAll()
	return j, pending, nil
}

// lockDir keeps a second process from writing to the same files.
func lockDir(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock journal: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("lock journal %s, which another process may be using: %w", dir, err)
	}
	return lock, nil
}

func (j *Journal) recover() ([]Entry, error) {
	names, err := segmentNames(j.dir)
	if err != nil {
		return nil, err
	}
	bodies := map[uint64][]byte{}
	for i, name := range names {
		current := &segment{}
		loaded, err := load(filepath.Join(j.dir, name), i == len(names)-1, func(e Entry) {
			j.next = max(j.next, e.Seq+1)
			if e.isHead() {
				return
			}
			j.options.Visit(e)
			j.note(e, current)
			if _, open := j.waiting[e.Seq]; e.Event && open {
				bodies[e.Seq] = e.Body
			} else if !open {
				delete(bodies, e.Seq)
			}
		})
		if err != nil {
			return nil, err
		}
		current.path, current.size = loaded.path, loaded.size
		j.segments = append(j.segments, current)
		j.number, _ = segmentNumber(name)
	}
	pending := make([]Entry, 0, len(j.waiting))
	for seq, w := range j.waiting {
		pending = append(pending, Entry{Seq: seq, Event: true, Targets: slices.Clone(w.targets), Body: bodies[seq]})
	}
	slices.SortFunc(pending, func(a, b Entry) int { return int(a.Seq) - int(b.Seq) }) //nolint:gosec // far below 2^63
	return pending, j.openNewest()
}

// openNewest goes on in the newest segment, or begins one.
func (j *Journal) openNewest() error {
	if len(j.segments) == 0 {
		return j.begin()
	}
	newest := j.segments[len(j.segments)-1]
	if newest.size == 0 { // its head was torn: nothing was ever in it
		if err := os.Remove(newest.path); err != nil {
			return fmt.Errorf("begin journal segment again: %w", err)
		}
		j.segments = j.segments[:len(j.segments)-1]
		j.number--
		return j.begin()
	}
	file, err := os.OpenFile(newest.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.file = file
	return nil
}

// begin starts the next segment. The one before is synced first, so that
// only the newest can ever be torn.
func (j *Journal) begin() error {
	if j.file != nil {
		if err := errors.Join(j.file.Sync(), j.file.Close()); err != nil {
			return fmt.Errorf("finish journal segment: %w", err)
		}
	}
	j.mu.Lock()
	last := j.next - 1
	j.mu.Unlock()
	j.number++
	// The head keeps the count of events when all older segments are dropped.
	head := appendFrame([]byte(magic), Entry{Seq: last})
	file, segment, err := create(filepath.Join(j.dir, segmentName(j.number)), head)
	if err != nil {
		return err
	}
	j.file, j.segments = file, append(j.segments, segment)
	return nil
}

// note keeps the count of who still waits for what.
func (j *Journal) note(e Entry, in *segment) {
	if e.Event {
		if len(e.Targets) > 0 {
			j.waiting[e.Seq] = &waiting{in, slices.Clone(e.Targets)}
			in.open++
		}
		return
	}
	w := j.waiting[e.Seq]
	if w == nil || !e.Final {
		return
	}
	if i := slices.Index(w.targets, e.Target); i >= 0 {
		w.targets = slices.Delete(w.targets, i, i+1)
	}
	if len(w.targets) == 0 {
		w.in.open--
		delete(j.waiting, e.Seq)
	}
}
