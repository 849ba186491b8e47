package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/odcs/client"
)

// filters are what a list may be narrowed to, in the API's words.
type filters struct {
	owner, sourceType, source, state, pungi, composeType, label, order string
	page, perPage                                                      int
	all                                                                bool
}

func composeListCommand(s streams) *cobra.Command {
	var at composePlace
	var as format
	var raw bool
	var f filters
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List composes, the newest first",
		Long: example(
			"distaff compose list --status done --source f45-updates", "those that can be installed from",
			"distaff compose list --owner anna --order -time_to_expire --page 2", "the next of somebody's",
		) + "The exit code is 4 if there is none.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if raw {
				as = "json"
			}
			query, err := f.query()
			if err == nil {
				err = as.check()
			}
			if err != nil {
				return err
			}
			from, closes, err := at.reader(cmd)
			if err != nil {
				return err
			}
			defer closes()
			return f.list(cmd, s, from, query, as, at.flagged())
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&raw, "json", false, "write what the API gives: the same as -o json")
	flags.StringVar(&f.owner, "owner", "", "those of one owner")
	flags.StringVar(&f.sourceType, "type", "", "those of a type of source: "+strings.Join(odcs.SourceTypes(), ", "))
	flags.StringVar(&f.source, "source", "", "those of just this source, as they name it")
	flags.StringVar(&f.state, "status", "", "those in a state: "+strings.Join(odcs.States(), ", "))
	flags.StringVar(&f.pungi, "pungi-id", "", "the one with this Pungi id")
	flags.StringVar(&f.composeType, "compose-type", "", "those of a type: test, ci, nightly, production, development")
	flags.StringVar(&f.label, "label", "", "those with a label")
	flags.StringVar(&f.order, "order", "", "what they are ordered by, such as time_to_expire; - before it: the other way around (default -id)")
	flags.IntVar(&f.page, "page", 1, "which page")
	flags.IntVar(&f.perPage, "per-page", 20, "how many on a page")
	flags.BoolVar(&f.all, "all", false, "all pages")
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(odcs.SourceTypes(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(odcs.States(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// query writes the filters as the API wants them: states and types by number,
// as an ODCS knows no other.
func (f *filters) query() (url.Values, error) {
	if f.page < 1 || f.perPage < 1 || f.perPage > odcs.PerPageMost {
		return nil, failed(exitUsage, "--page is from 1 on, and --per-page from 1 to %d", odcs.PerPageMost)
	}
	q := url.Values{"page": {strconv.Itoa(f.page)}, "per_page": {strconv.Itoa(f.perPage)}}
	if f.all {
		q.Set("page", "1")
		q.Set("per_page", strconv.Itoa(odcs.PerPageMost))
	}
	for name, text := range map[string]string{
		"owner": f.owner, "source": f.source, "pungi_compose_id": f.pungi, "compose_type": f.composeType, "label": f.label, "order_by": f.order,
	} {
		if text != "" {
			q.Set(name, text)
		}
	}
	if f.state != "" {
		n := slices.Index(odcs.States(), f.state)
		if number, err := strconv.Atoi(f.state); n < 0 && err == nil {
			n = number
		}
		if n < 0 || n >= len(odcs.States()) {
			return nil, failed(exitUsage, "--status %.40q is no state%s; states are %s", f.state, meant(f.state, odcs.States()), strings.Join(odcs.States(), ", "))
		}
		q.Set("state", strconv.Itoa(n))
	}
	if f.sourceType != "" {
		name := strings.ReplaceAll(f.sourceType, "-", "_")
		t, ok := odcs.TypeOf(name)
		if !ok {
			return nil, failed(exitUsage, "%.40q is no type of source%s; types are %s", f.sourceType, meant(name, odcs.SourceTypes()), strings.Join(odcs.SourceTypes(), ", "))
		}
		q.Set("source_type", strconv.Itoa(int(t)))
	}
	return q, nil
}

func (f *filters) list(cmd *cobra.Command, s streams, from composes, query url.Values, as format, flagged string) error {
	var items []client.Compose
	var page client.List
	for {
		var err error
		if page, err = from.Find(cmd.Context(), query); err != nil {
			return told(cmd.Context(), "list composes", err)
		}
		items = append(items, page.Items...)
		if !f.all || page.Meta.Page >= page.Meta.Pages || len(page.Items) == 0 {
			break
		}
		query.Set("page", strconv.Itoa(page.Meta.Page+1))
	}
	if as == "json" {
		return s.listJSON(f.all, page, items)
	}
	switch {
	case page.Meta.Total == 0:
		return failed(exitNothing, "there is no such compose")
	case len(items) == 0:
		return failed(exitNothing, "the last page is %d", page.Meta.Pages)
	}
	s.composes(items)
	if !f.all && page.Meta.Pages > page.Meta.Page {
		s.progress("%d of %d; the next: --page %d", len(items), page.Meta.Total, page.Meta.Page+1)
	}
	_ = flagged
	return nil
}

// listJSON writes a page as the API gave it, or all composes as one list.
func (s streams) listJSON(all bool, page client.List, items []client.Compose) error {
	if !all {
		return writeJSON(s.out, page.Raw)
	}
	raw := make([]json.RawMessage, 0, len(items))
	for _, c := range items {
		raw = append(raw, c.Raw)
	}
	return writeJSON(s.out, map[string]any{"items": raw, "meta": map[string]int{"total": page.Meta.Total}})
}

// composes writes a line for each.
func (s streams) composes(all []client.Compose) {
	rows := [][]string{{"ID", s.stateHeading(), "MADE OF", "ARCHES", "OWNER", "ASKED FOR", "EXPIRES"}}
	for _, c := range all {
		expires := ""
		if c.State == compose.Done {
			expires = c.Expires.UTC().Format("01-02 15:04")
		}
		rows = append(rows, []string{
			strconv.FormatInt(c.ID, 10), s.composeBadge(c), about(c), plain(strings.ReplaceAll(c.Arches, " ", ",")), clip(plain(c.Owner), 24),
			c.Submitted.UTC().Format("2006-01-02 15:04"), expires,
		})
	}
	const madeOf = 2
	if s.width == 0 {
		for _, row := range rows[1:] {
			row[madeOf] = clip(row[madeOf], 80)
		}
	}
	table(s.out, fitted(rows, madeOf, s.width))
}

// stateHeading stands above the badges, and is as long as they are.
func (s streams) stateHeading() string {
	if !s.color {
		return "STATE"
	}
	return "\x1b[90m" + fmt.Sprintf("%-12s", "STATE") + "\x1b[0m"
}
