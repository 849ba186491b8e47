package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
)

func runWatchCommand(s streams) *cobra.Command {
	var at place
	var as format
	every := 2 * time.Second
	cmd := &cobra.Command{
		Use:   "watch FORGE/REPOSITORY#NUMBER",
		Short: "Tell what changes in the newest run until it is over",
		Long: example(
			"distaff run watch local/rpms/bash#12", "one line for each change",
			"distaff run watch local/rpms/bash#12 -o json", "one JSON object for each change",
		) + `It may be interrupted: the run goes on without it. When the run is over the exit
code is that of "distaff run show".`,
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
			return o.watch(cmd.Context(), s, args[0], as, every)
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().DurationVar(&every, "every", every, "how often to look")
	return cmd
}

// change is one line of a watch.
type change struct {
	Time  time.Time      `json:"time"`
	Run   int            `json:"run"`
	Check string         `json:"check"`
	State pipeline.State `json:"state"`
	Text  string         `json:"text"`
}

func (o *opened) watch(ctx context.Context, s streams, text string, as format, every time.Duration) error {
	id, err := event.ParsePullRequestID(text)
	if err != nil {
		return failed(exitUsage, "%w", err)
	}
	s.progress("Watching %s (this may be safely interrupted)…", id)
	told := map[string]pipeline.Check{}
	ticker := time.NewTicker(max(every, 100*time.Millisecond))
	defer ticker.Stop()
	for {
		doc, err := o.document(ctx, id)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for name, check := range doc.Run.Checks {
			key := strconv.Itoa(doc.Run.Number) + " " + name
			if was, known := told[key]; known && was.State == check.State && was.Text == check.Text {
				continue
			}
			told[key] = check
			if err := s.changed(change{time.Now().UTC(), doc.Run.Number, check.Name, check.State, check.Text}, as); err != nil {
				return err
			}
		}
		if err == nil && doc.Run.Phase == pipeline.Over {
			s.progress("Run %d is over: %s", doc.Run.Number, doc.Run.Verdict)
			return exitOf(world.State(doc.Run))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			s.progress("\nThe run goes on. To watch it again: distaff run watch %s", id)
			return &exitError{code: exitInterrupt}
		}
	}
}

func (s streams) changed(c change, as format) error {
	if as == "json" {
		return json.NewEncoder(s.out).Encode(c)
	}
	state := page.State(c.State)
	if c.State == pipeline.Error {
		state = page.InfraError
	}
	_, err := fmt.Fprintf(s.out, "%s  run %d  %-26s %s %s\n", c.Time.Format("15:04:05"), c.Run, c.Check, s.badge(state), c.Text)
	return err
}
