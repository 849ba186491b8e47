package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/dead"
)

func deadDropCommand(s streams) *cobra.Command {
	var f changing
	cmd := &cobra.Command{
		Use:   "drop [ID...]",
		Short: "Let dead letters go",
		Long: example(
			"distaff dead drop --replayed yes", "those that were replayed",
			"distaff dead drop --cause 1a2b3c4d5e --dry-run", "what would be removed",
		) + `They are removed from the bucket for good, after a question. They would go by
themselves after bucket.keep.dead days.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			return f.look(cmd.Context(), func(o *opened, w *delivering) error {
				letters, more, err := f.letters(cmd.Context(), o, w, args)
				if err != nil {
					return err
				}
				if len(letters) == 0 {
					return noLetters(&f.selection)
				}
				if !f.dryRun && !f.yes {
					if err := s.ask("Remove %d dead letters for good?", len(letters)); err != nil {
						return err
					}
				}
				if err := o.drop(cmd.Context(), s, letters, f.dryRun); err != nil {
					return err
				}
				if more {
					s.progress("There are more; run this again.")
				}
				return nil
			})
		},
	}
	f.changeFlags(cmd, "remove", "removed")
	return cmd
}

// drop removes letters and then their marks: a mark without a letter does
// nothing.
func (o *opened) drop(ctx context.Context, s streams, letters []dead.Letter, dryRun bool) error {
	verb := "dropped"
	if dryRun {
		verb = "would drop"
	}
	for i, l := range letters {
		if !dryRun {
			if err := o.files.Delete(ctx, l.Key); err != nil {
				return failed(exitTrouble, "drop %s: %w (%d of %d are dropped)", l.ID, err, i, len(letters))
			}
			if l.Replayed {
				if err := o.files.Delete(ctx, dead.ReplayKey(l.Key)); err != nil {
					return failed(exitTrouble, "drop the mark of %s: %w", l.ID, err)
				}
			}
		}
		if _, err := fmt.Fprintln(s.out, verb, l.ID); err != nil {
			return err
		}
	}
	s.progress("%s %d.", verb, len(letters))
	return nil
}
