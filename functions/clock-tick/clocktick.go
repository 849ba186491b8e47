// Package clocktick finds what is due and says so: the only function that
// looks at all that distaff waits for, and it reads nothing but names.
package clocktick

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	// batch is how many things of one outside system are asked about at once.
	batch = 100
	// most is how many entries one tick announces; the next goes on.
	most = 5000
	// listMost is how many that stand are looked at: there are never so many but
	// when all systems are down, and then the later ones have time.
	listMost = 50_000
	// announcedKey remembers how often an entry was announced, while it stands.
	announcedKey = "clock/announced.json"
	// stuckPause is after how long an entry that was stuck is tried again.
	stuckPause = 6 * time.Hour
	// stuckMark in an entry tells that a system could not be asked.
	stuckMark = "stuck."
)

// pauses are how long an entry has after each announcement, before the next
// one; after the last it is stuck.
func pauses() []time.Duration {
	return []time.Duration{2 * time.Minute, 8 * time.Minute, 20 * time.Minute}
}

// New returns the function. Store lists what is due in bucket.
func New(bucket state.Bucket, store state.Lister) fn.Function {
	c := clock{bucket, store}
	return fn.Function{
		Name: "clock-tick", Does: "say what is due",
		Hears: []fn.Route{fn.OnTick("minute", c.tick)},
		Says: []event.Named{
			event.TimePassed, event.BuildLookWanted, event.TestsLookWanted, event.ComposeTimePassed, event.RuleTimePassed,
		},
	}
}

type clock struct {
	bucket state.Bucket
	store  state.Lister
}

// announced is what was said of an entry that still stands.
type announced struct {
	Times int       `json:"times"`
	Next  time.Time `json:"next"`
}

func (c clock) tick(ctx context.Context, _ event.Event) ([]event.Draft, error) {
	now := c.bucket.Now()
	keys, err := c.due(ctx, now)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	memory, err := c.remember(ctx)
	if err != nil {
		return nil, err
	}
	next := map[string]announced{}
	var ready []string
	for _, key := range keys {
		said := memory[key]
		switch {
		case said.Times > 0 && now.Before(said.Next):
			next[key] = said
		case said.Times >= len(pauses()):
			if err := c.stick(ctx, key, now); err != nil {
				return nil, err
			}
		case len(ready) == most: // the next tick's
			if said.Times > 0 {
				next[key] = said
			}
		default:
			ready = append(ready, key)
			next[key] = announced{Times: said.Times + 1, Next: now.Add(pauses()[said.Times])}
		}
	}
	drafts := c.announce(ready, now)
	return drafts, c.keep(ctx, memory, next)
}

// due lists the entries whose time has come, from the very first: one that was
// missed is never passed over.
func (c clock) due(ctx context.Context, now time.Time) ([]string, error) {
	var keys []string
	for after := ""; len(keys) < listMost; {
		page, err := c.store.List(ctx, state.DuePrefix, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list what is due: %w", err)
		}
		for _, info := range page {
			if info.Key >= state.DueBefore(now) {
				return keys, nil
			}
			keys = append(keys, info.Key)
		}
		if len(page) < blob.ListMax {
			return keys, nil
		}
		after = page[len(page)-1].Key
	}
	return keys, nil
}

// announce makes the drafts: one for each document, one for each hundred
// things at an outside system.
func (c clock) announce(keys []string, now time.Time) []event.Draft {
	var drafts []event.Draft
	remotes := map[string][]event.Remote{}
	for _, key := range keys {
		entry, about, err := parse(key)
		if err != nil {
			continue // foreign; it will be stuck, where an operator sees it
		}
		if own := about.passed(entry, now); own != nil {
			drafts = append(drafts, own.With(event.Due, key))
			continue
		}
		for _, what := range entry.What {
			remotes[entry.System] = append(remotes[entry.System], event.Remote{PullRequestID: about.pr, ID: what, Due: key})
		}
	}
	for _, system := range slices.Sorted(maps.Keys(remotes)) {
		kind, name, _ := strings.Cut(system, ".")
		for some := range slices.Chunk(remotes[system], batch) {
			switch kind {
			case "koji":
				drafts = append(drafts, event.BuildLookWanted.Say(event.BuildLook{Koji: name, Tasks: some}))
			case "testing-farm":
				drafts = append(drafts, event.TestsLookWanted.Say(event.TestsLook{Farm: name, Requests: some}))
			}
		}
	}
	return drafts
}

// subject is the document an entry is about. What it is follows from the
// entry's system.
type subject struct {
	pr      event.PullRequestID
	compose int64
	rule    string
}

// parse reads a key in due/.
func parse(key string) (state.Entry, subject, error) {
	var about subject
	entry, err := state.ParseDue(key)
	if err != nil {
		return entry, about, err
	}
	switch entry.System {
	case compose.Self:
		about.compose, err = strconv.ParseInt(entry.Document, 10, 64)
	case rule.System:
		about.rule = entry.Document
	default:
		about.pr, err = event.ParseDocument(entry.Document)
	}
	return entry, about, err
}

// passed is what an entry that concerns its document alone has to tell it; nil:
// it is about an outside system.
func (s subject) passed(entry state.Entry, now time.Time) *event.Draft {
	var draft event.Draft
	switch entry.System {
	case compose.Self:
		draft = event.ComposeTimePassed.Say(event.ComposePassed{ComposeID: event.ComposeID{ID: s.compose}, At: now})
	case rule.System:
		draft = event.RuleTimePassed.Say(event.RulePassed{Rule: s.rule, At: now})
	case state.Self:
		draft = event.TimePassed.Say(passed(s.pr, entry, now))
	default:
		return nil
	}
	return &draft
}

func passed(id event.PullRequestID, entry state.Entry, now time.Time) event.Passed {
	p := event.Passed{PullRequestID: id, At: now}
	if len(entry.What) == 1 {
		if system, ok := strings.CutPrefix(entry.What[0], stuckMark); ok {
			p.Stuck = system
		} else {
			p.Fact = entry.What[0]
		}
	}
	return p
}

// stick moves an entry that nobody dealt with to where an operator sees it. If
// it was about an outside system, the document is told that; if it was about the
// document itself, it is tried again much later, so that nothing waits for ever.
func (c clock) stick(ctx context.Context, key string, now time.Time) error {
	if entry, about, err := parse(key); err == nil {
		again := state.Entry{At: now.Add(stuckPause), System: entry.System, Document: entry.Document, What: entry.What}
		if about.passed(entry, now) == nil {
			again.At, again.System, again.What = now, state.Self, []string{stuckMark + entry.System}
		}
		if _, err := c.bucket.Put(ctx, again.Key(), nil, blob.Any); err != nil {
			return fmt.Errorf("write %s: %w", again.Key(), err)
		}
	}
	stuck := state.StuckPrefix + strings.TrimPrefix(key, state.DuePrefix)
	if _, err := c.bucket.Put(ctx, stuck, nil, blob.Any); err != nil {
		return fmt.Errorf("write %s: %w", stuck, err)
	}
	if err := c.bucket.Delete(ctx, key); err != nil {
		return fmt.Errorf("remove %s: %w", key, err)
	}
	return nil
}

func (c clock) remember(ctx context.Context) (map[string]announced, error) {
	memory := map[string]announced{}
	object, err := c.bucket.Get(ctx, announcedKey)
	if errors.Is(err, blob.ErrNotFound) {
		return memory, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", announcedKey, err)
	}
	// What cannot be read is forgotten: then an entry is announced once more.
	_ = json.Unmarshal(object.Body, &memory)
	return memory, nil
}

func (c clock) keep(ctx context.Context, was, is map[string]announced) error {
	if maps.EqualFunc(was, is, func(a, b announced) bool { return a.Times == b.Times && a.Next.Equal(b.Next) }) {
		return nil
	}
	raw, err := json.Marshal(is)
	if err == nil {
		_, err = c.bucket.Put(ctx, announcedKey, raw, blob.Any)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", announcedKey, err)
	}
	return nil
}
