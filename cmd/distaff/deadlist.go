package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/dead"
)

func deadListCommand(s streams) *cobra.Command {
	var f selection
	var as format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, the newest first",
		Long: example(
			"distaff dead list --since 24h", "those of the last day",
			"distaff dead list --config fedora.yaml --function build-start --replayed no -o json", "for a program, from a bucket in production",
		) + `Keys are read and nothing else, so this is quick however many there are. The exit
code is 4 if there is none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := as.check(); err != nil {
				return err
			}
			return f.look(cmd.Context(), func(o *opened, w *delivering) error {
				letters, more, err := f.letters(cmd.Context(), o, w, nil)
				switch {
				case err != nil:
					return err
				case as == "json":
					if letters == nil {
						letters = []dead.Letter{}
					}
					err = writeJSON(s.out, letters)
				case len(letters) > 0:
					s.letters(w, letters)
				}
				if more {
					s.progress("There are more; --limit 0 lists all, `distaff dead group%s` counts them.", f.flagged())
				}
				if len(letters) == 0 {
					return noLetters(&f)
				}
				return err
			})
		},
	}
	f.filterFlags(cmd)
	as.flag(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 50, "how many at most; 0 is all")
	return cmd
}

func noLetters(f *selection) error {
	if f.any() {
		return failed(exitNothing, "there is no such dead letter in %s", f.named())
	}
	return failed(exitNothing, "there is no dead letter in %s: every event was dealt with", f.named())
}

func (s streams) letters(w *delivering, letters []dead.Letter) {
	rows := [][]string{{"KEPT", "FOR", "CODE", "CAUSE", "TYPE", "ABOUT", "REPLAYED", "ID"}}
	for _, l := range letters {
		rows = append(rows, []string{stamp(l.Kept), w.short(l), code(l.Code), dash(l.Cause), l.Type, dash(l.Subject), yes(l.Replayed), l.ID})
	}
	table(s.out, rows)
}

// short names who was to get a letter, in a column.
func (w *delivering) short(l dead.Letter) string {
	names := w.functions(l)
	switch {
	case l.Message || len(names) == 0:
		return "–"
	case len(names) > 1:
		return names[0] + " or another"
	}
	return names[0]
}

func code(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func deadGroupCommand(s streams) *cobra.Command {
	var f selection
	var as format
	cmd := &cobra.Command{
		Use:   "group",
		Short: "Count dead letters by type, function and cause",
		Long: example(
			"distaff dead group", "the largest group first, with its error and how to replay it",
			"distaff dead group --since 24h -o json", "those of the last day, for a program",
		) + `Errors that differ only in ids, labels and numbers are one cause. The exit code is
4 if there is none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := as.check(); err != nil {
				return err
			}
			return f.look(cmd.Context(), func(o *opened, w *delivering) error {
				return f.group(cmd, s, o, w, as)
			})
		},
	}
	f.filterFlags(cmd)
	as.flag(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 50, "how many groups at most; 0 is all")
	return cmd
}

// grouped is a group as JSON.
type grouped struct {
	dead.Group
	Functions []string `json:"functions"`
	Broker    string   `json:"broker,omitempty"`
	Replay    string   `json:"replay,omitempty"`
}

func (f *selection) group(cmd *cobra.Command, s streams, o *opened, w *delivering, as format) error {
	filter, err := f.filter(w, time.Now())
	if err != nil {
		return err
	}
	groups, more, err := dead.Groups(cmd.Context(), o.files, filter, f.limit)
	if err != nil {
		return failed(exitTrouble, "%w", err)
	}
	all := []grouped{}
	for _, g := range groups {
		l := dead.Letter{Type: g.Type, To: g.To, Message: g.Message}
		one := grouped{Group: g, Functions: w.functions(l), Broker: w.broker(l)}
		if !g.Message {
			one.Replay = "distaff dead replay" + f.flagged() + " --type " + quoted(g.Type) + " --cause " + g.Cause
		}
		all = append(all, one)
	}
	if as == "json" {
		err = writeJSON(s.out, all)
	} else {
		for i, g := range all {
			if i > 0 {
				_, _ = fmt.Fprintln(s.out)
			}
			s.group(w, g)
		}
	}
	if more {
		s.progress("There are more; --limit 0 tells of all.")
	}
	if len(all) == 0 {
		return noLetters(f)
	}
	return err
}

func (s streams) group(w *delivering, g grouped) {
	l := dead.Letter{Type: g.Type, To: g.To, Message: g.Message}
	what := g.Type
	if g.Message {
		what = "messages of the bus nobody could read"
	}
	_, _ = fmt.Fprintf(s.out, "%d × %s → %s\n", g.Count, what, w.toward(l))
	span := stamp(g.Oldest)
	if !g.Newest.Equal(g.Oldest) {
		span += " to " + stamp(g.Newest)
	}
	_, _ = fmt.Fprintf(s.out, "    %s, %d replayed, cause %s\n", span, g.Replayed, dash(g.Cause))
	for i, line := range strings.Split(g.Text, "\n") {
		prefix := "    "
		if i == 0 && g.Code != 0 {
			prefix += strconv.Itoa(g.Code) + ": "
		}
		_, _ = fmt.Fprintf(s.out, "%s%s\n", prefix, strings.TrimRight(line, " \r"))
	}
	if g.Replay != "" {
		_, _ = fmt.Fprintf(s.out, "    $ %s\n", g.Replay)
	} else {
		_, _ = fmt.Fprintf(s.out, "    $ distaff dead show %s\n", quoted(g.Example))
	}
}
