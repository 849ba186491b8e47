package state_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

var errLost = errors.New("connection reset by peer")

// desk is a bucket in memory whose clock and accidents a test decides on.
type desk struct {
	state.Bucket
	*mem.Store
	mu  sync.Mutex
	now time.Time
	// put happens instead of a Put, if set; do is the Put itself.
	put func(key string, do func() (blob.Tag, error)) (blob.Tag, error)
	// writes are the keys written and removed, in order.
	writes []string
}

func newDesk() *desk {
	d := &desk{Store: mem.New(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	var nonces atomic.Int64
	d.Bucket = state.Bucket{
		Store: d,
		Now:   func() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now },
		Nonce: func() string { return fmt.Sprint("nonce-", nonces.Add(1)) },
		Rest:  func(ctx context.Context, _ int) error { runtime.Gosched(); return ctx.Err() },
	}
	return d
}

func (d *desk) Get(ctx context.Context, key string) (blob.Object, error) {
	return d.Store.Get(ctx, key)
}

func (d *desk) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	do := func() (blob.Tag, error) {
		tag, err := d.Store.Put(ctx, key, body, cond, opts...)
		if err == nil {
			d.wrote("put " + key)
		}
		return tag, err
	}
	if d.put != nil {
		return d.put(key, do)
	}
	return do()
}

func (d *desk) Delete(ctx context.Context, key string) error {
	d.wrote("delete " + key)
	return d.Store.Delete(ctx, key)
}

func (d *desk) wrote(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes = append(d.writes, line)
}

// passes lets time go by.
func (d *desk) passes(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// keys are the keys that begin with prefix.
func (d *desk) keys(t *testing.T, prefix string) []string {
	t.Helper()
	page, err := d.List(t.Context(), prefix, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, info := range page {
		keys = append(keys, info.Key)
	}
	return keys
}

// tally is a document that counts.
type tally struct {
	ask.Book
	Sum  int            `json:"sum"`
	By   map[string]int `json:"by,omitempty"`
	Pad  string         `json:"pad,omitempty"`
	Deep struct {
		Known string `json:"known,omitempty"`
	} `json:"deep"`
}

// add, wait and the others are what a tally can hear.
type (
	add  struct{ name string }
	wait struct { // asks under a label, and waits
		label string
		wait  time.Duration
	}
	watch struct { // waits for something that runs
		label, system, remote string
		wait                  time.Duration
	}
	answer struct{ label string }
	pad    int
)

func decide(doc tally, fact any) (tally, []event.Draft) {
	say := func(label string) event.Draft {
		return event.Draft{ID: fmt.Sprintf("tally@%d.0", doc.Rev), Type: "test.wanted", Subject: label, Data: []byte(`{}`)}
	}
	switch f := fact.(type) {
	case add:
		doc.By = maps.Clone(doc.By)
		if doc.By == nil {
			doc.By = map[string]int{}
		}
		doc.By[f.name]++
		doc.Sum++
	case wait:
		doc.Open(f.label, say(f.label), f.wait)
		return doc, []event.Draft{say(f.label)}
	case watch:
		if _, open := doc.Get(f.label); !open {
			doc.Open(f.label, say(f.label), f.wait)
		}
		doc.Watch(f.label, f.system, f.remote, f.wait)
	case answer:
		doc.Close(f.label)
	case pad:
		doc.Pad = strings.Repeat("x", int(f))
	}
	return doc, nil
}

func (d *desk) keeper() *state.Keeper[tally, *tally] {
	return &state.Keeper[tally, *tally]{Bucket: d.Bucket, Decide: decide}
}

// heard is an event with an id, and the due entry behind it if there is one.
func heard(id, due string) event.Event {
	return fn.Sent("test", event.Draft{ID: id, Type: "test.heard", Data: []byte(`{}`)}.With(event.Due, due), time.Unix(1772442000, 0))
}

const paper = "fedora/rpms/bash/12"

// tell brings one fact to the document.
func (d *desk) tell(t *testing.T, id string, news any) []string {
	t.Helper()
	drafts, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Opens: true, Event: heard(id, ""), News: news})
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return said(drafts)
}

func said(drafts []event.Draft) []string {
	var out []string
	for _, d := range drafts {
		out = append(out, d.ID+" "+d.Subject)
	}
	return out
}

func (d *desk) read(t *testing.T) tally {
	t.Helper()
	doc, err := d.keeper().Read(t.Context(), paper)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func sorted(keys []string) []string { return slices.Sorted(slices.Values(keys)) }
