package config

import (
	"path"
	"slices"
	"strings"
)

// rings reports rules that wait for each other's composes: each compose would
// want the next, without end.
func (r *reader) rings(rules []ComposeRule) {
	done := make([]bool, len(rules))
	var walk func(i int, way []int)
	walk = func(i int, way []int) {
		if start := slices.Index(way, i); start >= 0 {
			var names []string
			for _, at := range append(way[start:], i) {
				names = append(names, rules[at].Name)
			}
			r.fail(index("composes.rules", i)+".composes", "these rules wait for each other: %s; each compose would want the next, without end", strings.Join(names, " → "))
			return
		}
		if done[i] {
			return
		}
		for other := range rules {
			if other != i && waits(rules[i], rules[other]) {
				walk(other, append(slices.Clone(way), i))
			}
		}
		done[i] = true
	}
	for i := range rules {
		walk(i, nil)
	}
}

// waits tells whether a rule waits for the composes of another.
func waits(rule, other ComposeRule) bool {
	return slices.ContainsFunc(rule.Composes, func(glob string) bool {
		name, err := path.Match(glob, other.Name)
		label, _ := path.Match(glob, other.Request.Label)
		return err == nil && (name || label && other.Request.Label != "")
	})
}
