package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/page"
)

// format is how a result is written: as a table, or as JSON.
type format string

func (f *format) flag(cmd *cobra.Command) {
	cmd.Flags().StringVarP((*string)(f), "output", "o", "table", "how to write it: table or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func (f format) check() error {
	if f == "table" || f == "json" {
		return nil
	}
	return failed(exitUsage, "%q is no form of output: write table or json", string(f))
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// table writes rows in columns. The first is the heading.
func table(out io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	_ = t.Flush()
}

// symbol stands before a state's word, for those who skim.
func symbol(state page.State) string {
	switch state {
	case page.Passed:
		return "✔"
	case page.Failed:
		return "✘"
	case page.InfraError:
		return "!"
	case page.Running:
		return "●"
	case page.Queued:
		return "○"
	case page.Cancelled, page.Superseded:
		return "■"
	default: // skipped
		return "–"
	}
}

// badge is a state with its symbol, in its colour where colours are seen. The
// width is the same for each, so that columns stay columns.
func (s streams) badge(state page.State) string {
	text := fmt.Sprintf("%s %-20s", symbol(state), strings.ReplaceAll(string(state), "_", " "))
	if !s.color {
		return text
	}
	color := map[page.State]string{page.Passed: "32", page.Failed: "31", page.InfraError: "33", page.Running: "34", page.Queued: "36"}[state]
	if color == "" {
		color = "90"
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (s streams) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(s.err, format+"\n", args...)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// exitOf is the code a command ends with that tells of a run.
func exitOf(state page.State) error {
	var code int
	switch state {
	case page.Passed, page.Skipped:
		return nil
	case page.Failed:
		code = exitFailed
	case page.InfraError:
		code = exitTrouble
	case page.Cancelled, page.Superseded:
		code = exitCancelled
	default:
		code = exitAgain
	}
	return &exitError{code: code}
}
