package config

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// checkChecks makes sure that every check is known, there once, and can start
// some day.
func (r *reader) checkChecks(checks []Check) {
	var known, there []string
	for _, check := range testingfarm.Checks() {
		known = append(known, string(check))
	}
	for i, check := range checks {
		at := index("checks", i) + ".name"
		switch {
		case check.Name == "":
			r.absent(at, "name one of "+strings.Join(known, ", "))
		case check.Name == pipeline.Build:
			r.fail(at, "the build is always done, and required; remove it here")
		case !slices.Contains(known, check.Name):
			r.fail(at, "%q is no check%s", clip(check.Name), meant(check.Name, known))
		case slices.Contains(there, check.Name):
			r.fail(at, "%q is in the list twice; keep one", check.Name)
		}
		there = append(there, check.Name)
	}
	for i, check := range checks {
		at := index("checks", i) + ".needs"
		for j, need := range check.Needs {
			switch {
			case need == pipeline.Build:
				r.fail(index(at, j), "every check waits for the build already; remove it")
			case slices.Contains(there, need):
			case slices.Contains(known, need):
				r.fail(index(at, j), "%q is not done here; add it to checks, or remove it", need)
			default:
				r.fail(index(at, j), "%q is no check%s", clip(need), meant(need, there))
			}
		}
		r.once(at, check.Needs)
	}
	r.cycles(checks)
}

// cycles reports each ring of checks that wait for each other, once.
func (r *reader) cycles(checks []Check) {
	at := map[string]int{}
	for i, check := range checks {
		if _, twice := at[check.Name]; !twice {
			at[check.Name] = i
		}
	}
	done := map[string]bool{}
	var walk func(name string, way []string)
	walk = func(name string, way []string) {
		if start := slices.Index(way, name); start >= 0 {
			ring := append(slices.Clone(way[start:]), name)
			r.fail(index("checks", at[name])+".needs", "these checks wait for each other: %s; remove one of the needs", strings.Join(ring, " → "))
			return
		}
		i, ok := at[name]
		if !ok || done[name] {
			return
		}
		for _, need := range checks[i].Needs {
			walk(need, append(way, name))
		}
		done[name] = true
	}
	for _, check := range checks {
		walk(check.Name, nil)
	}
}
