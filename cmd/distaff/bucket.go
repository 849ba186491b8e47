package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/state"
)

func bucketCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bucket",
		Short: "Make the bucket that everything is kept in",
		Long: example(
			"distaff bucket init --config fedora.yaml", "make it, and set how long things stay",
			"distaff doctor --config fedora.yaml", "find out whether it keeps its promises",
		) + "All state is in one bucket, in which distaff needs to read, write and list.",
	}
	cmd.AddCommand(bucketInitCommand(s))
	return cmd
}

func bucketInitCommand(s streams) *cobra.Command {
	var at place
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the bucket if need be, set how long things stay, and try it",
		Long: example(
			"distaff bucket init --config fedora.yaml", "with the days in bucket.keep of the configuration",
			"distaff bucket init --state .state", "for a distaff that runs here",
		) + `It may be run again. The rules of the bucket about how long objects are kept are
replaced. A bucket that does not keep the promises distaff is built on is refused.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := at.config()
			if err != nil {
				return err
			}
			endpoint := cmp.Or(cfg.Bucket.Endpoint, "https://s3.amazonaws.com")
			if at.local() && !answers(cmd.Context(), endpoint) {
				return at.notRunning(endpoint)
			}
			secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
			who := bucket.Credentials{AccessKey: secrets.Of(cfg.Bucket.AccessKey).Text(), SecretKey: secrets.Of(cfg.Bucket.SecretKey).Text()}
			if err := secrets.Err(); err != nil {
				return failed(exitTrouble, "%w", err)
			}
			rules := world.Lifecycle(cfg.Bucket.Keep)
			where := bucket.Place{Endpoint: endpoint, Region: cfg.Bucket.Region}
			if err := bucket.Init(cmd.Context(), where, who, cfg.Bucket.Name, rules); err != nil {
				return failed(exitTrouble, "%w", err)
			}
			for _, rule := range rules {
				_, _ = fmt.Fprintf(s.out, "%-9s %d days\n", rule.Prefix, rule.Days)
			}
			return at.probe(cmd.Context(), s)
		},
	}
	at.flags(cmd)
	return cmd
}

// probe tries the bucket, and says what came of it.
func (p *place) probe(ctx context.Context, s streams) error {
	o, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer o.close()
	err = bucket.Probe(ctx, o.files)
	var refused *bucket.RefusedError
	switch {
	case errors.As(err, &refused):
		return failed(exitFailed, "the bucket %s must not be used: %w", o.cfg.Bucket.Name, err)
	case err != nil:
		return failed(exitTrouble, "try the bucket %s: %w", o.cfg.Bucket.Name, err)
	}
	s.progress("The bucket %s keeps its promises.", o.cfg.Bucket.Name)
	return nil
}

func doctorCommand(s streams) *cobra.Command {
	var at place
	var as format
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with a distaff",
		Long: example(
			"distaff doctor --config fedora.yaml", "look at one in production",
			"distaff doctor", "look at the one in ./.state",
		) + `It looks whether the configuration and all secrets are there, whether the bucket
keeps its promises, and what lies in it that needs a person: dead letters, and
what nobody dealt with. The exit code is 1 if something is to be done.`,
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
			return o.examine(cmd.Context(), s, as)
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	return cmd
}

// finding is one thing that was looked at.
type finding struct {
	What string `json:"what"`
	Good bool   `json:"good"`
	Text string `json:"text"`
}

func (o *opened) examine(ctx context.Context, s streams, as format) error {
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	for _, source := range o.cfg.Sources() {
		secrets.Of(source)
	}
	findings := []finding{
		{"configuration", true, summary(o.cfg)},
		found("secrets", secrets.Err(), fmt.Sprintf("all %d are there", len(o.cfg.Sources()))),
		found("bucket", bucket.Probe(ctx, o.files), "keeps its promises"),
		o.leftover(ctx, "dead letters", "dead/", "each tells its reason; send them again, or let them go"),
		o.leftover(ctx, "stuck", state.StuckPrefix, "nobody dealt with them three times; `distaff why` tells of each"),
	}
	var err error
	if as == "json" {
		err = writeJSON(s.out, findings)
	}
	bad := 0
	rows := [][]string{}
	for _, f := range findings {
		mark := "✔"
		if !f.Good {
			mark = "✘"
			bad++
		}
		rows = append(rows, []string{mark, f.What, f.Text})
	}
	if as == "table" {
		table(s.out, rows)
	}
	if bad > 0 {
		return failed(exitFailed, "%d of %d need a person", bad, len(findings))
	}
	return err
}

func found(what string, err error, good string) finding {
	if err != nil {
		return finding{what, false, err.Error()}
	}
	return finding{what, true, good}
}

// leftover counts what lies below a prefix, which should be nothing.
func (o *opened) leftover(ctx context.Context, what, prefix, advice string) finding {
	list, err := o.files.List(ctx, prefix, "", blob.ListMax)
	switch {
	case err != nil:
		return finding{what, false, err.Error()}
	case len(list) == 0:
		return finding{what, true, "none"}
	}
	count := fmt.Sprint(len(list))
	if len(list) == blob.ListMax {
		count += " or more"
	}
	return finding{what, false, fmt.Sprintf("%s below %s, the first is %s; %s", count, prefix, list[0].Key, advice)}
}
