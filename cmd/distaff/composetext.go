package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/excerpt"
	"github.com/distaff-project/distaff/shared/odcs/client"
	"github.com/distaff-project/distaff/shared/page"
)

// plain makes a text that came from elsewhere safe to be shown on a terminal.
func plain(text string) string { return excerpt.Clean(strings.ReplaceAll(text, "\n", " ")) }

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return plain(line)
}

// cancelled tells whether a compose failed because somebody wanted it no more.
func cancelled(c client.Compose) bool {
	return c.State == compose.Failed && strings.HasPrefix(c.Reason, "Canceled by ")
}

// composeState is the state of a compose as the state of a run, for its symbol
// and colour.
func composeState(c client.Compose) (page.State, string) {
	switch c.State {
	case compose.Wait:
		return page.Queued, "waiting"
	case compose.Generating:
		return page.Running, "being made"
	case compose.Done:
		return page.Passed, "done"
	case compose.Removed:
		return page.Superseded, "removed"
	case compose.Failed:
		if cancelled(c) {
			return page.Cancelled, "cancelled"
		}
		return page.Failed, "failed"
	}
	return page.Skipped, "unknown"
}

func (s streams) composeBadge(c client.Compose) string {
	state, word := composeState(c)
	text := fmt.Sprintf("%s %-10s", symbol(state), word)
	color := map[page.State]string{page.Passed: "32", page.Failed: "31", page.Running: "34", page.Queued: "36"}[state]
	switch {
	case !s.color:
		return text
	case color == "":
		color = "90"
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// exitOfCompose is the code a command ends with that tells of a compose.
func exitOfCompose(c client.Compose) error {
	code := exitAgain
	switch {
	case c.State == compose.Done:
		return nil
	case cancelled(c):
		code = exitCancelled
	case c.State == compose.Failed:
		code = exitFailed
	case c.State == compose.Removed:
		code = exitNothing
	}
	return &exitError{code: code}
}

// about says what a compose is made of: tag f45-updates (bash zsh) for x86_64.
func about(c client.Compose) string {
	text := strings.ReplaceAll(c.SourceType.String(), "_", " ") + " " + c.Source
	if c.SourceType == compose.Build {
		text = "builds"
	}
	if c.Builds != "" {
		text += " + " + few(c.Builds, 2)
	}
	if c.Packages != "" {
		text += " (" + few(c.Packages, 3) + ")"
	}
	return plain(strings.Replace(text, "builds + ", "build ", 1))
}

// few gives the first words of a list, and how many more there are.
func few(list string, n int) string {
	words := strings.Fields(list)
	if len(words) <= n {
		return strings.Join(words, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:n], " "), len(words)-n)
}

// doing says in a line what becomes of a compose now.
func doing(c client.Compose) string {
	_, word := composeState(c)
	m := c.More
	_, trouble, _ := strings.Cut(c.Reason, "Compose is generating. ")
	switch {
	case trouble != "" && c.State == compose.Generating:
		return word + ": " + firstLine(trouble)
	case m != nil && m.Leader != 0 && c.State == compose.Generating:
		return fmt.Sprintf("%s: compose %d will be the same, and is waited for", word, m.Leader)
	case m != nil && m.Total > 0 && c.State == compose.Generating:
		return fmt.Sprintf("%s: %d of %d packages described", word, m.Described, m.Total)
	case c.Reason != "" && !strings.HasPrefix(c.Reason, "Compose "):
		return word + ": " + firstLine(c.Reason)
	case c.State == compose.Generating:
		return word + ": its packages are being found"
	}
	return word
}

func addressOf(c client.Compose) string {
	if c.RepoFile != "" {
		return c.RepoFile
	}
	return c.Toplevel
}

func (s streams) composeJSON(c client.Compose) error { return writeJSON(s.out, json.RawMessage(c.Raw)) }

// compose tells of one compose: the result first, then how to use it.
func (s streams) compose(c client.Compose, now time.Time, flagged string) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }
	say("compose %d  %s  %s", c.ID, strings.TrimSpace(s.composeBadge(c)), about(c))
	if c.State == compose.Failed || c.State == compose.Removed {
		for line := range strings.SplitSeq(strings.TrimSpace(c.Reason), "\n") {
			say("%s", plain(line))
		}
	} else if !c.Over() {
		say("%s", doing(c))
	}
	say("")
	for _, fact := range facts(c, now) {
		say("%-12s %s", fact[0], fact[1])
	}
	if c.More != nil {
		s.missing(c.More.Missing)
	}
	switch {
	case c.State == compose.Done && c.RepoFile != "":
		name := "odcs-" + fmt.Sprint(c.ID)
		say("\nTo install from it:\n  sudo curl -fo /etc/yum.repos.d/%s.repo %s\n  sudo dnf install PACKAGE", name, plain(c.RepoFile))
		say("To keep it longer: distaff compose renew %d%s", c.ID, flagged)
	case c.State == compose.Failed || c.State == compose.Removed:
		say("\nTo make it again: distaff compose renew %d%s", c.ID, flagged)
	}
	if c.More != nil && c.State != compose.Done { // it comes from a bucket
		say("What happened: distaff why%s compose %d", flagged, c.ID)
	}
}

// facts are what a person asks of a compose, by name.
func facts(c client.Compose, now time.Time) [][2]string {
	var all [][2]string
	add := func(name, text string) {
		if text != "" {
			all = append(all, [2]string{name, text})
		}
	}
	if c.State == compose.Done && c.Repo != "" {
		add("repo file", plain(c.RepoFile))
		add("repository", plain(c.Repo)+"/$basearch/os")
	}
	add("arches", plain(c.Arches))
	if m := c.More; m != nil && m.Packages > 0 {
		add("packages", fmt.Sprint(m.Packages))
	}
	add("signed by", signedBy(c.Sigkeys))
	add("flags", plain(strings.Join(c.Flags, " ")))
	add("label", plain(c.Label))
	add("owner", plain(c.Owner))
	if m := c.More; m != nil {
		add("why", plain(m.Why))
		if m.From != 0 {
			add("copy of", fmt.Sprintf("compose %d: exactly the same packages", m.From))
		}
		if m.Dir != 0 && m.Dir != c.ID {
			add("shares", fmt.Sprintf("the files of compose %d, which has the same content", m.Dir))
		}
	}
	add("asked for", stamp(c.Submitted)+" UTC")
	switch c.State {
	case compose.Removed:
		add("removed", stamp(c.Removed)+" UTC")
	case compose.Done:
		add("expires", stamp(c.Expires)+" UTC, "+until(c.Expires, now))
	case compose.Wait, compose.Generating, compose.Failed:
	}
	return all
}

func until(end, now time.Time) string {
	left := end.Sub(now)
	if left <= 0 {
		return "any moment"
	}
	return "in " + page.Seconds(left/time.Second).String()
}

// signedBy says which keys packages may be signed with. The API writes "may be
// unsigned" as a space at the end.
func signedBy(keys string) string {
	words := strings.Fields(keys)
	unsigned := keys != strings.TrimSpace(keys) || len(words) == 0
	text := plain(strings.Join(words, ", "))
	switch {
	case len(words) == 0:
		return ""
	case unsigned:
		return text + ", or not signed"
	}
	return text
}

const missingMost = 20

func (s streams) missing(rpms []string) {
	if len(rpms) == 0 {
		return
	}
	_, _ = fmt.Fprintf(s.out, "\nKoji does not have these any more as they were:\n")
	for i, name := range rpms {
		if i == missingMost {
			_, _ = fmt.Fprintf(s.out, "  and %d more\n", len(rpms)-i)
			return
		}
		_, _ = fmt.Fprintf(s.out, "  %s\n", plain(name))
	}
}

// clip cuts a text to a number of characters.
func clip(text string, most int) string {
	if most <= 1 || utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// fitted shortens one column of a table so that its rows fit into the width;
// 0 is any width.
func fitted(rows [][]string, column, width int) [][]string {
	if width == 0 {
		return rows
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(colorless(cell)))
		}
	}
	left := width
	for i, w := range widths {
		if i != column {
			left -= w + 2
		}
	}
	for _, row := range rows {
		row[column] = clip(row[column], max(left, 12))
	}
	return rows
}

// colorless is a text without its colours.
func colorless(text string) string {
	if !strings.Contains(text, "\x1b[") {
		return text
	}
	return excerpt.Clean(text)
}
