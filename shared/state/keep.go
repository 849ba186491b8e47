package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

const (
	// documentMost is the size no document may pass: results, logs and tables
	// live outside.
	documentMost = 256 << 10
	heardMost    = 64
	jsonType     = "application/json"
)

// Object is something that is written beside a document and made of it: a page.
type Object struct {
	Key  string
	Type string
	Body []byte
}

// Keeper keeps the documents of one kind. T is the document; it embeds an
// ask.Book.
type Keeper[T any, P interface {
	*T
	Asking() *ask.Book
}] struct {
	Bucket Bucket
	// Prefix is where the documents lie; empty: pr/, those of pull requests.
	Prefix string
	// System is the system of the due entries that concern a document alone;
	// empty: Self.
	System string
	// Decide is what the document makes of a fact. It changes nothing it was
	// given.
	Decide func(doc T, fact any) (T, []event.Draft)
	// Beside gives what is to be written along with a document that was before.
	// It may be nil. Such an object is written before its document, so that it
	// is never older than the document for long.
	Beside func(before, after T) ([]Object, error)
}

// Fact is news about a document.
type Fact struct {
	// Document is the document's path.
	Document string
	// Opens tells that the fact may make the document. Others are dropped where
	// there is none.
	Opens bool
	// Event is the event the fact came in.
	Event event.Event
	// News is what Decide gets.
	News any
}

// Apply lets the document decide on a fact and gives what it then says.
//
// It reads the document, decides, writes what must stand first (due entries,
// pages), writes the document under the condition that nobody else did
// meanwhile, and starts over if somebody did.
func (k *Keeper[T, P]) Apply(ctx context.Context, fact Fact) ([]event.Draft, error) {
	t := turn[T, P]{keeper: k, fact: fact, key: k.Key(fact.Document)}
	for n := range attempts {
		if n > 0 {
			if err := k.Bucket.Rest(ctx, n); err != nil {
				return nil, fmt.Errorf("keep %s: %w", fact.Document, err)
			}
		}
		drafts, err := t.once(ctx)
		if !errors.Is(err, blob.ErrConflict) {
			return drafts, err
		}
	}
	return nil, fmt.Errorf("keep %s: changed by others %d times in a row", fact.Document, attempts)
}

// Read gives a document as it is now.
func (k *Keeper[T, P]) Read(ctx context.Context, document string) (T, error) {
	var doc T
	object, err := k.Bucket.Get(ctx, k.Key(document))
	if err != nil {
		return doc, err
	}
	if err := json.Unmarshal(object.Body, &doc); err != nil {
		return doc, fmt.Errorf("read %s: %w", object.Key, err)
	}
	return doc, nil
}

// Key is where a document of this kind lies.
func (k *Keeper[T, P]) Key(document string) string {
	if k.Prefix == "" {
		return DocumentKey(document)
	}
	return k.Prefix + document + ".json"
}

func (k *Keeper[T, P]) self() string {
	if k.System == "" {
		return Self
	}
	return k.System
}

// DocumentKey is where the document of a pull request lies.
func DocumentKey(document string) string { return "pr/" + document + ".json" }

// turn is one fact on its way into one document.
type turn[T any, P interface {
	*T
	Asking() *ask.Book
}] struct {
	keeper *Keeper[T, P]
	fact   Fact
	key    string
	// beside tells that an attempt that came to nothing has overwritten what
	// lies beside the document.
	beside bool
}

func (t *turn[T, P]) once(ctx context.Context) ([]event.Draft, error) {
	bucket := t.keeper.Bucket
	cond, raw := blob.Absent, []byte("{}")
	object, err := bucket.Get(ctx, t.key)
	switch {
	case err == nil:
		cond, raw = blob.Match(object.Tag), object.Body
	case !errors.Is(err, blob.ErrNotFound):
		return nil, fmt.Errorf("read %s: %w", t.key, err)
	case !t.fact.Opens:
		return nil, t.settle(ctx, nil, nil)
	}
	var before, after T
	if err := errors.Join(json.Unmarshal(raw, &before), json.Unmarshal(raw, &after)); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.key, err)
	}
	was := P(&before).Asking()
	if rev, ok := heard(was.Heard, t.fact.Event); ok {
		// Redelivered: what was said then may never have arrived.
		return said(was, rev), t.settle(ctx, was.Index, was.Index)
	}
	P(&after).Asking().Rev++
	after, drafts := t.keeper.Decide(after, t.fact.News)
	book := P(&after).Asking()
	if len(drafts) == 0 && !spent(was.Index, bucket.Now()) && unchanged(&before, &after, was, book) {
		return nil, t.leave(ctx, before, was)
	}
	stamp(book, bucket.Now())
	note(book, t.fact.Event)
	index, err := t.index(ctx, book)
	if err != nil {
		return nil, err
	}
	if err := t.writeBeside(ctx, before, after); err != nil {
		return nil, err
	}
	if err := t.write(ctx, raw, before, &after, cond); err != nil {
		return nil, err
	}
	return drafts, t.settle(ctx, index, book.Index)
}

// leave ends a turn that changed nothing.
func (t *turn[T, P]) leave(ctx context.Context, doc T, book *ask.Book) error {
	if t.beside {
		var none T
		if err := t.writeBeside(ctx, none, doc); err != nil {
			return err
		}
	}
	return t.settle(ctx, book.Index, book.Index)
}

// write puts the document. A conflict may be our own write whose answer was
// lost: then the nonce that lies there is ours.
func (t *turn[T, P]) write(ctx context.Context, raw []byte, before T, after *T, cond blob.Cond) error {
	book := P(after).Asking()
	book.Writer = t.keeper.Bucket.Nonce()
	body, err := keepUnknown(raw, before, *after)
	if err != nil {
		return fmt.Errorf("write %s: %w", t.key, err)
	}
	if len(body) > documentMost {
		return fmt.Errorf("write %s: %d bytes, the most is %d", t.key, len(body), documentMost)
	}
	if _, err = t.keeper.Bucket.Put(ctx, t.key, body, cond, blob.Type(jsonType)); err == nil {
		return nil
	}
	if ours, readErr := t.ours(ctx, book.Writer); readErr == nil && ours {
		return nil
	}
	return fmt.Errorf("write %s: %w", t.key, err)
}

func (t *turn[T, P]) ours(ctx context.Context, writer string) (bool, error) {
	object, err := t.keeper.Bucket.Get(ctx, t.key)
	if err != nil {
		return false, err
	}
	var book ask.Book
	err = json.Unmarshal(object.Body, &book)
	return book.Writer == writer, err
}

func (t *turn[T, P]) writeBeside(ctx context.Context, before, after T) error {
	if t.keeper.Beside == nil {
		return nil
	}
	objects, err := t.keeper.Beside(before, after)
	if err != nil {
		return fmt.Errorf("write beside %s: %w", t.key, err)
	}
	for _, o := range objects {
		if _, err := t.keeper.Bucket.Put(ctx, o.Key, o.Body, blob.Any, blob.Type(o.Type), blob.CacheControl("no-cache")); err != nil {
			return fmt.Errorf("write %s: %w", o.Key, err)
		}
		t.beside = true
	}
	return nil
}

// stamp turns the waits of a decision into wall time.
func stamp(book *ask.Book, now time.Time) {
	for label, a := range book.Asks {
		if a.Since.IsZero() {
			a.Since = now
		}
		if a.Wait > 0 {
			a.Due = now.Add(a.Wait)
			a.Wait = 0
		}
		book.Asks[label] = a
	}
}

// heard finds what came of an event that was dealt with before.
func heard(memory []ask.Heard, e event.Event) (int64, bool) {
	hash := hashOf(e)
	for _, h := range memory {
		if h.Event == hash {
			return h.Rev, true
		}
	}
	return 0, false
}

// said gives what a revision said and has no answer to yet.
func said(book *ask.Book, rev int64) []event.Draft {
	var drafts []event.Draft
	for _, label := range book.Under("") {
		if a := book.Asks[label]; a.Rev == rev && !a.Later && a.Remote == "" {
			drafts = append(drafts, a.Draft)
		}
	}
	return drafts
}

func note(book *ask.Book, e event.Event) {
	book.Heard = append(slices.Clone(book.Heard), ask.Heard{Event: hashOf(e), Rev: book.Rev})
	if over := len(book.Heard) - heardMost; over > 0 {
		book.Heard = book.Heard[over:]
	}
}

func hashOf(e event.Event) string {
	sum := sha256.Sum256([]byte(e.Source() + "\x00" + e.ID()))
	return hex.EncodeToString(sum[:8])
}

// unchanged compares two documents but for the revision, which Apply raised.
func unchanged(before, after any, was, is *ask.Book) bool {
	for _, a := range is.Asks {
		if a.Wait > 0 {
			return false
		}
	}
	rev := is.Rev
	is.Rev = was.Rev
	defer func() { is.Rev = rev }()
	a, errA := json.Marshal(before)
	b, errB := json.Marshal(after)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}
