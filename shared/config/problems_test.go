package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/config"
)

// TestProblems changes the minimal configuration, line by line where told, and
// expects exactly these words.
func TestProblems(t *testing.T) {
	const (
		bucket = "bucket: {name: distaff}"
		forge  = "{type: pagure, url: https://src.example.org, user: distaff}"
		koji   = "{server: https://koji.example.org/kojihub}"
		farm   = "{ranch: public}"
	)
	for _, test := range []struct {
		name, old, changed string
		want               string
	}{
		{"unknown key", bucket, "bukcet: {}\n" + bucket, "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := minimal + test.changed
			if test.old != "" {
				if !strings.Contains(minimal, test.old) {
					t.Fatalf("%q is not in the minimal configuration", test.old)
				}
				text = strings.Replace(minimal, test.old, test.changed, 1)
			}
			_, err := config.Parse("d.yaml", []byte(text))
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			got := strings.ReplaceAll(err.Error(), "d.yaml:", "")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
