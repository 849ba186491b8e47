package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/config"
)

const withSecrets = `name: fedora
pages: https://ci.example.org/
bucket: {name: distaff, access_key_env: KEY, secret_key_file: key}
forges:
  fedora:
    {type: pagure, url: https://src.example.org, user: distaff, token_env: TOKEN, webhook_secret_file: /hooks}
koji:
  fedora:
    server: https://koji.example.org/kojihub
    auth: {user: distaff, password_env: PASSWORD}
testing_farm:
  public: {ranch: public}
hooks: {url: https://hooks.example.org, key_env: HOOKS_KEY}
`

// secrets of a small environment and two files.
func secrets(env map[string]string) *config.Secrets {
	return config.NewSecrets(
		func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		func(name string) ([]byte, error) {
			switch name {
			case "etc/key":
				return []byte("\x00binary\n"), nil
			case "/hooks":
				return []byte("one\r\n\n two \n"), nil
			}
			return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
		})
}

func parseSecrets(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := config.Parse("etc/d.yaml", []byte(withSecrets))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestSecretsAreFoundWhereTheFileSays(t *testing.T) {
	cfg := parseSecrets(t)
	s := secrets(map[string]string{"TOKEN": " t0ken\n", "HOOKS_KEY": "0123456789abcdef"})
	forge := cfg.Forges["fedora"]
	got := []any{
		s.Need(forge.Token).Text(), s.Need(forge.WebhookSecret).Lines(), s.Need(cfg.Bucket.SecretKey).Bytes(),
		s.Of(cfg.TestingFarm["public"].Token).Text(), s.Need(cfg.Hooks.Key).Text(),
	}
	want := []any{"t0ken", []string{"one", "two"}, []byte("\x00binary\n"), "", "0123456789abcdef"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

func TestAllThatIsMissingIsSaidAtOnce(t *testing.T) {
	cfg := parseSecrets(t)
	s := config.NewSecrets(
		func(name string) (string, bool) {
			return map[string]string{"PASSWORD": " ", "HOOKS_KEY": "hunter2"}[name], name == "PASSWORD" || name == "HOOKS_KEY"
		},
		func(name string) ([]byte, error) {
			if name == "/hooks" {
				return nil, fs.ErrPermission
			}
			return nil, fs.ErrNotExist
		})
	for _, source := range cfg.Sources() {
		s.Of(source)
	}
	s.Need(cfg.TestingFarm["public"].Token)
	s.Need(cfg.Koji["fedora"].Auth.Keytab)
	want := strings.TrimSpace(`
etc/d.yaml:3:41: bucket.access_key_env: the environment has no variable KEY; set it, or name another place
etc/d.yaml:3:63: bucket.secret_key_file: there is no file etc/key
etc/d.yaml:6:76: forges.fedora.token_env: the environment has no variable TOKEN; set it, or name another place
etc/d.yaml:6:104: forges.fedora.webhook_secret_file: the file /hooks may not be read by this user
etc/d.yaml:10:5: koji.fedora.auth.keytab_file: is missing and needed here; set keytab_file
etc/d.yaml:10:41: koji.fedora.auth.password_env: the variable PASSWORD is empty
etc/d.yaml:12:3: testing_farm.public.token_env: is missing and needed here; set token_env or token_file
etc/d.yaml:13:50: hooks.key_env: the variable HOOKS_KEY is too short; it needs 16 characters or more
`)
	err := s.Err()
	if !errors.As(err, new(config.Problems)) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestSecretsOfAConfigurationMadeByHand(t *testing.T) {
	s := secrets(nil)
	s.Need(config.Source{})
	s.Need(config.Source{Env: "NOT"})
	want := "is missing and needed here\nthe environment has no variable NOT; set it, or name another place"
	if got := s.Err().Error(); got != want {
		t.Errorf("got %s", got)
	}
}

func TestNothingIsNoTrouble(t *testing.T) {
	var cfg *config.Config
	var s *config.Secrets
	if cfg.Sources() != nil || s.Err() != nil || s.Need(config.Source{Env: "A"}).Text() != "" || cfg.Rules().SCM != nil {
		t.Error("nil gives something")
	}
	if (*config.Bus)(nil).Address(config.Secret{}) != "" || config.NewSecrets(nil, nil).Of(config.Source{File: "f"}).Bytes() != nil {
		t.Error("nil gives something")
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	secret := config.NewSecret([]byte("hunter2"))
	type around struct{ Shown, hid any } // fmt asks no method of hid
	values := []any{secret, &secret, []config.Secret{secret}, map[string]config.Secret{"a": secret}, around{secret, secret}}
	values = append(values, struct{ s config.Secret }{secret})
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	asJSON := slog.New(slog.NewJSONHandler(&out, nil))
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%p", "%t", "%T"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		log.InfoContext(t.Context(), "x", slog.Any("secret", value))
		asJSON.InfoContext(t.Context(), "x", slog.Any("secret", value))
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal, xml.Marshal} {
			text, _ := marshal(value)
			out.Write(text)
		}
	}
	for _, form := range []string{"hunter2", "68756e", "104 117", fmt.Sprintf("%#v", []byte("hunter2"))} {
		if strings.Contains(strings.ToLower(out.String()), form) {
			t.Errorf("%q is shown in\n%s", form, out.String())
		}
	}
	if got, _ := json.Marshal(secret); string(got) != `"[hidden]"` || secret.String() != "[hidden]" || secret.LogValue().String() != "[hidden]" {
		t.Errorf("%s %s", got, secret)
	}
}

func TestASecretIsACopy(t *testing.T) {
	value := []byte("hunter2")
	secret := config.NewSecret(value)
	value[0] = 'X'
	secret.Bytes()[1] = 'X'
	if secret.Text() != "hunter2" {
		t.Error(secret.Text())
	}
}

func TestThePasswordIsPutIntoTheAddressOfTheBus(t *testing.T) {
	b := &config.Bus{URL: "amqps://me@mq.example.org/%2Fpublic_pubsub"}
	if got := b.Address(config.NewSecret([]byte("a/b\n"))); got != "amqps://me:a%2Fb@mq.example.org/%2Fpublic_pubsub" {
		t.Error(got)
	}
	if got := b.Address(config.Secret{}); got != b.URL {
		t.Error(got)
	}
}
