package graph

import (
	"fmt"
	"slices"
	"strings"
)

// judge finds what is wrong.
func (g *Graph) judge(w Wiring) {
	for _, e := range g.Events {
		switch {
		case len(e.Hears) == 0 && e.Outward == "":
			g.Problems = append(g.Problems, Problem{"unheard", fmt.Sprintf("%s is said by %s, and nobody hears it", e.Type, strings.Join(e.SaidBy, ", ")), e.Type})
		case len(e.SaidBy) == 0 && e.Inward == "":
			g.Problems = append(g.Problems, Problem{"never-said", fmt.Sprintf("%s is heard by %s, and nobody says it", e.Type, strings.Join(e.Hears, ", ")), e.Type})
		}
	}
	g.circles(w.Routes)
	g.loops(w.Loops)
}

// circles finds events that brokers hand to each other.
func (g *Graph) circles(all []Route) {
	for _, r := range all {
		if r.To == "" {
			continue
		}
		for _, back := range all {
			if back.To == r.Broker && back.Broker == r.To && back.Type == r.Type && r.Broker < r.To {
				g.Problems = append(g.Problems, Problem{"circle", fmt.Sprintf("%s is handed from %s to %s and back, without end", r.Type, r.Broker, r.To), r.Type})
			}
		}
	}
}

// bounded is why a way round through a reactor ends. A reactor answers only
// what its document waits for: it says a command once per attempt, the number of
// attempts is limited, and a fact it does not wait for is let go.
const bounded = "each way round passes a reactor, which says only what its document asks for, and asks a limited number of times"

// loops finds functions that can keep each other going. A way round through a
// reactor ends by itself; any other has to be declared, with the reason.
func (g *Graph) loops(declared map[string]string) {
	all := g.next(func(Function) bool { return true }, nil)
	free := g.next(func(f Function) bool { return f.Role != Reactor }, nil)
	undeclared := g.next(func(f Function) bool { return f.Role != Reactor }, declared)
	for _, names := range rings(undeclared) {
		g.Problems = append(g.Problems, Problem{Kind: "loop", Text: fmt.Sprintf(
			"%s can keep each other going without end: no reactor is between them; declare why it ends, or let a reactor decide", strings.Join(names, " and "))})
	}
	for _, names := range rings(free) {
		var reasons []string
		for kind, reason := range declared {
			if e := g.event(kind); slices.ContainsFunc(names, func(n string) bool { return slices.Contains(e.SaidBy, n) }) {
				reasons = append(reasons, kind+": "+reason)
			}
		}
		if slices.Sort(reasons); len(reasons) > 0 {
			g.Loops = append(g.Loops, Loop{names, strings.Join(reasons, "; ")})
		}
	}
	for _, names := range rings(all) {
		g.Loops = append(g.Loops, Loop{names, bounded})
	}
}

func (g *Graph) event(kind string) Event {
	for _, e := range g.Events {
		if e.Type == kind {
			return e
		}
	}
	return Event{}
}

// next is, for each function that counts, those that hear what it says, but for
// what is said on types that do not count.
func (g *Graph) next(counts func(Function) bool, not map[string]string) map[string][]string {
	out := map[string][]string{}
	for _, f := range g.Functions {
		if !counts(f) {
			continue
		}
		out[f.Name] = nil
		for _, kind := range f.Says {
			if _, skip := not[kind]; skip {
				continue
			}
			for _, name := range g.event(kind).Hears {
				if to, ok := g.function(name); ok && counts(to) {
					out[f.Name] = add(out[f.Name], name)
				}
			}
		}
	}
	return out
}

// rings are the groups in which each can be reached from each (strongly
// connected components), of two and more, or of one that hears itself.
func rings(next map[string][]string) [][]string {
	reach := map[string]map[string]bool{}
	for name := range next {
		seen := map[string]bool{}
		for todo := slices.Clone(next[name]); len(todo) > 0; {
			one := todo[0]
			todo = todo[1:]
			if !seen[one] {
				seen[one] = true
				todo = append(todo, next[one]...)
			}
		}
		reach[name] = seen
	}
	var found [][]string
	done := map[string]bool{}
	for _, name := range sorted(reach) {
		if done[name] || !reach[name][name] {
			continue
		}
		var ring []string
		for _, other := range sorted(reach) {
			if reach[name][other] && reach[other][name] {
				ring = append(ring, other)
				done[other] = true
			}
		}
		found = append(found, ring)
	}
	return found
}
