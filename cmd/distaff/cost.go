package main

import (
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff"
)

func costCommand(s streams) *cobra.Command {
	var at place
	var as format
	var since string
	var most int
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Tell what distaff used, what that costs, and what it would cost always on",
		Long: example(
			"distaff cost --config fedora.yaml", "the last seven days",
			"distaff cost --config fedora.yaml --since 2026-11-01 -o json", "since a day, with every package",
		) + `It sums up what each instance of a function wrote into the bucket about its own
life (usage/), and how long Koji and Testing Farm worked for each run (runs/, pr/),
with the prices in the configuration. An instance's life is billed whole, idle or
not; an attempt that was repeated is not in the minutes of its run. The bucket's
storage is not in it.

Always on is each function as a pod that never stops, with the memory its
instances told of, over the time since the first of them.

The bill itself needs one list for each thousand keys below runs/ and pr/, and
one get for each run and instance since then. It tells how many those were.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := as.check(); err != nil {
				return err
			}
			now := time.Now()
			from, err := ago(since, now)
			if err != nil {
				return err
			}
			if most < 1 {
				return failed(exitUsage, "--most %d: read at least one", most)
			}
			o, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer o.close()
			used, err := readSpent(cmd.Context(), o.files, from, now, most)
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			var functions []string
			for _, f := range distaff.Functions(distaff.Parts{}) {
				functions = append(functions, f.Name)
			}
			b := reckon(used, o.cfg, functions, from, now)
			if as == "json" {
				return writeJSON(s.out, b)
			}
			b.write(s.out)
			return nil
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().StringVar(&since, "since", "7d", "from when on: so many days (7d) or hours (36h) back, or a day (2026-11-01) of UTC")
	cmd.Flags().IntVar(&most, "most", 50_000, "how many instances, and how many runs, are read at most")
	return cmd
}

// ago reads a time in the past: 7d, 36h or 2026-11-01.
func ago(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if parts := regexp.MustCompile(`^([0-9]{1,4})([dh])$`).FindStringSubmatch(text); parts != nil {
		n, _ := strconv.Atoi(parts[1]) // digits only
		unit := time.Hour
		if parts[2] == "d" {
			unit *= 24
		}
		at, err = now.Add(-time.Duration(n)*unit), nil
	}
	if err != nil {
		return at, failed(exitUsage, "--since %.40q: write how long ago (7d, 36h) or a day (2026-11-01)", text)
	}
	if !at.Before(now) {
		return at, failed(exitUsage, "--since %s: is not in the past", text)
	}
	return at, nil
}
