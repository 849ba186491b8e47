package distaff_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff"
)

func TestThePageOfTheGraphIsUpToDate(t *testing.T) {
	page, err := os.ReadFile("docs/graph.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(distaff.Graph().Page(), string(page)); diff != "" {
		t.Errorf("docs/graph.md; run make generate:\n%s", diff)
	}
}

func TestNothingIsWrongWithTheGraph(t *testing.T) {
	for _, problem := range distaff.Graph().Problems {
		t.Error(problem.Text)
	}
}
