package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/config"
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
	var public bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the bucket if need be, set how long things stay, and try it",
		Long: example(
			"distaff bucket init --config fedora.yaml", "with the days in bucket.keep of the configuration",
			"distaff bucket init --config fedora.yaml --public", "and let everybody read composes and the pages of runs",
			"distaff bucket init --state .state", "for a distaff that runs here",
		) + `It may be run again. The rules of the bucket about how long objects are kept are
replaced. A bucket that does not keep the promises distaff is built on is refused.

With --public its policy lets everybody read (not list) what is below composes/ and
runs/; what else the policy says stays. Without it something else has to serve
them: a gateway, a CDN.`,
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
				_, _ = fmt.Fprintf(s.out, "%-15s %d days\n", rule.Prefix, rule.Days)
			}
			if public {
				if err := bucket.Open(cmd.Context(), where, who, cfg.Bucket.Name, bucket.Public()); err != nil {
					return failed(exitTrouble, "%w", err)
				}
				s.progress("Everybody may read what is below %s.", strings.Join(bucket.Public(), " and "))
			}
			return at.probe(cmd.Context(), s)
		},
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&public, "public", false, "let everybody read composes and the pages of runs")
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
