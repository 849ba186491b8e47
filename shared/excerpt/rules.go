package excerpt

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed rules.yaml
var builtin []byte

// Builtin gives the rules that come with the project, read once.
func Builtin() *Rules { return read() }

//nolint:gochecknoglobals // constant data: the embedded rules, compiled at first use
var read = sync.OnceValue(func() *Rules {
	rules, err := Parse(builtin)
	if err != nil {
		panic(err) // the tests parse the same bytes
	}
	return rules
})

// Rules is a compiled set of rules, safe for concurrent use.
type Rules struct {
	strip   []prefix
	rules   []Rule
	phrases *phrases
	// seen[p] are the rules that phrase p may fire, cue[p] tells that a rule
	// wants to know where p was last seen.
	seen [][]int
	cue  []bool
}

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

// prefix is what loggers put before other programs' lines.
type prefix struct {
	phrase int
	regex  *regexp.Regexp
}

// Parse reads rules in the form of rules.yaml.
func Parse(text []byte) (*Rules, error) {
	var file struct {
		Strip []struct {
			Phrase string `yaml:"phrase"`
			Regex  string `yaml:"regex"`
		} `yaml:"strip"`
		Rules []Rule `yaml:"rules"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read the excerpt rules: %w", err)
	}
	set := &Rules{phrases: newPhrases()}
	for _, s := range file.Strip {
		re, err := regexp.Compile("^(?:" + s.Regex + ")")
		if err != nil {
			return nil, fmt.Errorf("strip %q: %w", s.Regex, err)
		}
		set.strip = append(set.strip, prefix{set.phrases.add(s.Phrase), re})
	}
	for _, rule := range file.Rules {
		if slices.ContainsFunc(set.rules, func(r Rule) bool { return r.ID == rule.ID }) {
			return nil, fmt.Errorf("rule %s: there are two of them", rule.ID)
		}
		if err := set.compile(rule); err != nil {
			return nil, fmt.Errorf("rule %q: %w", rule.ID, err)
		}
	}
	set.index()
	return set, nil
}

// All gives the rules, in the file's order.
func (s *Rules) All() []Rule { return slices.Clone(s.rules) }

func (s *Rules) compile(r Rule) error {
	if r.ID == "" || r.Tool == "" || len(r.Phrase) == 0 || slices.Contains(r.Phrase, "") {
		return fmt.Errorf("a rule has an id, a tool and a phrase that is not empty")
	}
	if (r.Priority > 0) == (r.Forget > 0) || (r.Priority > 0) != (len(r.Say) > 0) {
		return fmt.Errorf("a rule either has a priority and says something, or forgets")
	}
	for _, name := range r.Logs {
		if _, err := path.Match(name, ""); err != nil {
			return fmt.Errorf("log name %q: %w", name, err)
		}
	}
	var err error
	if r.regex, err = pattern(r.Regex); err != nil {
		return err
	}
	if r.not, err = pattern(r.Not); err != nil {
		return err
	}
	for _, text := range r.Recall {
		re, err := pattern(text)
		if err != nil {
			return err
		}
		r.recall = append(r.recall, re)
	}
	if r.Within == 0 {
		r.Within = 40
	}
	r.after = -1
	if r.After != "" {
		r.after = s.phrases.add(r.After)
	}
	for _, p := range r.Phrase {
		r.phrases = append(r.phrases, s.phrases.add(p))
	}
	s.rules = append(s.rules, r)
	return nil
}

// pattern compiles a pattern; an empty one is nil.
func pattern(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no pattern, no fault
	}
	return regexp.Compile(text)
}

// index turns the rules around: from a phrase to the rules that it may fire.
func (s *Rules) index() {
	s.seen, s.cue = make([][]int, s.phrases.count()), make([]bool, s.phrases.count())
	for i, r := range s.rules {
		for _, p := range r.phrases {
			s.seen[p] = append(s.seen[p], i)
		}
		if r.after >= 0 {
			s.cue[r.after] = true
		}
	}
	s.phrases.build()
}

func (s *Rules) rank(e Excerpt) int {
	for _, r := range s.rules {
		if r.ID == e.Rule {
			return r.Priority
		}
	}
	return 0
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
