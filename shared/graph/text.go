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

// names writes functions, the reactors by one word where it is all of them.
func (g Graph) names(list []string) string {
	reactors := g.of(Reactor)
	if len(reactors) > 1 && containsAll(list, reactors) {
		rest := slices.DeleteFunc(slices.Clone(list), func(n string) bool { return slices.Contains(reactors, n) })
		return strings.Join(append([]string{fmt.Sprintf("each of the %d reactors", len(reactors))}, rest...), ", ")
	}
	return strings.Join(list, ", ")
}

func containsAll(list, wanted []string) bool {
	for _, one := range wanted {
		if !slices.Contains(list, one) {
			return false
		}
	}
	return true
}

// bad tells whether something is wrong with a type.
func (g Graph) bad(kind string) bool {
	return slices.ContainsFunc(g.Problems, func(p Problem) bool { return p.Type == kind })
}
