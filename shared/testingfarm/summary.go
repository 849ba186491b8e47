package testingfarm

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// SummaryLength is the most runes a Summary has: what a forge shows of a
// status before it cuts.
const SummaryLength = 80

// Summary says in one line what came of it, the result first: "2 of 31 failed:
// /smoke/cli, /upgrade".
func Summary(r Result) string {
	return clip(summary(r), SummaryLength)
}

func summary(r Result) string {
	tests := r.Report.Tests
	switch r.Outcome {
	case Running:
		if len(tests) > 0 {
			return fmt.Sprintf("running: %d of %d done", len(tests)-len(named(tests, "pending", "undefined")), len(tests))
		}
		return "running"
	case Passed:
		return passed(tests)
	case Failed:
		if s := counted(tests, "failed", "failed"); s != "" {
			return s
		}
		if s := counted(tests, "in error", "error"); s != "" {
			return s
		}
		return withNote("failed", r)
	case NeedsInspection:
		if s := counted(tests, "to inspect", "needs_inspection"); s != "" {
			return s
		}
		return withNote("needs inspection", r)
	case Error:
		// A plan that ran and broke names its tests; else nobody was judged.
		if r.State == "complete" && r.Note == "" {
			if s := counted(tests, "in error", "error"); s != "" {
				return s
			}
		}
		return withNote("infrastructure", r)
	default:
		return withNote(string(r.Outcome), r)
	}
}

func passed(tests []Test) string {
	skipped := len(named(tests, "skipped"))
	done := len(tests) - skipped - len(named(tests, "pending", "undefined"))
	switch {
	case done == 0:
		return "passed"
	case skipped > 0:
		return fmt.Sprintf("%d passed, %d skipped", done, skipped)
	default:
		return fmt.Sprintf("%d passed", done)
	}
}

// counted writes "2 of 31 failed: /a, /b", as many names as there is room for.
func counted(tests []Test, how string, words ...string) string {
	names := named(tests, words...)
	if len(names) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d %s: ", len(names), len(tests), how)
	// One test fails on several machines or in several plans under one name.
	slices.Sort(names)
	names = slices.Compact(names)
	for i, name := range names {
		more := ""
		if left := len(names) - i - 1; left > 0 {
			more = fmt.Sprintf(" and %d more", left)
		}
		room := SummaryLength - utf8.RuneCountInString(text) - len(more)
		if i > 0 {
			name = ", " + name
		}
		if i > 0 && utf8.RuneCountInString(name) > room {
			return text + fmt.Sprintf(" and %d more", len(names)-i)
		}
		text += clip(name, max(room, 2))
	}
	return text
}

func named(tests []Test, words ...string) []string {
	var names []string
	for _, t := range tests {
		if slices.Contains(words, t.Result) {
			names = append(names, t.Name)
		}
	}
	return names
}

// withNote adds why. Testing Farm often begins with the very word.
func withNote(what string, r Result) string {
	note := r.Note
	for _, s := range r.Report.Suites {
		if note == "" {
			note = s.Note
		}
	}
	for _, t := range r.Report.Tests {
		if note == "" {
			note = t.Note
		}
	}
	if note == "" && r.Outcome == Error {
		note = "no reason given"
	}
	note = strings.TrimSpace(strings.TrimPrefix(note, what+":"))
	if note == "" {
		return what
	}
	return what + ": " + note
}
