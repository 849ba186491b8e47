package blobtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/distaff-project/distaff/shared/blob"
)

func oneCreator(t *testing.T, s Store, p string) {
	for round := range 5 {
		oneWinner(t, s, fmt.Sprintf("%s%d", p, round), blob.Absent)
	}
}

func oneReplacer(t *testing.T, s Store, p string) {
	tag := put(t, s, p+"a", []byte("start"), blob.Absent)
	for range 5 {
		tag = oneWinner(t, s, p+"a", blob.Match(tag))
	}
}

// oneWinner has a hundred writers put different bodies under one condition.
func oneWinner(t *testing.T, s Store, key string, cond blob.Cond) blob.Tag {
	t.Helper()
	var (
		writers sync.WaitGroup
		start   = make(chan struct{})
		wins    atomic.Int32
		winner  atomic.Value
		nonce   = string(cond)
	)
	for i := range 100 {
		writers.Go(func() {
			body := nonce + " writer " + strconv.Itoa(i)
			<-start
			tag, err := s.Put(t.Context(), key, []byte(body), cond)
			switch {
			case err == nil:
				wins.Add(1)
				winner.Store(blob.Object{Body: []byte(body), Tag: tag})
			case !errors.Is(err, blob.ErrConflict):
				t.Error(err)
			}
		})
	}
	close(start)
	writers.Wait()
	if n := wins.Load(); n != 1 {
		t.Fatalf("%d writers were told they won, want 1", n)
	}
	won, _ := winner.Load().(blob.Object)
	if got := get(t, s, key); got.Tag != won.Tag || !bytes.Equal(got.Body, won.Body) {
		t.Errorf("%q won with tag %s, but the bucket has %q with %s", won.Body, won.Tag, got.Body, got.Tag)
	}
	return won.Tag
}

func counter(t *testing.T, s Store, p string) {
	const writers, each = 16, 10
	put(t, s, p+"n", []byte("0"), blob.Absent)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				if err := increment(t, s, p+"n"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if got := string(get(t, s, p+"n").Body); got != strconv.Itoa(writers*each) {
		t.Errorf("%d increments left %s", writers*each, got)
	}
}

func increment(t *testing.T, s Store, key string) error {
	for {
		o, err := s.Get(t.Context(), key)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(o.Body))
		if err != nil {
			return err
		}
		_, err = s.Put(t.Context(), key, []byte(strconv.Itoa(n+1)), blob.Match(o.Tag))
		if !errors.Is(err, blob.ErrConflict) {
			return err
		}
	}
}

// tornReads has readers look while one writer replaces bodies of changing
// length, and checks afterwards that each body read was put under that tag.
func tornReads(t *testing.T, s Store, p string) {
	bodies := map[blob.Tag][]byte{}
	write := func(i int) {
		body := bytes.Repeat([]byte{'a' + byte(i%26)}, 1+(i*7919)%70000)
		bodies[put(t, s, p+"a", body, blob.Any)] = body
	}
	write(0)
	var (
		group sync.WaitGroup
		done  atomic.Bool
		mu    sync.Mutex
		reads = map[blob.Tag]map[[sha256.Size]byte]int{} // what came with each tag
	)
	for range 4 {
		group.Go(func() {
			for !done.Load() {
				o, err := s.Get(t.Context(), p+"a")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if reads[o.Tag] == nil {
					reads[o.Tag] = map[[sha256.Size]byte]int{}
				}
				reads[o.Tag][sha256.Sum256(o.Body)]++
				mu.Unlock()
			}
		})
	}
	for i := range 100 {
		write(i + 1)
	}
	done.Store(true)
	group.Wait()
	for tag, came := range reads {
		body, known := bodies[tag]
		if n := came[sha256.Sum256(body)]; !known || n == 0 || len(came) > 1 {
			t.Errorf("tag %s (put: %t) came with %d different bodies, %d times with its own", tag, known, len(came), n)
		}
	}
}
