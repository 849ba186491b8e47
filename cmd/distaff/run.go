package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

func runCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Show, watch and list the runs of pull requests",
		Long: example(
			"distaff run list", "all pull requests, and how they stand",
			"distaff run watch local/rpms/bash#12", "tell what changes until it is over",
		) + "Each push to a pull request makes a run: a build, and tests of what it built.",
	}
	cmd.AddCommand(runListCommand(s), runShowCommand(s), runWatchCommand(s))
	return cmd
}

func runListCommand(s streams) *cobra.Command {
	var at place
	var as format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the pull requests and how they stand",
		Long: example(
			"distaff run list", "those of the distaff in ./.state",
			"distaff run list --config fedora.yaml -o json", "those of one in production, for a program",
		) + "What changed last comes first. The exit code is 4 if there is none.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := as.check(); err != nil {
				return err
			}
			o, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer o.close()
			all, err := world.PullRequests(cmd.Context(), o.files)
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			entries := world.Entries(all, o.cfg.Rules())
			if as == "json" {
				return writeJSON(s.out, entries)
			}
			if len(entries) == 0 {
				return failed(exitNothing, "no pull request has been checked yet in %s; `distaff why FORGE/REPOSITORY#NUMBER` tells why one is not", at.named())
			}
			s.list(all, entries)
			return nil
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	return cmd
}

// list writes one line for each pull request.
func (s streams) list(all []pipeline.PullRequest, entries []page.Entry) {
	names := map[string]string{}
	for _, p := range all {
		names[p.URL] = p.String()
	}
	rows := [][]string{{s.heading("STATE"), "PULL REQUEST", "RUN", "CHANGED", "VERDICT"}}
	for _, e := range entries {
		rows = append(rows, []string{s.badge(e.State), names[e.PullRequest.URL], strconv.Itoa(e.Number), stamp(e.Changed), e.Verdict})
	}
	table(s.out, rows)
}

// heading is the word above a column of badges: as long as they are.
func (s streams) heading(word string) string {
	if !s.color {
		return word
	}
	return "\x1b[90m" + fmt.Sprintf("%-22s", word) + "\x1b[0m"
}

func runShowCommand(s streams) *cobra.Command {
	var at place
	var as format
	number := 0
	cmd := &cobra.Command{
		Use:   "show FORGE/REPOSITORY#NUMBER",
		Short: "Show one run with its checks",
		Long: example(
			"distaff run show local/rpms/bash#12", "the newest run of the pull request",
			"distaff run show local/rpms/bash#12 --run 1 -o json", "its first run, for a program",
		) + `The exit code is 0 if it passed or was skipped, 1 if it failed, 2 if the machinery
did, 3 if it was cancelled or superseded, 4 if there is no such run, 75 if it is
not over yet.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			o, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer o.close()
			run, err := o.run(cmd.Context(), args[0], number)
			if err != nil {
				return err
			}
			if as == "json" {
				err = writeJSON(s.out, run)
			} else {
				s.show(run)
			}
			return errors.Join(err, exitOf(run.State))
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().IntVar(&number, "run", 0, "which run, from 1 (default: the newest)")
	return cmd
}

// run reads a run: the newest (0) from the document, an older one from the page
// that was made of it when it was over.
func (o *opened) run(ctx context.Context, text string, number int) (page.Run, error) {
	var run page.Run
	id, err := event.ParsePullRequestID(text)
	if err != nil {
		return run, failed(exitUsage, "%w", err)
	}
	doc, err := o.document(ctx, id)
	switch {
	case err != nil:
		return run, err
	case number == 0, number == doc.Run.Number:
		return doc.View(doc.Run, time.Now().UTC()), nil
	}
	object, err := o.files.Get(ctx, pipeline.RunKey(id, number)+"run.json")
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return run, failed(exitNothing, "%s has no run %d", id, number)
	case err == nil:
		err = json.Unmarshal(object.Body, &run)
	}
	if err != nil {
		return run, failed(exitTrouble, "read run %d of %s: %w", number, id, err)
	}
	return run, nil
}

// document reads the newest of a pull request. Where there is none, it says
// what could have been meant.
func (o *opened) document(ctx context.Context, id event.PullRequestID) (pipeline.PullRequest, error) {
	var p pipeline.PullRequest
	object, err := o.files.Get(ctx, state.DocumentKey(id.Document()))
	if err == nil {
		err = json.Unmarshal(object.Body, &p)
	}
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return p, failed(exitNothing, "nothing was checked for %s%s; `distaff why %s` tells more", id, meant(id.String(), o.known(ctx)), id)
	case err != nil:
		return p, failed(exitTrouble, "read %s: %w", id, err)
	}
	return p, nil
}

// known are the pull requests there are documents of.
func (o *opened) known(ctx context.Context) []string {
	all, err := world.PullRequests(ctx, o.files)
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.String())
	}
	return names
}

// show writes a run as a table.
func (s streams) show(run page.Run) {
	_, _ = fmt.Fprintf(s.out, "%s  run %d  %s\n", run.PullRequest.Text, run.Number, run.Title)
	if run.Verdict != "" {
		_, _ = fmt.Fprintln(s.out, run.Verdict)
	}
	_, _ = fmt.Fprintln(s.out)
	rows := [][]string{{s.heading("STATE"), "CHECK", "", "TEXT"}}
	for _, check := range run.Checks {
		required := ""
		if check.Required {
			required = "required"
		}
		rows = append(rows, []string{s.badge(check.State), check.Name, required, check.Text})
	}
	table(s.out, rows)
	for _, f := range run.Failures {
		_, _ = fmt.Fprintf(s.out, "\n%s: %s\n", f.Check, f.Reason)
		for _, line := range f.Lines {
			_, _ = fmt.Fprintf(s.out, "    %s\n", strings.TrimRight(line, " \n"))
		}
		if f.Log.URL != "" {
			_, _ = fmt.Fprintf(s.out, "  log: %s\n", f.Log.URL)
		}
	}
}
