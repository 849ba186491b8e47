package excerpt

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"slices"
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
