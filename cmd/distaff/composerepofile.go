package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func composeRepofileCommand(s streams) *cobra.Command {
	var at composePlace
	var dir string
	cmd := &cobra.Command{
		Use:   "repofile COMPOSE",
		Short: "Give the .repo file of a compose, which tells dnf where it is",
		Long: example(
			"distaff compose repofile 12", "its text",
			"sudo distaff compose repofile 12 --write /etc/yum.repos.d", "write it where dnf finds it",
		),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, closes, err := at.reader(cmd)
			if err != nil {
				return err
			}
			defer closes()
			c, err := one(cmd.Context(), from, args[0])
			if err != nil {
				return err
			}
			text, err := from.repoFile(cmd.Context(), c)
			if err != nil {
				return told(cmd.Context(), "read the .repo file", err)
			}
			if dir == "" {
				_, err = s.out.Write(text)
				return err
			}
			file := filepath.Join(dir, fmt.Sprintf("odcs-%d.repo", c.ID))
			if err := os.WriteFile(file, text, 0o644); err != nil {
				return failed(exitTrouble, "write the .repo file: %w", err)
			}
			_, err = fmt.Fprintln(s.out, file)
			return err
		},
	}
	at.flags(cmd)
	cmd.Flags().StringVar(&dir, "write", "", "a directory to write it into, as odcs-ID.repo")
	return cmd
}
