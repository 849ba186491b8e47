package filter_test

import (
	"testing"

	"github.com/distaff-project/distaff/infra/local/broker/filter"
)

// Any text as CESQL is either refused or gives an answer; it never panics.
func FuzzCESQL(f *testing.F) {
	for _, seed := range []string{"TRUE", "1 + 1", "type = 'x'", "EXISTS a AND a LIKE '%b_'", "a IN ('b', 1)", "INT(a) / 0 = 1", "LEFT(type, -1) = ''", "(((", "'\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		compiled, err := filter.Compile([]filter.Expr{{CESQL: text}})
		if err != nil {
			return
		}
		if matched, _ := compiled.Explain(built()); matched != compiled.Match(built()) {
			t.Error("Match and Explain differ")
		}
	})
}
