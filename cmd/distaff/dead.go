package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func deadCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "See, replay and drop the events no function would take",
		Long: example(
			"distaff dead group", "how many there are, by type, function and cause, and how to replay each group",
			"distaff dead show ID", "one of them: the event, the error, what happened since",
			"distaff dead replay --cause 1a2b3c4d5e", "give those that failed for one reason to the broker again",
		) + `What a function refused (422), or could not do in nine attempts, is kept in the
bucket with the reason for as long as bucket.keep.dead says. Most of it has healed
by itself when you look: what is awaited is said again when it is due. Look at the
cause, mend it, then replay. docs/runbook.md tells what to do about which.`,
	}
	cmd.AddCommand(deadListCommand(s), deadGroupCommand(s), deadShowCommand(s), deadReplayCommand(s), deadDropCommand(s))
	return cmd
}

// flagged is what has to be written behind a command about the same place.
func (p *place) flagged() string {
	switch {
	case !p.local():
		return " --config " + quoted(p.configFile)
	case p.state != ".state":
		return " --state " + quoted(p.state)
	}
	return ""
}

// quoted is text as a shell takes it.
func quoted(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+=,") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// when reads a time, or how long ago it was.
func when(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(number, "%d", &n); err == nil && fmt.Sprint(n) == number {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04"} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 90m, 24h, 7d, 2026-11-21 or 2026-11-21T03:00:00Z", text)
}
