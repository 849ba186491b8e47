package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/config"
)

func configCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check configurations",
		Long: example(
			"distaff config check fedora.yaml", "everything that is wrong with it, each with its place",
			"distaff config check fedora.yaml -o json", "the same for a program",
		) + "What can be written in a configuration is in docs/config.md.",
	}
	cmd.AddCommand(configCheckCommand(s))
	return cmd
}

// problem is one finding, as JSON.
type problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Path   string `json:"path,omitempty"`
	Text   string `json:"text"`
}

func configCheckCommand(s streams) *cobra.Command {
	var as format
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Tell everything that is wrong with a configuration",
		Long: example(
			"distaff config check fedora.yaml", "one line for each problem: file:line:column: key: what to do",
			"distaff config check fedora.yaml && echo good", "the exit code is 1 if there is a problem",
		) + "Secrets are not looked at: `distaff doctor` does that.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			cfg, err := config.Read(args[0])
			var problems config.Problems
			if err != nil && !errors.As(err, &problems) {
				return failed(exitTrouble, "%w", err)
			}
			if err == nil {
				problems = requests(args[0], cfg)
			}
			if as == "json" {
				list := []problem{}
				for _, p := range problems {
					list = append(list, problem{p.File, p.Line, p.Column, p.Path, p.Text})
				}
				if err := writeJSON(s.out, list); err != nil {
					return err
				}
			} else {
				for _, p := range problems {
					_, _ = fmt.Fprintln(s.out, p)
				}
			}
			if len(problems) > 0 {
				return failed(exitFailed, "%s: %d to mend; docs/config.md explains every key", args[0], len(problems))
			}
			s.progress("%s is good: %s", args[0], summary(cfg))
			return nil
		},
	}
	as.flag(cmd)
	return cmd
}

// requests are the problems that the API would have with what rules ask for.
func requests(file string, cfg *config.Config) config.Problems {
	var problems config.Problems
	if cfg.Composes == nil {
		return nil
	}
	for i, err := range distaff.CheckRules(cfg.Composes) {
		problems = append(problems, config.Problem{
			File: file, Path: fmt.Sprintf("composes.rules[%d].request", i),
			Text: fmt.Sprintf("of rule %s: %v", cfg.Composes.Rules[i].Name, err),
		})
	}
	slices.SortFunc(problems, func(a, b config.Problem) int { return cmp.Compare(a.Path, b.Path) })
	return problems
}

// summary says in one line what a configuration is about.
func summary(cfg *config.Config) string {
	var checks []string
	for _, check := range cfg.Checks {
		checks = append(checks, check.Name)
	}
	return fmt.Sprintf("instance %s, %d forge(s), %d Koji, bucket %s, checks: build, %s",
		cfg.Name, len(cfg.Forges), len(cfg.Koji), cfg.Bucket.Name, strings.Join(checks, ", "))
}
