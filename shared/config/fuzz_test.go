package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/distaff-project/distaff/shared/config"
)

// FuzzParse: whatever the file, there is a whole configuration or a list of
// problems with a place each, one per line, and never both.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte(withSecrets))
	guide, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		f.Fatal(err)
	}
	for _, part := range strings.Split(string(guide), "```yaml\n")[1:] {
		example, _, _ := strings.Cut(part, "```")
		f.Add([]byte(example))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := config.Parse("f", data)
		if err == nil {
			rules := cfg.Rules()
			if cfg.Name == "" || len(rules.Forges) == 0 || rules.SCM("u", "c") == "" || rules.Koji == "" || rules.BuildLimit <= 0 {
				t.Errorf("not whole: %+v", cfg)
			}
			cfg.Sources()
			return
		}
		var problems config.Problems
		if cfg != nil || !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("%v and %v", cfg, err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Text == "" || strings.ContainsAny(p.String(), "\n\r") || !utf8.ValidString(p.String()) {
				t.Errorf("bad problem %+q", p.String())
			}
		}
	})
}
