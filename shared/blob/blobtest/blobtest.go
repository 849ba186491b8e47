// Package blobtest is the contract every bucket must keep: one suite that runs
// against memory, the embedded server and real S3 servers alike.
package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/blob"
)

// Store is what is tested: the five methods of every store.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// Run holds the store that open gives to the contract. Every test writes below
// a prefix of its own, so open may give one bucket again and again.
func Run(t *testing.T, open func(*testing.T) Store) {
	t.Helper()
	for _, test := range []struct {
		fact string
		run  func(*testing.T, Store, string)
	}{
		{"what was put is got", putAndGet},
		{"an absent key is not found", absent},
		{"create-only creates once", createOnly},
		{"a match replaces only what it names", matching},
		{"any overwrites", overwriting},
		{"every byte comes back", binary},
		{"five megabytes come back", large},
		{"every good key is a key of its own", keys},
		{"a bad key is refused", badKeys},
		{"a range is a part", ranges},
		{"a listing is sorted and complete", listing},
		{"a listing sees what was just written", listingIsFresh},
		{"of a hundred creators one wins", oneCreator},
		{"of a hundred replacers one wins", oneReplacer},
		{"no increment of sixteen writers is lost", counter},
		{"a body belongs to its tag", tornReads},
		{"a cancelled request is an error", cancelled},
	} {
		t.Run(test.fact, func(t *testing.T) {
			test.run(t, open(t), "contract/"+strings.ToLower(rand.Text())+"/")
		})
	}
}

func putAndGet(t *testing.T, s Store, p string) {
	for _, o := range []blob.Object{
		{Key: p + "page", Body: []byte("<p>hello"), Type: "text/html; charset=utf-8"},
		{Key: p + "empty", Body: []byte{}, Type: blob.DefaultType},
		{Key: p + "json", Body: []byte("{}"), Type: "application/json"},
	} {
		var opts []blob.PutOption
		if o.Type != blob.DefaultType {
			opts = append(opts, blob.Type(o.Type), blob.CacheControl("no-cache"))
		}
		tag := put(t, s, o.Key, o.Body, blob.Any, opts...)
		got := get(t, s, o.Key)
		if got.Key != o.Key || !bytes.Equal(got.Body, o.Body) || got.Type != o.Type || got.Tag != tag || got.Modified.IsZero() {
			t.Errorf("put %+v with tag %s, got %+v", o, tag, got)
		}
	}
}

func absent(t *testing.T, s Store, p string) {
	if _, err := s.Get(t.Context(), p+"no"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("get: %v, want ErrNotFound", err)
	}
	if _, err := s.GetRange(t.Context(), p+"no", 0, 1); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("get a range: %v, want ErrNotFound", err)
	}
	if err := s.Delete(t.Context(), p+"no"); err != nil {
		t.Errorf("delete: %v", err)
	}
	put(t, s, p+"gone", []byte("x"), blob.Any)
	if err := s.Delete(t.Context(), p+"gone"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), p+"gone"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("get what was deleted: %v, want ErrNotFound", err)
	}
}

func createOnly(t *testing.T, s Store, p string) {
	put(t, s, p+"a", []byte("first"), blob.Absent)
	conflict(t, s, p+"a", blob.Absent)
	if got := get(t, s, p+"a"); string(got.Body) != "first" {
		t.Errorf("the second create left %q", got.Body)
	}
	if err := s.Delete(t.Context(), p+"a"); err != nil {
		t.Fatal(err)
	}
	put(t, s, p+"a", []byte("again"), blob.Absent)
}

func matching(t *testing.T, s Store, p string) {
	one := put(t, s, p+"a", []byte("1"), blob.Absent)
	two := put(t, s, p+"a", []byte("2"), blob.Match(one))
	if one == two {
		t.Errorf("two bodies, one tag %s", one)
	}
	conflict(t, s, p+"a", blob.Match(one))
	conflict(t, s, p+"a", blob.Match(""))
	conflict(t, s, p+"missing", blob.Match(two))
	if got := get(t, s, p+"a"); string(got.Body) != "2" || got.Tag != two {
		t.Errorf("after a stale match: %q with tag %s, want 2 with %s", got.Body, got.Tag, two)
	}
	if _, err := s.Get(t.Context(), p+"missing"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a match on a missing key left: %v, want ErrNotFound", err)
	}
}

func overwriting(t *testing.T, s Store, p string) {
	put(t, s, p+"a", []byte("a longer first body"), blob.Any, blob.Type("text/plain"))
	put(t, s, p+"a", []byte("b"), blob.Any)
	if got := get(t, s, p+"a"); string(got.Body) != "b" || got.Type != blob.DefaultType {
		t.Errorf("got %q, %s", got.Body, got.Type)
	}
}

func cancelled(t *testing.T, s Store, p string) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := s.Get(ctx, p+"a")
	_, putErr := s.Put(ctx, p+"a", nil, blob.Any)
	_, listErr := s.List(ctx, p, "", 1)
	for _, err := range []error{getErr, putErr, listErr, s.Delete(ctx, p+"a")} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	}
}

func put(t *testing.T, s Store, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) blob.Tag {
	t.Helper()
	tag, err := s.Put(t.Context(), key, body, cond, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if tag == "" {
		t.Fatalf("put %s: no tag", key)
	}
	return tag
}

func conflict(t *testing.T, s Store, key string, cond blob.Cond) {
	t.Helper()
	if tag, err := s.Put(t.Context(), key, []byte("intruder"), cond); !errors.Is(err, blob.ErrConflict) {
		t.Errorf("put %s (%s): tag %s, error %v, want ErrConflict", key, cond, tag, err)
	}
}

func get(t *testing.T, s Store, key string) blob.Object {
	t.Helper()
	o, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
