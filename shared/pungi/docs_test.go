package pungi_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/pungi"
)

// Each key stands in the section that says what becomes of it, and no other
// does.
func TestEveryKeyIsExplained(t *testing.T) {
	raw, err := os.ReadFile("../../docs/raw-config.md")
	if err != nil {
		t.Fatal(err)
	}
	known := pungi.Known()
	for heading, keys := range map[string][]string{
		"Keys that shape the compose\n": known.Honoured, "Keys without effect\n": known.WithoutEffect,
		"Keys that ask for what is not made\n": known.OffOnly,
	} {
		_, section, found := strings.Cut(string(raw), "\n## "+heading)
		section, _, _ = strings.Cut(section, "\n## ")
		var told []string
		for line := range strings.Lines(section) {
			if strings.HasPrefix(line, "`") {
				for key := range strings.FieldsSeq(line) {
					told = append(told, strings.Trim(key, "`,."))
				}
			}
		}
		if !found || !slices.Equal(told, keys) {
			t.Errorf("under %q stand %d keys, and there are %d", heading, len(told), len(keys))
		}
	}
}
