package excerpt

import (
	"strings"
	"testing"
)

func TestEveryRuleSaysWhatItsExamplesPromise(t *testing.T) {
	all := Builtin()
	for _, rule := range all.All() {
		t.Run(rule.ID, func(t *testing.T) {
			if len(rule.Yes) == 0 || len(rule.No) == 0 {
				t.Fatal("a rule needs an example that matches and one that does not")
			}
			for _, example := range rule.Yes {
				found, ok := Find([]byte(example.Log), rule.example(example))
				if rule.Forget == 0 && found.Rule != rule.ID {
					t.Errorf("%q: rule %q won", example.Log, found.Rule)
				}
				if !ok || found.Reason != example.Says {
					t.Errorf("%q\n says %q,\n want %q", example.Log, found.Reason, example.Says)
				}
				if rule.Forget == 0 && found.Infra != rule.Infra {
					t.Errorf("%q: infra is %t", example.Log, found.Infra)
				}
			}
			if rule.Forget > 0 {
				return
			}
			alone := &Rules{strip: all.strip, rules: []Rule{rule}, phrases: all.phrases}
			alone.index()
			for _, log := range rule.No {
				if found, ok, _ := alone.readText(log, rule.example(Example{})); ok {
					t.Errorf("%q matches: %q", log, found.Reason)
				}
			}
		})
	}
}

// example names the log an example is from.
func (r *Rule) example(e Example) string {
	if e.Name != "" {
		return e.Name
	}
	for _, name := range r.Logs {
		if !containsWildcard(name) {
			return name
		}
	}
	return "build.log"
}

func containsWildcard(name string) bool { return strings.ContainsAny(name, "*?[") }

func (s *Rules) readText(log, name string) (Excerpt, bool, error) {
	return s.Read(strings.NewReader(log), name)
}

func TestRulesThatCannotWorkAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no phrase":             "rules: [{id: a, tool: b, priority: 1, say: [x]}]",
		"an empty phrase":       "rules: [{id: a, tool: b, phrase: [''], priority: 1, say: [x]}]",
		"nothing to say":        "rules: [{id: a, tool: b, phrase: [p], priority: 1}]",
		"a bad pattern":         "rules: [{id: a, tool: b, phrase: [p], regex: '(', priority: 1, say: [x]}]",
		"a bad recall":          "rules: [{id: a, tool: b, phrase: [p], recall: ['('], priority: 1, say: [x]}]",
		"a bad log name":        "rules: [{id: a, tool: b, logs: ['['], phrase: [p], priority: 1, say: [x]}]",
		"two of one id":         "rules: [{id: a, tool: b, phrase: [p], priority: 1, say: [x]}, {id: a, tool: b, phrase: [p], priority: 1, say: [x]}]",
		"a field unheard of":    "rules: [{id: a, tool: b, phrase: [p], priority: 1, say: [x], colour: red}]",
		"a milestone that says": "rules: [{id: a, tool: b, phrase: [p], forget: 1, priority: 1, say: [x]}]",
		"a bad strip":           "strip: [{phrase: x, regex: '('}]",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(text)); err == nil {
				t.Error("the rules were taken")
			}
		})
	}
}

func TestAWordingNamesOnlyGroupsThatExist(t *testing.T) {
	for _, rule := range Builtin().All() {
		groups := map[string]string{"line": "x"}
		for _, re := range append(rule.recall, rule.regex) {
			if re == nil {
				continue
			}
			for _, name := range re.SubexpNames() {
				groups[name] = "x"
			}
		}
		for _, wording := range rule.Say {
			if _, complete := fill(wording, groups); !complete {
				t.Errorf("%s: %q names a group that no pattern has", rule.ID, wording)
			}
		}
	}
}
