package config

import (
	"slices"
	"strings"
)

// near gives the word that was probably meant; empty if none is close.
func near(word string, words []string) string {
	best, least := "", 1+max(1, len(word)/3)
	for _, other := range words {
		if d := distance(strings.ToLower(word), strings.ToLower(other)); d < least {
			best, least = other, d
		}
	}
	return best
}

// meant says which word was probably meant, or which there are.
func meant(word string, words []string) string {
	if len(words) == 0 {
		return ""
	}
	if other := near(word, words); other != "" {
		return "; did you mean " + other + "?"
	}
	return "; known here: " + strings.Join(words, ", ")
}

// distance counts the letters to change, add, drop or swap with their
// neighbour to get from a to b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	before, last, row := []int(nil), []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = slices.Min([]int{change, last[j+1] + 1, row[j] + 1})
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
