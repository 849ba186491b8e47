package testingfarmtest

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestALibraryProvidesWhatRPMsGeneratorSays(t *testing.T) {
	const generator = "/usr/lib/rpm/elfdeps"
	if _, err := os.Stat(generator); err != nil {
		t.Skip("rpm's generator is not installed")
	}
	compared := 0
	for _, path := range hostLibraries() {
		ours := libraryProvides(path)
		if len(ours) == 0 {
			continue // a linker script, or a library without a name
		}
		cmd := exec.CommandContext(t.Context(), generator, "--provides")
		cmd.Stdin = strings.NewReader(path + "\n")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		theirs := strings.Fields(string(out)) // some twice
		slices.Sort(theirs)
		slices.Sort(ours)
		if diff := cmp.Diff(slices.Compact(theirs), slices.Compact(ours)); diff != "" {
			t.Errorf("%s (-theirs +ours):\n%s", path, diff)
		}
		if compared++; compared == 100 {
			break
		}
	}
	t.Logf("%d libraries compared", compared)
}
