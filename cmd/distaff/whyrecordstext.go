package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/pipeline"
)

// asked tells what was asked of outside systems, by the claims.
func (a answer) asked(say sayer) {
	for i, c := range a.Asked {
		if i == 0 {
			say("\nAsked of outside systems")
		}
		say("  %s  %s: %s", stamp(c.Since), whatOf(c.Label), c.outcome())
		for _, label := range slices.Sorted(maps.Keys(c.Remote)) {
			if label != c.Label {
				say("      %s: %s", whatOf(label), c.Remote[label])
			}
		}
	}
}

func whatOf(label string) string {
	l, err := pipeline.ParseLabel(label)
	if err != nil {
		return label
	}
	return fmt.Sprintf("%s of run %d, attempt %d", l.What, l.Run, l.Attempt)
}

// named says what an id of an outside system is the id of.
func named(what, id string) string {
	if what == pipeline.Build {
		return "task " + id
	}
	return "request " + id
}

func (c asked) outcome() string {
	var parts []string
	if c.Damaged != "" {
		return "the claim cannot be read: " + c.Damaged
	}
	if own := c.Remote[c.Label]; own != "" {
		l, _ := pipeline.ParseLabel(c.Label)
		parts = append(parts, named(l.What, own))
	} else if n := len(c.Remote); n > 0 {
		parts = append(parts, fmt.Sprintf("%d requests", n))
	}
	// Mostly all parts of an order are refused with the same words.
	refused := map[string]int{}
	for _, words := range c.Note {
		refused[words]++
	}
	for _, words := range slices.Sorted(maps.Keys(refused)) {
		if n := refused[words]; n > 1 {
			parts = append(parts, fmt.Sprintf("%d refused: %s", n, words))
		} else {
			parts = append(parts, "refused: "+words)
		}
	}
	switch {
	case len(parts) > 0:
	case c.Void:
		return "called off before it was asked"
	default:
		return "no answer is noted: the asking was cut off, or goes on"
	}
	text := strings.Join(parts, "; ")
	if c.Void {
		text += " (called off)"
	}
	if c.Unsure {
		text += " (asked twice: the first answer was lost)"
	}
	return text
}

// shown tells what the forge shows, as far as is known.
func (a answer) shown(say sayer) {
	for i, status := range a.Shown {
		if i == 0 {
			say("\nShown on the pull request")
		}
		say("  %-32s %-10s %s", status.Check, status.State, status.Text)
	}
	if a.Unsure {
		say("  The answer to a posting was lost: all of it is shown once more a little later.")
	}
}

// letters tells what failed, what is held and what is stuck.
func (a answer) letters(say sayer) {
	before := ""
	for i, d := range a.Dead {
		if i == 0 {
			say("\nDead letters")
		}
		to := d.To
		if to == "" {
			to = "a function that is not told"
		}
		replayed := ""
		if d.Replayed {
			replayed = "; it was replayed"
		}
		say("  %s  %s → %s  (%s)%s", stamp(d.Kept), d.Type, to, d.ID, replayed)
		switch cause := d.Failure.Cause(); {
		case cause == before:
			say("      the same")
		case d.Failure.Code != 0:
			say("      %d: %s", d.Failure.Code, d.Failure.Line())
		default:
			say("      %s", d.Failure.Line())
		}
		before = d.Failure.Cause()
	}
	for i, h := range a.Held {
		if i == 0 {
			say("\nHeld for paused Triggers")
		}
		say("  %s  %s → %s  (%s)", stamp(h.Kept), a.events[h.Key].kind, h.Trigger, a.events[h.Key].id)
	}
	for i, key := range a.Stuck {
		if i == 0 {
			say("\nStuck")
		}
		say("  %s", key)
	}
}
