package excerpt

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Rule is one way in which one tool tells of a failure.
type Rule struct {
	// ID is stable: it is shown on result pages and counted in statistics.
	ID   string `yaml:"id"`
	Tool string `yaml:"tool"`
	// Logs are the names of logs the rule is for, with * and ?. None means all.
	Logs []string `yaml:"logs"`
	// Phrase are strings of which one is in each line that matches. They make
	// the search fast; a rule without Regex matches by its phrase alone.
	Phrase []string `yaml:"phrase"`
	// Regex is an RE2 pattern for the line; its named groups can be said.
	Regex string `yaml:"regex"`
	// Not is a pattern for lines that look alike but mean nothing.
	Not string `yaml:"not"`
	// After is a string that must have been in one of the Within lines before
	// (default 40).
	After  string `yaml:"after"`
	Within int    `yaml:"within"`
	// Recall are patterns looked for backwards from the line; the named groups
	// of their nearest matches can be said too.
	Recall []string `yaml:"recall"`
	// Priority tells how decisive the line is; the highest in a log wins. The
	// scale is at the head of rules.yaml.
	Priority int `yaml:"priority"`
	// Last makes the last match of several decide, not the first.
	Last bool `yaml:"last"`
	// Forget makes the rule a milestone: nothing is reported, and what was
	// found before with a priority of at most this number was no failure.
	Forget int `yaml:"forget"`
	// Infra marks a failure of the machinery.
	Infra bool `yaml:"infra"`
	// Say are wordings with {group}; the first whose groups all hold something
	// is used.
	Say []string `yaml:"say"`
	// Yes and No are examples, run by the tests: a log with the wording that is
	// expected, and logs that the rule must leave alone.
	Yes []Example `yaml:"yes"`
	No  []string  `yaml:"no"`

	regex, not *regexp.Regexp
	recall     []*regexp.Regexp
	after      int // phrase number of After, -1 for none
	phrases    []int
}

// Example is a piece of log and the reason the rule finds in it.
type Example struct {
	Log  string `yaml:"log"`
	Says string `yaml:"says"`
	Name string `yaml:"name"` // of the log; default the rule's first without wildcards, or build.log
}

// concerns tells if a rule is for logs of that name.
func (r *Rule) concerns(log string) bool {
	if len(r.Logs) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Logs, func(pattern string) bool {
		ok, _ := path.Match(pattern, log) // patterns were checked by compile
		return ok
	})
}

// word fills the first wording whose groups all hold something.
func (r *Rule) word(line string, before []string) string {
	groups := map[string]string{"line": strings.TrimSpace(line)}
	collect(groups, r.regex, line)
	for _, re := range r.recall {
		for _, earlier := range slices.Backward(before) {
			if collect(groups, re, earlier) {
				break
			}
		}
	}
	said := ""
	for _, wording := range r.Say {
		filled, complete := fill(wording, groups)
		said = filled
		if complete {
			break
		}
	}
	return cut(oneLine(straight.Replace(said)), MaxReason)
}

// straight makes the quotes of a UTF-8 and of a C locale the same.
//
//nolint:gochecknoglobals // constant table
var straight = strings.NewReplacer("‘", "'", "’", "'", "`", "'", "“", `"`, "”", `"`)

func collect(groups map[string]string, re *regexp.Regexp, line string) bool {
	if re == nil {
		return false
	}
	match := re.FindStringSubmatch(line)
	for i, name := range re.SubexpNames() {
		if match != nil && name != "" && strings.TrimSpace(match[i]) != "" {
			groups[name] = strings.TrimSpace(match[i])
		}
	}
	return match != nil
}

// fill puts the groups into a wording; false when one of them is missing.
func fill(wording string, groups map[string]string) (string, bool) {
	var out strings.Builder
	complete := true
	for {
		head, rest, ok := strings.Cut(wording, "{")
		out.WriteString(head)
		if !ok {
			return out.String(), complete
		}
		name, tail, _ := strings.Cut(rest, "}")
		if groups[name] == "" {
			complete = false
		}
		out.WriteString(groups[name])
		wording = tail
	}
}
