package koji_test

import (
	"testing"

	"github.com/distaff-project/distaff/shared/koji"
)

func TestATargetThatIsNotThereIsToldFromTheFault(t *testing.T) {
	for fault, want := range map[string]string{
		"GenericError: unknown build target: epel10.1-candidate": "epel10.1-candidate",
		"GenericError: No such build target: f99":                "f99",
		"GenericError: No such build_target: 'f99'":              "f99",
		"GenericError: No matching build target found: f99":      "f99",
		"BuildError: package bash not in list for tag f45":       "",
		"GenericError: unknown build target: ":                   "",
		"":                                                       "",
	} {
		if got := koji.NoTarget(fault); got != want {
			t.Errorf("%q: %q, not %q", fault, got, want)
		}
	}
}
