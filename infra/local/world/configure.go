package world

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/rpm"
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
greenwave: {url: {{.At.Greenwave}}}
bus:
  url: amqp://{{.Robot}}@{{.At.Bus}}/%2F
  password_file: keys/bus
  queue: {{.Queue}}
  datagrepper: {{.At.Datagrepper}}
hooks:
  url: {{.At.Distaff}}
  key_file: keys/hooks
composes:
  url: {{.At.Composes}}
  arches: [{{.Arch}}]
  outside: [127.0.0.1]
  mbs: {{.At.MBS}}
  login: {anyone: true}
{{.Rules}}
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
// checks and rules stay what they were, unless the options say otherwise.
func (w *World) configure() (*config.Config, error) {
	checks, rules := w.options.Checks, w.options.Rules
	before, err := config.Read(ConfigFile(w.options.Dir))
	if err == nil && checks == nil {
		checks = before.Checks
	}
	switch {
	case rules != nil:
	case err == nil && before.Composes != nil:
		rules = before.Composes.Rules
	default:
		rules = fixes()
	}
	written, err := rulesText(rules)
	if err != nil {
		return nil, err
	}
	t, err := template.New("configuration").Parse(configuration)
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"At": w.Addresses, "Robot": Robot, "Bucket": BucketName, "Region": store.DefaultRegion,
		"Instance": Instance, "Queue": queue, "Checks": checks, "Rules": written, "Arch": rpm.FromGo(runtime.GOARCH),
	})
	if err == nil {
		err = os.WriteFile(ConfigFile(w.options.Dir), b.Bytes(), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return config.Read(ConfigFile(w.options.Dir))
}

// fixes are the rules of a new world: whatever comes into the tag of a Fedora's
// security fixes can be installed at once.
func fixes() []config.ComposeRule {
	var rules []config.ComposeRule
	for version := Rawhide - 2; version <= Rawhide; version++ {
		name := fmt.Sprintf("f%d-security", version)
		rules = append(rules, config.ComposeRule{
			Name: name, Tags: []string{name}, Latest: name,
			Request: config.RuleRequest{Type: "tag", Source: name, Sigkeys: []string{""}, Flags: []string{"no_deps"}},
		})
	}
	return rules
}

// rulesText writes rules as the configuration has them.
func rulesText(rules []config.ComposeRule) (string, error) {
	if len(rules) == 0 {
		return "", nil
	}
	raw, err := yaml.MarshalWithOptions(map[string]any{"rules": rules}, yaml.OmitEmpty())
	if err != nil {
		return "", fmt.Errorf("write the rules: %w", err)
	}
	return "  " + strings.ReplaceAll(strings.TrimRight(string(raw), "\n"), "\n", "\n  "), nil
}
