package graph

import (
	"fmt"
	"slices"
	"strings"
)

// box is one thing in a diagram; edges name them by id.
type box struct{ id, label, class string }

type edge struct {
	from, to string
	all      bool // from is a group: each in it
}

// diagram is the graph as boxes and arrows, with events as boxes between
// functions, and one arrow for what all reactors of a broker say.
func (g Graph) diagram() (groups []string, inside map[string][]box, others []box, edges []edge) {
	inside = map[string][]box{}
	for _, role := range []Role{API, Listener, Reactor, Doer, Keeper} {
		for _, f := range g.Functions {
			if name := g.group(f); f.Role == role && !slices.Contains(groups, name) {
				groups = append(groups, name)
			}
		}
	}
	systems := map[string]bool{}
	for _, f := range g.Functions {
		class := string(f.Role)
		if len(f.Paused) > 0 {
			class = "paused"
		}
		inside[g.group(f)] = append(inside[g.group(f)], box{id("f", f.Name), f.Name, class})
		if f.System == "" {
			continue
		}
		if !systems[f.System] {
			systems[f.System] = true
			others = append(others, box{id("s", f.System), f.System, "outside"})
		}
		if f.Role == API || f.Role == Listener {
			edges = append(edges, edge{from: id("s", f.System), to: id("f", f.Name)})
		} else {
			edges = append(edges, edge{from: id("f", f.Name), to: id("s", f.System)})
		}
	}
	for _, t := range g.Timers {
		others = append(others, box{id("t", t.Name), "each " + t.Name, "timer"})
	}
	for _, e := range g.Events {
		class := "event"
		if g.bad(e.Type) {
			class = "wrong"
		}
		others = append(others, box{id("e", e.Type), Short(e.Type), class})
		teams, rest := g.teams(e.SaidBy)
		for _, team := range teams {
			edges = append(edges, edge{from: g.group(team[0]), to: id("e", e.Type), all: true})
		}
		for _, name := range rest {
			kind := "f"
			if _, ok := g.function(name); !ok {
				kind = "t"
			}
			edges = append(edges, edge{from: id(kind, name), to: id("e", e.Type)})
		}
		for _, name := range e.Hears {
			edges = append(edges, edge{from: id("e", e.Type), to: id("f", name)})
		}
	}
	return groups, inside, others, edges
}

// group names what a function is drawn in: its role, and of reactors their broker
// besides, if there are some at several.
func (g Graph) group(f Function) string {
	if f.Role != Reactor || len(g.reactors()) < 2 {
		return plural[f.Role]
	}
	return id(plural[f.Role], f.Broker)
}

// id makes a name that both languages take for a node. Types come from a
// cluster's Triggers too, so any letter may be in one.
func id(kind, name string) string {
	var b strings.Builder
	b.WriteString(kind + "_")
	for i := range len(name) {
		switch c := name[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			b.WriteByte(c)
		case c == '-', c == '.', c == '/':
			b.WriteByte('_')
		default:
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}

// entity writes what would end a label of Mermaid, or be read as markup there,
// as https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
// says.
func entity(label string) string {
	var b strings.Builder
	for _, r := range label {
		if r < ' ' || strings.ContainsRune("\"#<>&`[]{}", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

var plural = map[Role]string{API: "apis", Listener: "listeners", Reactor: "reactors", Doer: "doers", Keeper: "sinks"} //nolint:gochecknoglobals // words

// Mermaid writes the graph for pages that draw it: https://mermaid.js.org.
func (g Graph) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	groups, inside, others, edges := g.diagram()
	for _, group := range groups {
		fmt.Fprintf(&b, "  subgraph %s\n", group)
		for _, one := range inside[group] {
			fmt.Fprintf(&b, "    %s[\"%s\"]:::%s\n", one.id, entity(one.label), one.class)
		}
		b.WriteString("  end\n")
	}
	for _, one := range others {
		open, end := "([\"", "\"])"
		if one.class == "outside" {
			open, end = "[/\"", "\"/]"
		}
		fmt.Fprintf(&b, "  %s%s%s%s:::%s\n", one.id, open, entity(one.label), end, one.class)
	}
	for _, e := range edges {
		fmt.Fprintf(&b, "  %s --> %s\n", e.from, e.to)
	}
	b.WriteString("  classDef event fill:none,stroke-dasharray:3\n  classDef wrong stroke:#c00,stroke-width:3px\n  classDef paused stroke:#c60,stroke-width:3px\n")
	return b.String()
}

// DOT writes the graph for Graphviz: https://graphviz.org.
func (g Graph) DOT() string {
	var b strings.Builder
	b.WriteString("digraph distaff {\n  rankdir=LR; compound=true; node [shape=box, fontname=\"sans-serif\"];\n")
	groups, inside, others, edges := g.diagram()
	for _, group := range groups {
		fmt.Fprintf(&b, "  subgraph cluster_%s {\n    label=%q;\n", group, group)
		for _, one := range inside[group] {
			fmt.Fprintf(&b, "    %s [label=%q%s];\n", one.id, one.label, color(one.class))
		}
		b.WriteString("  }\n")
	}
	for _, one := range others {
		shape := "ellipse"
		if one.class == "outside" {
			shape = "parallelogram"
		}
		fmt.Fprintf(&b, "  %s [label=%q, shape=%s%s];\n", one.id, one.label, shape, color(one.class))
	}
	for _, e := range edges {
		if e.all { // Graphviz wants a node inside the group to begin at
			fmt.Fprintf(&b, "  %s -> %s [ltail=cluster_%s];\n", inside[e.from][0].id, e.to, e.from)
			continue
		}
		fmt.Fprintf(&b, "  %s -> %s;\n", e.from, e.to)
	}
	b.WriteString("}\n")
	return b.String()
}

func color(class string) string {
	switch class {
	case "wrong":
		return ", color=red"
	case "paused":
		return ", color=orange"
	}
	return ""
}
