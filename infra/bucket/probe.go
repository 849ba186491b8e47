package bucket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

// Store is what is probed: the bucket as functions reach it.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// ProbePrefix is where Probe writes. What it writes it deletes again.
const ProbePrefix = "probe/"

// RefusedError is a bucket that must not be used, and why: one sentence for each
// promise it did not keep.
type RefusedError struct {
	Findings []string
}

// Error lists the findings.
func (r *RefusedError) Error() string {
	return "this bucket cannot hold the state: " + strings.Join(r.Findings, "; ")
}

// Probe finds out whether a bucket keeps the promises distaff is built on. It
// makes eight requests, of which one deletes what the others made. A bucket
// that breaks a promise is a *RefusedError; any other error means that the question
// could not be asked.
//
// Several servers accept conditions and ignore them, so that it must be tried:
// no version number tells.
func Probe(ctx context.Context, s Store) error {
	nonce := strings.ToLower(rand.Text())
	p := &probe{store: s, key: ProbePrefix + nonce + "/a", missing: ProbePrefix + nonce + "/b", nonce: nonce}
	err := p.run(ctx)
	// Also when the probe was cut short; the caller's deadline still holds.
	if deleteErr := s.Delete(ctx, p.key); deleteErr != nil && err == nil {
		err = fmt.Errorf("probe bucket: delete what was written: %w", deleteErr)
	}
	if p.stray {
		err = errors.Join(err, s.Delete(ctx, p.missing))
	}
	if err != nil {
		return err
	}
	if len(p.findings) > 0 {
		return &RefusedError{Findings: p.findings}
	}
	return nil
}

type probe struct {
	store        Store
	key, missing string
	nonce        string
	findings     []string
	stray        bool // missing was made
}

func (p *probe) finding(sentence string) { p.findings = append(p.findings, sentence) }

func (p *probe) run(ctx context.Context) error {
	first, err := p.store.Put(ctx, p.key, p.body(1), blob.Absent)
	if err != nil {
		return fmt.Errorf("probe bucket: create an object (If-None-Match: *): %w", err)
	}
	if err := p.mustConflict(ctx, p.key, p.body(2), blob.Absent,
		"the bucket answered 200 to a create-only PUT of a key that existed: two functions could both believe they started a build"); err != nil {
		return err
	}
	// What the key holds now decides what is a good tag, whatever went wrong.
	if first, err = p.expect(ctx, first, p.body(1)); err != nil {
		return err
	}
	second, err := p.store.Put(ctx, p.key, p.body(3), blob.Match(first))
	switch {
	case errors.Is(err, blob.ErrConflict):
		p.finding("the bucket refused a PUT with If-Match on the tag it had just given: no document could ever be changed")
		return nil // what follows would say the same
	case err != nil:
		return fmt.Errorf("probe bucket: replace an object (If-Match): %w", err)
	}
	if second == first {
		p.finding("the bucket gave two different bodies the same tag: a change by another function would go unnoticed and be overwritten")
	}
	if err := p.mustConflict(ctx, p.key, p.body(4), blob.Match(first),
		"the bucket answered 200 to a PUT with If-Match on a tag that was out of date: of two functions that change one pull request at the same time, one change would be lost"); err != nil {
		return err
	}
	if err := p.mustConflict(ctx, p.missing, p.body(5), blob.Match(first),
		"the bucket answered 200 to a PUT with If-Match on a key that did not exist: a document that was finished and removed would come back to life"); err != nil {
		return err
	}
	return p.listed(ctx)
}

// mustConflict puts what must be refused.
func (p *probe) mustConflict(ctx context.Context, key string, body []byte, cond blob.Cond, otherwise string) error {
	_, err := p.store.Put(ctx, key, body, cond)
	switch {
	case err == nil:
		p.finding(otherwise)
		p.stray = p.stray || key == p.missing
	case !errors.Is(err, blob.ErrConflict):
		return fmt.Errorf("probe bucket: a PUT that had to be refused with 412: %w", err)
	}
	return nil
}

// expect reads the key, which must hold what was written, and gives its tag.
func (p *probe) expect(ctx context.Context, tag blob.Tag, body []byte) (blob.Tag, error) {
	o, err := p.store.Get(ctx, p.key)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		p.finding("the bucket does not find an object that was just written: a function would start over what another has begun")
		return tag, nil
	case err != nil:
		return "", fmt.Errorf("probe bucket: read what was written: %w", err)
	}
	switch {
	case len(p.findings) > 0: // it is overwritten, as was found
	case string(o.Body) != string(body):
		p.finding("the bucket gives back something else than was just written: functions would decide on what is no longer true")
	case o.Tag != tag:
		p.finding("the bucket gives another tag with a GET than it gave with the PUT: each change of a document would be refused once")
	}
	return o.Tag, nil
}

func (p *probe) listed(ctx context.Context) error {
	infos, err := p.store.List(ctx, ProbePrefix+p.nonce+"/", "", 2)
	if err != nil {
		return fmt.Errorf("probe bucket: list (needs s3:ListBucket): %w", err)
	}
	if len(infos) == 0 || infos[0].Key != p.key {
		p.finding("the bucket's listing does not show an object that was just written: a deadline could pass without anybody noticing")
	}
	return nil
}

func (p *probe) body(n int) []byte { return fmt.Appendf(nil, "%s %d", p.nonce, n) }
