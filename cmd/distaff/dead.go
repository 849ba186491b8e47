package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/dead"
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

// selection says which dead letters are meant.
type selection struct {
	place
	kind, to, function, cause, subject string
	since, until                       string
	replayed                           string
	limit                              int
}

func (f *selection) filterFlags(cmd *cobra.Command) {
	f.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "type", "", "only events of this type; fedmsg: messages of the bus nobody could read")
	flags.StringVar(&f.to, "to", "", "only those for this Trigger or address, as `list` writes it")
	flags.StringVar(&f.function, "function", "", "only those this function was to get")
	flags.StringVar(&f.cause, "cause", "", "only those with this cause, as `group` writes it")
	flags.StringVar(&f.subject, "subject", "", "only those about this pull request: fedora/rpms/bash#12")
	flags.StringVar(&f.since, "since", "", "only those kept since: 90m, 24h, 7d, 2026-11-21 or 2026-11-21T03:00:00Z")
	flags.StringVar(&f.until, "until", "", "only those kept before")
	flags.StringVar(&f.replayed, "replayed", "", "only those that were replayed (yes), or were not (no)")
}

// any tells whether anything was said about which letters are meant.
func (f *selection) any() bool {
	return f.kind+f.to+f.function+f.cause+f.subject+f.since+f.until+f.replayed != ""
}

// filter makes a filter of what was said.
func (f *selection) filter(w *delivering, now time.Time) (dead.Filter, error) {
	var err error
	out := dead.Filter{Type: f.kind, Cause: f.cause, Subject: f.subject}
	if out.Since, err = when(f.since, now); err != nil {
		return out, failed(exitUsage, "--since: %w", err)
	}
	if out.Until, err = when(f.until, now); err != nil {
		return out, failed(exitUsage, "--until: %w", err)
	}
	if f.replayed != "" && f.replayed != "yes" && f.replayed != "no" {
		return out, failed(exitUsage, "--replayed: write yes or no")
	}
	out.Match = func(l dead.Letter) bool {
		return (f.to == "" || l.To == f.to) &&
			(f.function == "" || slices.Contains(w.functions(l), f.function)) &&
			(f.replayed == "" || l.Message || l.Replayed == (f.replayed == "yes"))
	}
	return out, nil
}

// letters gives those that are meant: by id, or by the filter.
func (f *selection) letters(ctx context.Context, o *opened, w *delivering, ids []string) ([]dead.Letter, bool, error) {
	filter, err := f.filter(w, time.Now())
	if err != nil {
		return nil, false, err
	}
	if len(ids) == 0 {
		letters, more, err := dead.Letters(ctx, o.files, filter, f.limit)
		if err != nil {
			err = failed(exitTrouble, "%w", err)
		}
		return letters, more, err
	}
	match := filter.Match
	filter.Match = func(l dead.Letter) bool {
		return match(l) && slices.ContainsFunc(ids, l.Is)
	}
	letters, more, err := dead.Letters(ctx, o.files, filter, 0)
	if err != nil {
		return nil, more, failed(exitTrouble, "%w", err)
	}
	for _, id := range ids {
		if !slices.ContainsFunc(letters, func(l dead.Letter) bool { return l.Is(id) }) {
			return nil, more, failed(exitNothing, "there is no dead letter %s; `distaff dead list%s` tells of those there are", id, f.flagged())
		}
	}
	return letters, more, nil
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
