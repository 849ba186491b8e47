package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/difference"
	"github.com/distaff-project/distaff/shared/odcs/client"
)

func composeDiffCommand(s streams) *cobra.Command {
	var at composePlace
	var as format
	var raw, all bool
	cmd := &cobra.Command{
		Use:   "diff [OLD] NEW",
		Short: "Tell what is otherwise between two composes",
		Long: example(
			"distaff compose diff 11 12", "packages that came, went, changed, or have another signature",
			"distaff compose diff 12", "against the one before it, of the same source",
		) + `Debug and source packages are counted; --all names them, too. The exit code is 0 if
nothing is otherwise, 1 if something is, like that of diff.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if raw {
				as = "json"
			}
			if err := as.check(); err != nil {
				return err
			}
			from, closes, err := at.reader(cmd)
			if err != nil {
				return err
			}
			defer closes()
			was, is, err := both(cmd.Context(), from, args)
			if err != nil {
				return err
			}
			before, err := from.packages(cmd.Context(), was)
			if err != nil {
				return told(cmd.Context(), "compare composes", err)
			}
			after, err := from.packages(cmd.Context(), is)
			if err != nil {
				return told(cmd.Context(), "compare composes", err)
			}
			d := difference.Between(before, after)
			if as == "json" {
				err = writeJSON(s.out, struct {
					Was int64 `json:"was"`
					Is  int64 `json:"is"`
					difference.Difference
				}{was.ID, is.ID, d})
			} else {
				s.difference(was.ID, is.ID, d, all)
			}
			if err == nil && !d.None() {
				return &exitError{code: exitFailed}
			}
			return err
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().BoolVar(&raw, "json", false, "write JSON: the same as -o json")
	cmd.Flags().BoolVar(&all, "all", false, "name debug and source packages as well")
	return cmd
}

// both gives the two composes to be compared, the older first. Where one is
// named, the older is the newest before it that was done of the same source.
func both(ctx context.Context, from composes, args []string) (was, is client.Compose, err error) {
	if is, err = one(ctx, from, args[len(args)-1]); err != nil {
		return was, is, err
	}
	if len(args) == 2 {
		was, err = one(ctx, from, args[0])
		return was, is, err
	}
	list, err := from.Find(ctx, url.Values{
		"source": {is.Source}, "source_type": {strconv.Itoa(int(is.SourceType))}, "state": {strconv.Itoa(int(compose.Done))}, "per_page": {"100"},
	})
	if err != nil {
		return was, is, told(ctx, "find the compose before it", err)
	}
	for _, c := range list.Items {
		if c.ID < is.ID && c.Packages == is.Packages {
			was, err = from.Get(ctx, c.ID)
			return was, is, told(ctx, "find the compose before it", err)
		}
	}
	return was, is, failed(exitNothing, "no compose of the same source that is still there comes before %d: name the one to compare with", is.ID)
}

// difference tells what is otherwise, one line for each package.
func (s streams) difference(was, is int64, d difference.Difference, all bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }
	if d.None() {
		say("Compose %d has exactly the packages of compose %d.", is, was)
		return
	}
	shown := d
	if !all {
		shown = d.Only("os")
	}
	say("Compose %d against compose %d: %s", is, was, otherwise(shown))
	for _, tree := range d.Trees {
		say("%s %s: all of its packages", tree[:1], plain(tree[1:]))
	}
	s.changes("Changed", shown.Changed)
	s.changes("Added", shown.Added)
	s.changes("Removed", shown.Removed)
	s.changes("Signed by another key", shown.Resigned)
	s.changes("The same version, another file", shown.Rebuilt)
	if rest := d.Count() - shown.Count(); rest > 0 {
		say("\nDebug and source packages that are otherwise: %d; --all names them", rest)
	}
}

func otherwise(d difference.Difference) string {
	var parts []string
	for _, part := range []struct {
		n    int
		word string
	}{{len(d.Changed), "changed"}, {len(d.Added), "added"}, {len(d.Removed), "removed"}, {len(d.Resigned), "signed anew"}, {len(d.Rebuilt), "rebuilt"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	if len(parts) == 0 {
		return "nothing to install is otherwise"
	}
	return strings.Join(parts, ", ")
}

func (s streams) changes(title string, all []difference.Change) {
	if len(all) == 0 {
		return
	}
	_, _ = fmt.Fprintf(s.out, "\n%s\n", title)
	rows := make([][]string, 0, len(all))
	for _, c := range all {
		rows = append(rows, []string{"  " + plain(c.Name), plain(becomes(c)), plain(strings.Join(c.Trees, " ")), note(c)})
	}
	table(s.out, rows)
}

// becomes says what a package was and is.
func becomes(c difference.Change) string {
	was, is := strings.Join(c.Was, ", "), strings.Join(c.Is, ", ")
	switch {
	case c.WasKey != c.IsKey:
		return is + ": " + keyName(c.WasKey) + " → " + keyName(c.IsKey)
	case was == "" || is == "" || was == is:
		return was + strings.TrimPrefix(is, was)
	}
	return was + " → " + is
}

func keyName(key string) string {
	if key == "" {
		return "unsigned"
	}
	return key
}

func note(c difference.Change) string {
	switch {
	case c.Older:
		return "older than before"
	case c.Kind != "os":
		return c.Kind
	}
	return ""
}
