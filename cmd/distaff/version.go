package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell which distaff this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return failed(exitTrouble, "this program was built without a note of what it was built of")
			}
			revision := "unknown revision"
			for _, setting := range info.Settings {
				if setting.Key == "vcs.revision" {
					revision = setting.Value
				}
			}
			_, err := fmt.Fprintf(s.out, "distaff %s (%s, %s)\n", info.Main.Version, revision, info.GoVersion)
			return err
		},
	}
}
