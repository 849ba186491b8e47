package store

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"
)

// uploadsMax bounds what clients can leave behind.
const uploadsMax = 1000

// uploads are the uploads in parts that go on.
type uploads struct {
	mu   sync.Mutex
	open map[string]*upload
}

// upload is one of them. Its parts are files or memory, like any spool.
type upload struct {
	id, bucket, key string
	headers         headers
	begun           time.Time

	mu    sync.Mutex
	parts map[int]part
	ended bool
}

var errNoUpload = failure{http.StatusNotFound, "NoSuchUpload", "the upload does not exist, or has ended"}

func (u *uploads) begin(bucket, key string, h headers, now time.Time) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.open) >= uploadsMax {
		return nil, failure{http.StatusServiceUnavailable, "SlowDown", "too many uploads go on"}
	}
	up := &upload{id: rand.Text(), bucket: bucket, key: key, headers: h, begun: now, parts: map[int]part{}}
	u.open[up.id] = up
	return up, nil
}

func (u *uploads) find(id, bucket, key string) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	up, ok := u.open[id]
	if !ok || up.bucket != bucket || up.key != key {
		return nil, errNoUpload
	}
	return up, nil
}

func (u *uploads) forget(up *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.open, up.id)
}

// end throws an upload away.
func (u *uploads) end(up *upload) {
	u.forget(up)
	up.mu.Lock()
	defer up.mu.Unlock()
	up.discard()
}

// abortOld ends the uploads below a prefix that began before.
func (u *uploads) abortOld(bucket, prefix string, before time.Time) {
	u.endAll(func(up *upload) bool {
		return up.bucket == bucket && strings.HasPrefix(up.key, prefix) && up.begun.Before(before)
	})
}

func (u *uploads) abortAll() {
	u.endAll(func(*upload) bool { return true })
}

func (u *uploads) endAll(which func(*upload) bool) {
	u.mu.Lock()
	var old []*upload
	for _, up := range u.open {
		if which(up) {
			old = append(old, up)
		}
	}
	u.mu.Unlock()
	for _, up := range old {
		u.end(up)
	}
}

// add keeps a part, in place of an earlier one with its number.
func (u *upload) add(n int, p part) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return errNoUpload
	}
	if old, ok := u.parts[n]; ok {
		old.body.discard()
	}
	u.parts[n] = p
	return nil
}

// discard ends the upload; u.mu is held.
func (u *upload) discard() {
	u.ended = true
	for _, p := range u.parts {
		p.body.discard()
	}
	u.parts = nil
}
