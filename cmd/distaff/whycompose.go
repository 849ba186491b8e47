package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/state"
)

// composeStory is all that is known of a compose.
type composeStory struct {
	Compose compose.Compose `json:"compose"`
	// Content is who holds its files; nil: it has none, or none any more.
	Content *compose.Content `json:"content,omitempty"`
	Steps   []broker.Record  `json:"steps,omitempty"`
	records
}

// whyComposes tells of a compose or a rule, if one is meant.
func (o *opened) whyComposes(ctx context.Context, s streams, args []string, at *place, as format, verbose bool) (bool, error) {
	text := args[len(args)-1]
	if len(args) == 2 && args[0] == "rule" {
		return true, o.whyRule(ctx, s, text, at, as, verbose)
	}
	switch {
	case len(args) == 2 && args[0] != "compose":
		return true, failed(exitUsage, "%.40q is neither compose nor rule", args[0])
	case len(args) == 1 && !strings.Contains(text, "odcs-") && !strings.Contains(text, "/composes/"):
		return false, nil
	}
	id, err := composeID(text)
	if err != nil {
		return true, err
	}
	story, err := o.composeStory(ctx, id, at)
	if errors.Is(err, blob.ErrNotFound) {
		return true, failed(exitNothing, "there never was a compose %d here", id)
	}
	if err != nil {
		return true, failed(exitTrouble, "%w", err)
	}
	story.advise(at.flagged(), time.Now())
	if as == "json" {
		return true, writeJSON(s.out, story)
	}
	story.write(s, verbose)
	return true, nil
}

func (o *opened) composeStory(ctx context.Context, id int64, at *place) (*composeStory, error) {
	desk := compose.NewDesk(state.New(o.files), compose.Rules{}, nil)
	c, err := desk.Read(ctx, id)
	if err != nil {
		return nil, err
	}
	story := &composeStory{Compose: c}
	story.due(c.Book)
	if err := o.failures(ctx, &story.records, c.Document(), c.Subject()); err != nil {
		return nil, err
	}
	if c.Content != "" {
		content, err := desk.Contents.Look(ctx, c.Content)
		if err != nil {
			return nil, err
		}
		if content.Dir != 0 || len(content.Old) > 0 {
			story.Content = &content
		}
	}
	names := []string{c.Subject()}
	for _, line := range c.Trail {
		names = append(names, line.Event)
	}
	story.Steps, err = at.steps(names)
	return story, err
}

// steps reads what the broker of a distaff that runs here did with events that
// have one of these names, or are about them.
func (p *place) steps(names []string) ([]broker.Record, error) {
	if !p.local() {
		return nil, nil
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	steps, err := broker.ReadHistory(filepath.Join(p.state, "events"), stepsMost, names...)
	if err != nil {
		return nil, fmt.Errorf("read what the broker did: %w", err)
	}
	return steps, nil
}

// write tells the story in the order things happened.
func (c *composeStory) write(s streams, verbose bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }
	is := c.Compose
	say("compose %d  %s  of %s %s, for %s", is.ID, is.State, is.Request.SourceType, plain(strings.Join(is.Request.Source, " ")), plain(is.Owner))
	if is.Reason != "" {
		say("  %s", plain(is.Reason))
	}
	if is.Why != "" {
		say("  Asked for because %s", plain(is.Why))
	}
	if is.Total > 0 && is.State == compose.Generating {
		say("  %d of %d packages are described; the last news is of %s", is.Finished, is.Total, stamp(is.Moved))
	}
	if len(is.Trail) > 0 {
		say("\nTrail")
	}
	for _, line := range is.Trail {
		say("  %s  %s", stamp(line.At), plain(line.Text))
	}
	a := answer{Steps: unusual(c.Steps, verbose), records: c.records}
	a.steps(say, verbose)
	c.holders(say)
	a.letters(say)
	waits(say, is.Book)
	next(say, c.Next)
}

// unusual leaves out the steps that went well at once: the trail tells of them.
func unusual(steps []broker.Record, verbose bool) []broker.Record {
	if verbose {
		return steps
	}
	return slices.DeleteFunc(slices.Clone(steps), func(r broker.Record) bool { return r.Kind == broker.Delivered && r.Attempt <= 1 })
}

// holders tells where its files are, and who keeps them there.
func (c *composeStory) holders(say sayer) {
	if c.Content == nil {
		return
	}
	say("\nIts files: composes/odcs-%d/", c.Content.Dir)
	for _, holder := range slices.Sorted(maps.Keys(c.Content.Holders)) {
		say("  held for compose %s until %s", holder, stamp(c.Content.Holders[holder]))
	}
	for _, old := range c.Content.Old {
		say("  composes/odcs-%d/ is being removed", old)
	}
}

// waits tells what a document waits for, and until when.
func waits(say sayer, book ask.Book) {
	labels := slices.SortedFunc(maps.Keys(book.Asks), func(x, y string) int { return book.Asks[x].Due.Compare(book.Asks[y].Due) })
	if len(labels) == 0 {
		say("\nIt waits for nothing.")
		return
	}
	say("\nIt waits for")
	for _, label := range labels {
		say("  %s", waiting(label[strings.LastIndexByte(label, '/')+1:], book.Asks[label]))
	}
}

func next(say sayer, lines []string) {
	for i, line := range lines {
		if i == 0 {
			say("\nWhat to do")
		}
		say("  %s", line)
	}
}

// advise says what to do next. Nothing is said where nothing is wrong.
func (c *composeStory) advise(flagged string, now time.Time) {
	is := c.Compose
	say := func(format string, args ...any) { c.Next = append(c.Next, fmt.Sprintf(format, args...)) }
	switch {
	case is.State == compose.Failed && strings.Contains(is.Reason, "stuck in"):
		say("Nothing was heard of its making for too long: the machinery failed, not the request. distaff doctor%s, then ask again: distaff compose renew%s %d", flagged, flagged, is.ID)
	case is.State == compose.Failed && strings.Contains(is.Reason, "dependency solver"):
		say("Ask with the flag no_deps; or let compose-make run in the image with a solver (docs/composes.md).")
	case is.State == compose.Generating && is.Leader != 0:
		say("It waits for compose %d: distaff why compose %d%s", is.Leader, is.Leader, flagged)
	case (is.State == compose.Wait || is.State == compose.Generating) && now.Sub(is.Moved) > 15*time.Minute:
		say("Nothing was heard of its making for %s. Does compose-make run, and does Koji answer? distaff doctor%s", now.Sub(is.Moved).Round(time.Minute), flagged)
	}
	if is.Rule != "" {
		say("A rule wanted it: distaff why rule %s%s", is.Rule, flagged)
	}
	c.mend(say, is.Subject(), flagged, now)
}

// mend says what to do about what failed.
func (r *records) mend(say sayer, subject, flagged string, now time.Time) {
	alive := slices.ContainsFunc(r.Dead, func(d dead.Opened) bool { return !d.Replayed })
	if alive {
		say("Mend what the dead letters tell of, then: distaff dead replay%s --subject %s", flagged, quoted(subject))
	}
	for _, h := range r.Held {
		say("The Trigger %s is paused, and events wait for it. When it may go on: distaff trigger resume %s --cluster%s", h.Trigger, h.Trigger, flagged)
		break
	}
	if slices.ContainsFunc(r.Due, func(e state.Entry) bool { return late(e, now) }) {
		say("Something was due and is not dealt with: does clock-tick run? distaff doctor%s", flagged)
	}
	for _, key := range r.Stuck {
		say("%s: the document could not decide; there is a dead letter with the reason, and it is tried again every six hours", key)
	}
}
