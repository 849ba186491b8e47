package world

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/config"
)

// configuration is that of an instance in production, with the addresses and
// keys of this machine.
const configuration = `# Written at each start of the local world. To see what else can be said, read
# docs/config.md.
name: {{.Robot}}
pages: {{.At.Pages}}
bucket:
  name: {{.Bucket}}
  endpoint: {{.At.Store}}
  region: {{.Region}}
  access_key_file: keys/bucket-access
  secret_key_file: keys/bucket-secret
forges:
  {{.Instance}}:
    type: pagure
    url: {{.At.Forge}}
    user: {{.Robot}}
    token_file: keys/forge
    webhook_secret_file: keys/forge-webhook
koji:
  {{.Instance}}:
    server: {{.At.Koji}}/kojihub
    owner: {{.Robot}}
    auth: {user: {{.Robot}}, password_file: keys/koji}
testing_farm:
  {{.Instance}}:
    url: {{.At.Farm}}/v0.1
    token_file: keys/testing-farm
bodhi: {url: {{.At.Bodhi}}}
bus:
  url: amqp://{{.Robot}}@{{.At.Bus}}/%2F
  password_file: keys/bus
  queue: {{.Queue}}
  datagrepper: {{.At.Datagrepper}}
hooks:
  url: {{.At.Distaff}}
  key_file: keys/hooks
{{- if .Checks}}
checks:
{{- range .Checks}}
  - name: {{.Name}}
    required: {{.Required}}
    needs: [{{range $i, $n := .Needs}}{{if $i}}, {{end}}{{$n}}{{end}}]
{{- end}}
{{- end}}
`

// ConfigFile is where the configuration of the world in dir lies.
func ConfigFile(dir string) string { return filepath.Join(dir, "config.yaml") }

// configure writes the configuration, and reads it as production would. The
// checks stay what they were, unless the options say otherwise.
func (w *World) configure() (*config.Config, error) {
	checks := w.options.Checks
	if before, err := config.Read(ConfigFile(w.options.Dir)); err == nil && checks == nil {
		checks = before.Checks
	}
	t, err := template.New("configuration").Parse(configuration)
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"At": w.Addresses, "Robot": Robot, "Bucket": BucketName, "Region": store.DefaultRegion,
		"Instance": Instance, "Queue": queue, "Checks": checks,
	})
	if err == nil {
		err = os.WriteFile(ConfigFile(w.options.Dir), b.Bytes(), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return config.Read(ConfigFile(w.options.Dir))
}
