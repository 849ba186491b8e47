package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func composeGetCommand(s streams) *cobra.Command {
	var at composePlace
	var as format
	var raw bool
	cmd := &cobra.Command{
		Use:     "get COMPOSE…",
		Aliases: []string{"show"},
		Short:   "Show how a compose stands, and how to install from it",
		Long: example(
			"distaff compose get 12", "its state, its repository, and until when it is there",
			"distaff compose get 12 --json", "as the API gives it, for a program",
		) + `A compose is named by its number, by odcs-12, or by any address in it.

The exit code is 0 if it is done, 1 if it failed, 3 if it was cancelled, 4 if it is
removed or was never there, 75 if it is not over yet.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if raw {
				as = "json"
			}
			if err := as.check(); err != nil {
				return err
			}
			from, closes, err := at.reader(cmd)
			if err != nil {
				return err
			}
			defer closes()
			var codes error
			for i, text := range args {
				c, err := one(cmd.Context(), from, text)
				if err != nil {
					return err
				}
				if as == "json" {
					err = s.composeJSON(c)
				} else {
					if i > 0 {
						_, _ = fmt.Fprintln(s.out)
					}
					s.compose(c, time.Now(), at.flagged())
				}
				codes = errors.Join(codes, err, exitOfCompose(c))
			}
			return codes
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().BoolVar(&raw, "json", false, "write what the API gives: the same as -o json")
	return cmd
}

func composeWaitCommand(s streams) *cobra.Command {
	var at composePlace
	var follow following
	cmd := &cobra.Command{
		Use:   "wait COMPOSE",
		Short: "Wait until a compose is done or has failed",
		Long: example(
			"distaff compose wait 12", "one line for each change, and then how to install from it",
			"distaff compose wait 12 -q --timeout 30m && dnf …", "in a script",
		) + `It is looked at after 1, 2, 3 and at last every 10 seconds. Ctrl-C ends the waiting,
and not the compose. The exit code is that of "distaff compose get"; 75 if it was not
over within --timeout.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := follow.check(); err != nil {
				return err
			}
			from, closes, err := at.reader(cmd)
			if err != nil {
				return err
			}
			defer closes()
			is, err := one(cmd.Context(), from, args[0])
			if err != nil {
				return err
			}
			return follow.waitFor(cmd.Context(), s, from, is.ID, at.flagged())
		},
	}
	at.flags(cmd)
	follow.waiting(cmd)
	return cmd
}
