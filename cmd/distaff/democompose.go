package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/demo/composedemo"
)

func demoComposeCommand(s streams) *cobra.Command {
	o := composedemo.Options{Out: s.out, Color: s.color, Width: s.width}
	cmd := &cobra.Command{
		Use:   "compose",
		Short: "Install from composes of real packages on this machine",
		Long: example(
			"distaff demo compose", "play it, show what came of it, and end",
			"distaff demo compose --keep", "stay up to look around until Ctrl-C",
		) + `Some small packages are built with rpmbuild in the local Koji and tagged. A
compose of them is asked for, and dnf installs from it over HTTP. It is asked for
again and made once; an unreleased security fix is tagged and installed within
seconds; a tag that did not change costs one call; composes expire and are
renewed. The exit code is 0 if everything ended as it should, and nothing was
asked for too often.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Getenv("KEEP") != "" && os.Getenv("KEEP") != "0" {
				o.Keep = true
			}
			if err := composedemo.Run(cmd.Context(), o); err != nil {
				return failed(exitFailed, "%w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Dir, "state", ".state/demo-compose", "where the demo keeps everything; an earlier demo there is removed")
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "stay up until Ctrl-C (also: KEEP=1)")
	cmd.Flags().DurationVar(&o.Limit, "limit", 0, "give up after this time (default 3m0s)")
	return cmd
}
