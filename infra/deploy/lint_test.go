package deploy_test

import (
	"testing"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/infra/lint"
)

// What `kubectl kustomize infra/overlays/prod | distaff manifests lint -` does. A
// fresh clone has no release, and that is all there is to say.
func TestAnEnvironmentLacksOnlyItsRelease(t *testing.T) {
	for _, environment := range environments {
		for name, more := range map[string][]string{"": nil, " with every component": {"jobs", "event-policies"}} {
			t.Run(environment+name, func(t *testing.T) {
				all, err := render(t, environment, more...).AsYaml()
				if err != nil {
					t.Fatal(err)
				}
				missing := 0
				for _, f := range lint.Check([]lint.File{{Name: environment, Data: all}}, lint.Options{
					Functions: distaff.Functions(distaff.Parts{}), Outward: distaff.Outward(), Dev: environment == "dev",
				}) {
					if f.Check == "release" {
						missing++
						continue
					}
					t.Errorf("%s: %s: %s %s", f.Object, f.What, f.Why, f.Do)
				}
				if missing != 1 {
					t.Errorf("that no release is chosen is said %d times", missing)
				}
			})
		}
	}
}
