package graph

import (
	"fmt"
	"strings"
)

// Page writes the graph as a Markdown page for the documentation.
func (g Graph) Page() string {
	var b strings.Builder
	b.WriteString("# Who says what to whom\n\n<!-- Made by `make generate` of what the functions hear and say. Do not edit. -->\n\n" +
		"Functions never call each other: they say events to a broker, and Triggers bring each event to those who hear its type. " +
		"The picture goes from left to right: what comes from outside, who takes it in, the facts that makes, the reactors that decide, " +
		"their commands, and the doers, whose answers go back to the reactors. What all reactors may say has one arrow.\n\n" +
		"`distaff graph -o svg --to graph.svg` draws it better, `distaff graph --cluster` as it is on a cluster now.\n\n```mermaid\n")
	b.WriteString(g.Mermaid())
	b.WriteString("```\n\n## Events\n\n| event | said by | heard by | handed over |\n|---|---|---|---|\n")
	for _, e := range g.Events {
		to := strings.Join(e.Hears, ", ")
		if to == "" && e.Outward != "" {
			to = "– (" + e.Outward + ")"
		}
		over := strings.Join(e.Over, ", ")
		if over == "" {
			over = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Type, g.names(e.SaidBy), to, over)
	}
	b.WriteString("\n## Loops\n\n")
	if len(g.Loops) == 0 {
		b.WriteString("There are none.\n")
	}
	for _, l := range g.Loops {
		fmt.Fprintf(&b, "- %s: %s.\n", strings.Join(l.Functions, ", "), l.Ends)
	}
	for _, p := range g.Problems {
		fmt.Fprintf(&b, "\n**Wrong:** %s.\n", p.Text)
	}
	return b.String()
}
