package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/dead"
)

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

// look opens the place whose letters are meant, for as long as do takes.
func (f *selection) look(ctx context.Context, do func(o *opened, w *delivering) error) error {
	w, err := readDelivering()
	if err != nil {
		return err
	}
	o, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer o.close()
	return do(o, w)
}

// changing is a selection for a command that changes something: it has to be said
// which letters are meant, even if that is all, and a question comes first.
type changing struct {
	selection
	all, yes, dryRun bool
}

func (c *changing) changeFlags(cmd *cobra.Command, verb, done string) {
	c.filterFlags(cmd)
	cmd.Flags().BoolVar(&c.all, "all", false, verb+" all dead letters")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "tell what would be "+done+", and do nothing")
}

func (c *changing) check(ids []string) error {
	if len(ids) == 0 && !c.any() && !c.all {
		return failed(exitUsage, "name letters by their ids, or say which are meant (--cause, --type, --replayed, …), or --all")
	}
	return nil
}
