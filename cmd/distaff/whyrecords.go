package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// records is what lies in the bucket about a pull request beside its document.
// It tells what the functions did, where no broker's history can be asked.
type records struct {
	Asked  []asked            `json:"asked,omitempty"`
	Shown  []event.Status     `json:"shown,omitempty"`
	Unsure bool               `json:"shown_unsure,omitempty"`
	Due    []state.Entry      `json:"due,omitempty"`
	Stuck  []string           `json:"stuck,omitempty"`
	Dead   []dead.Opened      `json:"dead,omitempty"`
	Held   []dead.Held        `json:"held,omitempty"`
	Next   []string           `json:"next,omitempty"`
	events map[string]heldFor // held events by key
}

type heldFor struct{ kind, id string }

// asked is one claim: what was asked of an outside system, and what it gave.
type asked struct {
	Label string `json:"label"`
	state.Claim
	// Damaged says why the claim cannot be read.
	Damaged string `json:"damaged,omitempty"`
}

const (
	// heldMost is how many held events are opened to see whom they are about,
	// lettersMost how many letters are told of, stuckMost how many entries of
	// stuck/ are looked through.
	heldMost    = 200
	lettersMost = 10
	stuckMost   = 1000
)

// collect reads all that lies there about a pull request. What it costs does not
// grow with how long distaff has run, but for the dead letters' keys.
func (o *opened) collect(ctx context.Context, id event.PullRequestID, doc *pipeline.PullRequest) (records, error) {
	var r records
	err := errors.Join(o.claims(ctx, &r, doc), o.onForge(ctx, &r, doc), o.failures(ctx, &r, id.Document(), id.String()))
	if err == nil && doc != nil {
		r.due(doc.Book)
	}
	return r, err
}

// failures reads what did not go as it should for a document, by its name and by
// the subject of the events that are about it.
func (o *opened) failures(ctx context.Context, r *records, document, subject string) error {
	return errors.Join(o.stuck(ctx, r, document), o.deadLetters(ctx, r, subject), o.held(ctx, r, subject))
}

// due notes when a document is looked after.
func (r *records) due(book ask.Book) {
	for _, keys := range book.Index {
		for _, key := range keys {
			if entry, err := state.ParseDue(key); err == nil {
				r.Due = append(r.Due, entry)
			}
		}
	}
	slices.SortFunc(r.Due, func(a, b state.Entry) int { return a.At.Compare(b.At) })
}

// claims reads the claims behind what the newest run asked for.
func (o *opened) claims(ctx context.Context, r *records, doc *pipeline.PullRequest) error {
	if doc == nil {
		return nil
	}
	labels := map[string]bool{}
	for _, check := range doc.Run.Checks {
		labels[check.Label], labels[check.Batch] = true, true
	}
	for label, a := range doc.Asks {
		if strings.HasSuffix(a.Draft.Type, "build.wanted") || strings.HasSuffix(a.Draft.Type, "tests.wanted") {
			labels[label] = true
		}
	}
	delete(labels, "")
	bucket := state.New(o.files)
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		claim, err := bucket.ReadClaim(ctx, label)
		switch {
		case errors.Is(err, blob.ErrNotFound):
		case err == nil:
			r.Asked = append(r.Asked, asked{Label: label, Claim: claim})
		case errors.As(err, new(*json.SyntaxError)) || errors.As(err, new(*json.UnmarshalTypeError)):
			r.Asked = append(r.Asked, asked{Label: label, Damaged: err.Error()})
		default:
			return err
		}
	}
	return nil
}

// onForge reads what the pull request shows on its newest commit.
func (o *opened) onForge(ctx context.Context, r *records, doc *pipeline.PullRequest) error {
	if doc == nil || doc.Run.Commit == "" {
		return nil
	}
	var shown struct {
		Checks map[string]event.Status `json:"checks"`
		Unsure bool                    `json:"unsure"`
	}
	object, err := o.files.Get(ctx, fmt.Sprintf("shown/%s/%s.json", doc.Document(), blob.Segment(doc.Run.Commit)))
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(object.Body, &shown)
	}
	if err != nil {
		return fmt.Errorf("read what is shown: %w", err)
	}
	r.Unsure = shown.Unsure
	for _, name := range slices.Sorted(maps.Keys(shown.Checks)) {
		r.Shown = append(r.Shown, shown.Checks[name])
	}
	return nil
}

func (o *opened) stuck(ctx context.Context, r *records, document string) error {
	page, err := o.files.List(ctx, state.StuckPrefix, "", stuckMost)
	if err != nil {
		return fmt.Errorf("list what is stuck: %w", err)
	}
	for _, info := range page {
		if strings.Contains(info.Key, "/"+blob.Segment(document)+"/") {
			r.Stuck = append(r.Stuck, info.Key)
		}
	}
	return nil
}

func (o *opened) deadLetters(ctx context.Context, r *records, subject string) error {
	letters, _, err := dead.Letters(ctx, o.files, dead.Filter{Subject: subject}, lettersMost)
	if err != nil {
		return err
	}
	for _, l := range slices.Backward(letters) {
		letter, err := dead.Open(ctx, o.files, l.Key)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		letter.Replayed = l.Replayed
		r.Dead = append(r.Dead, letter)
	}
	return nil
}

func (o *opened) held(ctx context.Context, r *records, subject string) error {
	all, _, err := dead.HeldEvents(ctx, o.files, "", heldMost)
	if err != nil {
		return err
	}
	r.events = map[string]heldFor{}
	for _, h := range all {
		e, err := dead.OpenHeld(ctx, o.files, h.Key)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if e.Subject() == subject {
			r.Held = append(r.Held, h)
			r.events[h.Key] = heldFor{e.Type(), e.ID()}
		}
	}
	return nil
}

// late tells whether something was due longer ago than two ticks and the work
// they make.
func late(entry state.Entry, now time.Time) bool { return now.Sub(entry.At) > 5*time.Minute }
