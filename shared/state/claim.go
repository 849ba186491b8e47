package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/fn"
)

// Patience is how old a claim must be before another takes it over. It is well
// above fn.Deadline: whoever took the claim has surely given up by then.
const Patience = 60 * time.Second

// Claim is the right to ask an outside system for what a label stands for. It
// is taken before the asking, and what came of it is stored in it after: so of
// any number of overlapping runs one asks, and the others learn the answer.
type Claim struct {
	// First is when it was first taken: nothing was asked for before.
	First time.Time `json:"first"`
	// Since is when it was taken, or taken over.
	Since time.Time `json:"since"`
	// Writer is the nonce of the last write.
	Writer string `json:"writer"`
	// Remote are the remote ids by label. Empty while the asking is going on.
	Remote map[string]string `json:"remote,omitempty"`
	// Note keeps an answer that is no id: why the remote refused, by label.
	Note map[string]string `json:"note,omitempty"`
	// Unsure tells that it was taken over: a first asking may have worked after
	// all, and its effect may turn up late.
	Unsure bool `json:"unsure,omitempty"`
	// Free tells that whoever held it gave it back, because the remote said that
	// it did nothing. The next to come may ask at once.
	Free bool `json:"free,omitempty"`
	// Void tells that the asking is off. Nobody is to ask any more.
	Void bool `json:"void,omitempty"`

	label string
	tag   blob.Tag
}

// Answered tells whether every one of labels has its remote id or its refusal.
func (c Claim) Answered(labels ...string) bool {
	for _, label := range labels {
		if c.Remote[label] == "" && c.Note[label] == "" {
			return false
		}
	}
	return true
}

func claimKey(label string) string { return "claims/" + label + ".json" }

// Take takes the claim on label, which covers the given labels (itself, if
// none).
//
// A claim that is answered or void is given as it is. One that is new is ours:
// ask. One that was given back is as it was when it was taken. One that was
// taken over has Unsure set: look first. One that somebody holds is an error
// that says when to come back.
func (b Bucket) Take(ctx context.Context, label string, covers ...string) (Claim, error) {
	if len(covers) == 0 {
		covers = []string{label}
	}
	fresh := Claim{First: b.Now(), Since: b.Now(), Writer: b.Nonce(), label: label}
	err := b.putClaim(ctx, &fresh, blob.Absent)
	if err == nil || !errors.Is(err, blob.ErrConflict) {
		return fresh, err
	}
	held, err := b.ReadClaim(ctx, label)
	switch {
	case err != nil:
		return held, err
	case held.Writer == fresh.Writer:
		return held, nil // our own write, whose answer was lost
	case held.Void || held.Answered(covers...):
		return held, nil
	}
	if held.Free {
		held.Since, held.Free = b.Now(), false
		return held, b.StoreClaim(ctx, &held)
	}
	if age := b.Now().Sub(held.Since); age < Patience {
		return held, fn.Later(Patience-age, fmt.Errorf("claim %s: held by another run for %s", label, age.Round(time.Second)))
	}
	held.Since, held.Unsure = b.Now(), true
	return held, b.StoreClaim(ctx, &held)
}

// GiveBack lets the next run ask at once instead of after Patience. Only who
// holds the claim, and knows from the remote that it did nothing, may do so: an
// answer that was lost, or a connection that broke, tells nothing. What was
// unsure before stays so. It fails if somebody else wrote the claim since.
func (b Bucket) GiveBack(ctx context.Context, c *Claim) error {
	c.Free = true
	return b.StoreClaim(ctx, c)
}

// StoreClaim writes what was learned into a claim that Take gave. It fails if
// somebody else wrote it since.
func (b Bucket) StoreClaim(ctx context.Context, c *Claim) error {
	c.Writer = b.Nonce()
	err := b.putClaim(ctx, c, blob.Match(c.tag))
	if !errors.Is(err, blob.ErrConflict) {
		return err
	}
	now, readErr := b.ReadClaim(ctx, c.label)
	if readErr == nil && now.Writer == c.Writer {
		c.tag = now.tag
		return nil
	}
	return fn.Later(time.Second, fmt.Errorf("claim %s: somebody else wrote it", c.label))
}

// Void calls the asking off. The claim is given as it was found: if something
// was asked for under it, that has to be stopped.
func (b Bucket) Void(ctx context.Context, label string) (Claim, error) {
	void := Claim{First: b.Now(), Since: b.Now(), Writer: b.Nonce(), Void: true, label: label}
	err := b.putClaim(ctx, &void, blob.Absent)
	if err == nil || !errors.Is(err, blob.ErrConflict) {
		return void, err
	}
	return b.ReadClaim(ctx, label)
}

// ReadClaim gives the claim on label as it is.
func (b Bucket) ReadClaim(ctx context.Context, label string) (Claim, error) {
	var c Claim
	object, err := b.Get(ctx, claimKey(label))
	if err != nil {
		return c, fmt.Errorf("claim %s: %w", label, err)
	}
	if err := json.Unmarshal(object.Body, &c); err != nil {
		return c, fmt.Errorf("claim %s: %w", label, err)
	}
	c.label, c.tag = label, object.Tag
	return c, nil
}

func (b Bucket) putClaim(ctx context.Context, c *Claim, cond blob.Cond) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("claim %s: %w", c.label, err)
	}
	tag, err := b.Put(ctx, claimKey(c.label), raw, cond, blob.Type(jsonType))
	if err != nil {
		return fmt.Errorf("claim %s: %w", c.label, err)
	}
	c.tag = tag
	return nil
}
