package main

import (
	"slices"
	"strings"
)

// near gives those of all that could have been meant by text, the nearest
// first, at most three.
func near(text string, all []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	for _, name := range all {
		distance := editDistance(strings.ToLower(text), strings.ToLower(name))
		if distance <= max(2, len(text)/4) {
			found = append(found, candidate{name, distance})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })
	var names []string
	for _, c := range found[:min(3, len(found))] {
		names = append(names, c.name)
	}
	return names
}

// editDistance counts the letters to add, remove or replace to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := before
			if a[i-1] != b[j-1] {
				replaced++
			}
			before = row[j]
			row[j] = min(replaced, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// meant is the end of an error about a name that is not there.
func meant(text string, all []string) string {
	if names := near(text, all); len(names) > 0 {
		return "; did you mean " + strings.Join(names, " or ") + "?"
	}
	return ""
}
