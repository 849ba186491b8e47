package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// advise says what to do next. Nothing is said where nothing is wrong.
func (a *answer) advise(flagged string, now time.Time) {
	say := func(format string, args ...any) {
		if line := fmt.Sprintf(format, args...); !slices.Contains(a.Next, line) {
			a.Next = append(a.Next, line)
		}
	}
	over := a.Document != nil && a.Document.Run.Phase == pipeline.Over
	if over && a.broken() {
		say("The machinery failed, not the package: look for the cause with distaff doctor%s, mend it, then push again, or close and reopen the pull request.", flagged)
	}
	var alive []string
	for _, d := range a.Dead {
		switch {
		case d.Replayed:
		case over && a.Document.Run.Ended.After(d.Kept):
			say("The dead letter %s is of before the run ended: it healed. Let it go: distaff dead drop%s %s", d.ID, flagged, quoted(d.ID))
		default:
			alive = append(alive, d.ID)
		}
	}
	switch {
	case len(alive) == 1:
		say("Mend what the dead letter tells of, then: distaff dead replay%s %s", flagged, quoted(alive[0]))
	case len(alive) > 1:
		say("Mend what the dead letters tell of, then: distaff dead replay%s --subject %s", flagged, quoted(a.PullRequest))
	}
	paused := map[string]int{}
	for _, h := range a.Held {
		paused[h.Trigger]++
		if paused[h.Trigger] == 1 {
			say("The Trigger %s is paused, and events wait for it. When it may go on: distaff trigger resume %s --cluster%s", h.Trigger, h.Trigger, flagged)
		}
	}
	for _, c := range a.Asked {
		if c.Damaged != "" {
			say("The claim claims/%s.json is damaged; once you have seen that nothing runs for it, remove it. It is asked for again then.", c.Label)
		}
	}
	for _, entry := range a.Due {
		if late(entry, now) {
			say("Something was due at %s and is not dealt with: does clock-tick run? See what it logs, and distaff doctor%s", stamp(entry.At), flagged)
			break
		}
	}
	for _, key := range a.Stuck {
		say("%s: %s", key, stuckMeans(key))
	}
	if a.Document == nil && a.NotTaken == "" && len(a.Heard) == 0 {
		say("Look whether messages arrive at all: distaff doctor%s. Then push again, or close and reopen the pull request.", flagged)
	}
}

// broken tells whether a check of the newest run ended without a verdict on the
// package.
func (a *answer) broken() bool {
	for _, check := range a.Document.Run.Checks {
		if check.State == pipeline.Error {
			return true
		}
	}
	return false
}

// stuckMeans explains an entry nobody dealt with.
func stuckMeans(key string) string {
	entry, err := state.ParseDue(state.DuePrefix + strings.TrimPrefix(key, state.StuckPrefix))
	switch {
	case err != nil:
		return "somebody else wrote it; remove it"
	case entry.System == state.Self, entry.System == compose.Self, entry.System == rule.System:
		return "the document could not decide, three times; there is a dead letter with the reason, and it is tried again every six hours"
	}
	return entry.System + " could not be asked for half an hour; the checks that waited for it ended as infrastructure errors. When it works again: push, or close and reopen"
}
