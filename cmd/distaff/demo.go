package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/demo"
)

func demoCommand(s streams) *cobra.Command {
	o := demo.Options{Out: s.out, Color: s.color, Width: s.width}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Check five pull requests to a real package on this machine",
		Long: example(
			"distaff demo", "play it, show what came of it, and end",
			"distaff demo --keep", "stay up to look around until Ctrl-C",
			"distaff demo compose", "another one: install from composes",
		) + `A real upstream program is downloaded, packaged, and built with rpmbuild; its
packages are tested with dnf and rpmlint. Five pull requests are opened: one is
good, one does not compile, one is badly packaged, one is pushed to again while
it is being built, and one changes no code. The exit code is 0 if everything
ended as it should.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Getenv("KEEP") != "" && os.Getenv("KEEP") != "0" {
				o.Keep = true
			}
			if err := demo.Run(cmd.Context(), o); err != nil {
				return failed(exitFailed, "%w", err)
			}
			return nil
		},
	}
	cmd.AddCommand(demoComposeCommand(s))
	cmd.Flags().StringVar(&o.Dir, "state", ".state/demo", "where the demo keeps everything; an earlier demo there is removed")
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "stay up until Ctrl-C (also: KEEP=1)")
	cmd.Flags().DurationVar(&o.Limit, "limit", 0, "give up after this time (default 5m0s)")
	return cmd
}
