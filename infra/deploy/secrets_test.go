package deploy_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/infra/deploy"
	"github.com/distaff-project/distaff/shared/config"
)

// Each Service starts with the Secrets it is given, asks for no other, and is
// given none it does not ask for.
func TestAServiceIsGivenTheSecretsItAsksFor(t *testing.T) {
	for _, environment := range environments {
		cfg, err := config.Read(filepath.Join(root, "infra/overlays", environment, "distaff.yaml"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, u := range units(t) {
			t.Run(environment+"/"+u.Name, func(t *testing.T) {
				var asked []string
				secrets := config.NewSecrets(
					func(name string) (string, bool) { t.Errorf("it asks for the variable %s", name); return "", false },
					func(name string) ([]byte, error) {
						folder, ok := strings.CutPrefix(filepath.Dir(name), deploy.SecretsDir+"/")
						if !ok {
							t.Errorf("it asks for %s", name)
						}
						if !slices.Contains(asked, folder) {
							asked = append(asked, folder)
						}
						return []byte("0123456789abcdef"), nil
					})
				_, _ = distaff.Connect(t.Context(), cfg, secrets, distaff.Systems(u.Functions))
				var given []string
				for _, m := range u.Mounts() {
					if m.Folder == "fedora-messaging" && cfg.Bus == nil {
						continue // this environment has no bus
					}
					given = append(given, m.Folder)
				}
				slices.Sort(asked)
				slices.Sort(given)
				if diff := cmp.Diff(given, asked); diff != "" {
					t.Errorf("- given, + asked for:\n%s", diff)
				}
			})
		}
	}
}
