package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/state"
)

// checkPatience is how long one check may take: a system that answers later is
// one that functions cannot work with either.
const checkPatience = 15 * time.Second

func doctorCommand(s streams) *cobra.Command {
	var d doctor
	var as format
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with a distaff",
		Long: example(
			"distaff doctor --config fedora.yaml", "look at one in production",
			"distaff doctor", "look at the one in ./.state",
			"distaff doctor --config fedora.yaml --bucket-only -o json", "from where the outside systems cannot be reached, for a program",
		) + `It looks whether the configuration and all secrets are there; whether the bucket
keeps its promises and lets go what is old; whether the clock ticks and the bus is
heard; whether the brokers, forges, Kojis, Testing Farms and Bodhi answer, take the
credentials, and have the same time; how long certificates are still good; whether
composes are served at their address, the queue is bound to what rules wait for, and
the list of composes is up to date; and what lies in the bucket that needs a person. Nothing is changed anywhere, but for an
object below probe/ that is written and removed. Each finding is the result, what
it means, and what to do. No secret is shown.

  ✔ good   ! look at it soon   ✘ do something now   – could not be asked

The exit code is 1 if something is to be done now.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := as.check(); err != nil {
				return err
			}
			d.flagged = d.place.flagged()
			o, err := d.open(cmd.Context())
			if err != nil {
				return err
			}
			defer o.close()
			return d.report(s, as, d.examine(cmd.Context(), o))
		},
	}
	d.flags(cmd)
	as.flag(cmd)
	cmd.Flags().BoolVar(&d.bucketOnly, "bucket-only", false, "ask no system but the bucket")
	cmd.Flags().StringVar(&d.broker, "broker", os.Getenv("DISTAFF_BROKER"), "where brokers are reached, {broker} for the name (default: those of a distaff that runs here)")
	return cmd
}

// level is how bad a finding is.
type level string

const (
	good    level = "good"
	soon    level = "soon"
	bad     level = "bad"
	unknown level = "unknown"
)

// finding is one thing that was looked at: the result, and where it is not
// good, what that means and what to do.
type finding struct {
	What  string `json:"what"`
	Level level  `json:"level"`
	Good  bool   `json:"good"`
	Text  string `json:"text"`
	Means string `json:"means,omitempty"`
	Do    string `json:"do,omitempty"`
}

// doctor is what `doctor` was told, and what its checks share.
type doctor struct {
	place
	bucketOnly bool
	broker     string
	flagged    string
	now        func() time.Time
	// http asks systems; nil is one of its own.
	http *http.Client
	// away tells that a world of this machine does not run.
	away bool
}

// check is some findings about one thing.
type check func(ctx context.Context) []finding

// examine does all checks at once, and gives what they found in their order.
func (d *doctor) examine(ctx context.Context, o *opened) []finding {
	if d.now == nil {
		d.now = time.Now
	}
	if d.http == nil {
		d.http = &http.Client{Timeout: checkPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	d.away = d.local() && !answers(ctx, o.cfg.Bucket.Endpoint)
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	for _, source := range o.cfg.Sources() {
		secrets.Of(source)
	}
	have := secrets.Err()
	parts, partsErr := distaff.ConnectTo(state.New(o.files), o.files, o.cfg, config.NewSecrets(os.LookupEnv, os.ReadFile), nil)
	first := []finding{{What: "configuration", Level: good, Text: summary(o.cfg)}, aboutSecrets(o.cfg, have)}
	if partsErr != nil && have == nil {
		first = append(first, finding{
			What: "credentials", Level: bad, Text: oneLine(partsErr),
			Means: "the functions that need it do not start", Do: "put a good one in its place; docs/config.md says what is expected",
		})
	}
	checks := []check{
		func(ctx context.Context) []finding { return d.bucket(ctx, o) },
		func(ctx context.Context) []finding { return d.lifecycle(ctx, o) },
	}
	if !d.bucketOnly && !d.away {
		checks = append(checks, d.outside(o, parts, have == nil)...)
		checks = append(checks, d.composes(o, parts)...)
	}
	checks = append(checks,
		func(ctx context.Context) []finding { return d.clock(ctx, o) },
		func(ctx context.Context) []finding { return d.heard(ctx, o) },
		func(ctx context.Context) []finding { return d.deadLetters(ctx, o) },
		func(ctx context.Context) []finding { return d.held(ctx, o) },
		func(ctx context.Context) []finding { return d.stuck(ctx, o) },
		func(context.Context) []finding { return d.bindings(o) },
		func(ctx context.Context) []finding { return d.composeList(ctx, o) },
		func(ctx context.Context) []finding { return d.composeFailures(ctx, o) },
	)
	found := append(first, all(ctx, checks)...)
	if d.away {
		found = append(found, finding{
			What: "systems", Level: unknown, Text: "the distaff in " + d.state + " does not run, so nobody was asked",
			Do: "distaff dev" + d.flagged,
		})
	}
	return found
}

// all does checks at once.
func all(ctx context.Context, checks []check) []finding {
	results := make([][]finding, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkPatience)
			defer cancel()
			results[i] = c(ctx)
		})
	}
	running.Wait()
	var found []finding
	for _, r := range results {
		found = append(found, r...)
	}
	return found
}

func aboutSecrets(cfg *config.Config, err error) finding {
	if err != nil {
		return finding{
			What: "secrets", Level: bad, Text: err.Error(),
			Means: "the functions that need them do not start",
			Do:    "put them where the configuration says; on a cluster they are in the Secret of each system",
		}
	}
	return finding{What: "secrets", Level: good, Text: fmt.Sprintf("all %d are there", len(cfg.Sources()))}
}

// report writes what was found.
func (d *doctor) report(s streams, as format, found []finding) error {
	now, later := 0, 0
	for i := range found {
		found[i].Text, found[i].Good = dead.Hide(found[i].Text), found[i].Level == good
		switch found[i].Level {
		case bad:
			now++
		case soon:
			later++
		case good, unknown:
		}
	}
	if as == "json" {
		if err := writeJSON(s.out, found); err != nil {
			return err
		}
	} else {
		table(s.out, s.findings(found))
	}
	if later > 0 && as == "table" {
		s.progress("%d of %d want to be looked at soon", later, len(found))
	}
	if now > 0 {
		return failed(exitFailed, "%d of %d need a person", now, len(found))
	}
	return nil
}

func (s streams) findings(found []finding) [][]string {
	var rows [][]string
	for _, f := range found {
		mark := map[level]string{good: "✔", soon: "!", bad: "✘", unknown: "–"}[f.Level]
		for i, line := range strings.Split(f.Text, "\n") {
			if i > 0 {
				mark, f.What = "", ""
			}
			rows = append(rows, []string{mark, f.What, line})
		}
		if f.Means != "" {
			rows = append(rows, []string{"", "", "it means: " + f.Means})
		}
		for i, line := range strings.Split(f.Do, "\n") {
			if i == 0 && line != "" {
				line = "do: " + line
			}
			if line != "" {
				rows = append(rows, []string{"", "", line})
			}
		}
	}
	return rows
}

// oneLine is an error of several lines in one.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
