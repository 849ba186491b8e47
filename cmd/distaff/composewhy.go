package main

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs/client"
)

// composeWhy tells what happened to a compose.
func (s streams) composeWhy(c client.Compose) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }
	say("compose %d  %s  %s", c.ID, strings.TrimSpace(s.composeBadge(c)), about(c))
	for line := range strings.SplitSeq(strings.TrimSpace(c.Reason), "\n") {
		if line != "" {
			say("%s", plain(line))
		}
	}
	if c.More == nil {
		say("\nThis server tells no more. With --config FILE it is read from the bucket.")
		return
	}
	if c.More.Why != "" {
		say("It was made because %s", plain(c.More.Why))
	}
	if len(c.More.Trail) > 0 {
		say("\nWhat happened")
	}
	for _, line := range c.More.Trail {
		say("  %s  %s", stamp(line.At), plain(line.Text))
	}
	s.missing(c.More.Missing)
	if next := awaits(c); next != "" {
		say("\n%s", next)
	}
}

// awaits says what is going to happen to a compose.
func awaits(c client.Compose) string {
	switch {
	case c.State == compose.Wait:
		return "It waits for compose-make to begin. If that lasts: distaff doctor."
	case c.State == compose.Generating && c.More.Leader != 0:
		return fmt.Sprintf("It waits for compose %d, which will be the same: distaff compose why %d", c.More.Leader, c.More.Leader)
	case c.State == compose.Generating:
		return "It is being made: " + doing(c) + "."
	case c.State == compose.Removed:
		return ""
	}
	return fmt.Sprintf("It is removed after %s UTC, unless somebody renews it.", stamp(c.Expires))
}
