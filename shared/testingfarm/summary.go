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
		return inBrackets(passed(tests), r.Note)
	case Failed:
		if s := counted(r, "failed", "failed"); s != "" {
			return s
		}
		if s := counted(r, "in error", "error"); s != "" {
			return s
		}
		return withNote("failed", r)
	case NeedsInspection:
		if s := counted(r, "to inspect", "needs_inspection"); s != "" {
			return s
		}
		return withNote("needs inspection", r)
	case Error:
		// A plan that ran and broke names its tests; else nobody was judged.
		if r.State == "complete" && r.Note == "" {
			if s := counted(r, "in error", "error"); s != "" {
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

// counted writes "2 of 31 failed: /a, /b", as many names as there is room for,
// and why, if there is one name and room.
func counted(r Result, how, word string) string {
	tests := r.Report.Tests
	all := named(tests, word)
	if len(all) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d %s: ", len(all), len(tests), how)
	// One test fails on several machines or in several plans under one name.
	var names []string
	for _, name := range all {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if len(names) > 40 { // none of them would be shown
			break
		}
	}
	for shown := len(names); shown > 1; shown-- {
		line := text + strings.Join(names[:shown], ", ")
		if left := len(names) - shown; left > 0 {
			line += ", …"
		}
		if utf8.RuneCountInString(line) <= SummaryLength {
			return inBrackets(line, r.Note)
		}
	}
	if len(names) > 1 {
		const more = ", …"
		return text + clip(names[0], SummaryLength-len(text)-3) + more
	}
	note := r.Note
	if i := slices.IndexFunc(tests, func(t Test) bool { return t.Result == word && t.Note != "" }); i >= 0 {
		note = tests[i].Note
	}
	return inBrackets(text+names[0], note)
}

// inBrackets adds a note where there is room for enough of it to be read.
func inBrackets(text, note string) string {
	const enough = 16
	room := SummaryLength - utf8.RuneCountInString(text) - len(" ()")
	if note == "" || room < min(enough, utf8.RuneCountInString(note)) {
		return text
	}
	return text + " (" + clip(note, room) + ")"
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
