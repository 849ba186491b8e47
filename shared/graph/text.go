package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Text writes the graph for people who read lines.
func (g Graph) Text() string {
	var b strings.Builder
	for _, t := range g.Timers {
		fmt.Fprintf(&b, "timer %s ticks on %s", t.Name, t.Broker)
		if t.Schedule != "" {
			fmt.Fprintf(&b, " (%s)", t.Schedule)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\n%-22s %-9s %-11s %-16s %s\n", "FUNCTION", "KIND", "BROKER", "SYSTEM", "TO")
	for _, f := range g.Functions {
		system := f.System
		if system == "" {
			system = "–"
		}
		does := f.Does
		if len(f.Paused) > 0 {
			does += fmt.Sprintf("  [PAUSED: %s]", strings.Join(f.Paused, ", "))
		}
		fmt.Fprintf(&b, "%-22s %-9s %-11s %-16s %s\n", f.Name, f.Role, f.Broker, system, does)
	}
	fmt.Fprintf(&b, "\n%-32s %s\n", "EVENT", "FROM → TO")
	for _, e := range g.Events {
		to := strings.Join(e.Hears, ", ")
		if to == "" {
			to = "(nobody)"
			if e.Outward != "" {
				to = "(" + e.Outward + ")"
			}
		}
		from := g.names(e.SaidBy)
		if from == "" {
			from = "(nobody)"
			if e.Inward != "" {
				from = "(" + e.Inward + ")"
			}
		}
		line := fmt.Sprintf("%-32s %s → %s", Short(e.Type), from, to)
		if len(e.Over) > 0 {
			line += "  (handed over: " + strings.Join(e.Over, ", ") + ")"
		}
		b.WriteString(line + "\n")
	}
	if len(g.Loops) > 0 {
		b.WriteString("\nLoops that end by themselves\n")
	}
	for _, l := range g.Loops {
		fmt.Fprintf(&b, "  %s\n    %s\n", strings.Join(l.Functions, ", "), l.Ends)
	}
	if len(g.Problems) == 0 {
		b.WriteString("\nNothing is wrong: all that is said is heard, all that is heard is said, nothing goes round for ever.\n")
		return b.String()
	}
	b.WriteString("\nWrong\n")
	for _, p := range g.Problems {
		fmt.Fprintf(&b, "  ✘ %s\n", p.Text)
	}
	return b.String()
}

// names writes functions, the reactors of a broker by one word where it is all
// of them.
func (g Graph) names(list []string) string {
	teams, rest := g.teams(list)
	var out []string
	for _, team := range teams {
		text := fmt.Sprintf("each of the %d reactors", len(team))
		if len(g.reactors()) > 1 {
			text += " on " + team[0].Broker
		}
		out = append(out, text)
	}
	return strings.Join(append(out, rest...), ", ")
}

// reactors are those of each broker, by their order.
func (g Graph) reactors() [][]Function {
	var brokers []string
	by := map[string][]Function{}
	for _, f := range g.Functions {
		if f.Role != Reactor {
			continue
		}
		if len(by[f.Broker]) == 0 {
			brokers = append(brokers, f.Broker)
		}
		by[f.Broker] = append(by[f.Broker], f)
	}
	var out [][]Function
	for _, broker := range brokers {
		out = append(out, by[broker])
	}
	return out
}

// teams finds the brokers all of whose reactors are in a list, and the rest of
// it. One alone is none.
func (g Graph) teams(list []string) (teams [][]Function, rest []string) {
	rest = slices.Clone(list)
	for _, team := range g.reactors() {
		missing := func(f Function) bool { return !slices.Contains(list, f.Name) }
		if len(team) < 2 || slices.ContainsFunc(team, missing) {
			continue
		}
		teams = append(teams, team)
		rest = slices.DeleteFunc(rest, func(name string) bool {
			return slices.ContainsFunc(team, func(f Function) bool { return f.Name == name })
		})
	}
	return teams, rest
}

// bad tells whether something is wrong with a type.
func (g Graph) bad(kind string) bool {
	return slices.ContainsFunc(g.Problems, func(p Problem) bool { return p.Type == kind })
}
