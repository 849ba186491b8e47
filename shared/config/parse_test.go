package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/distaff-project/distaff/shared/config"
)

// minimal is the least that is a configuration.
const minimal = `name: fedora
pages: https://ci.example.org/
bucket: {name: distaff}
forges:
  fedora: {type: pagure, url: https://src.example.org, user: distaff}
koji:
  fedora: {server: https://koji.example.org/kojihub}
testing_farm:
  public: {ranch: public}
`

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("distaff.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return cfg
}

func TestAMinimalConfigurationHasGoodDefaults(t *testing.T) {
	want := &config.Config{
		Name: "fedora", Pages: "https://ci.example.org/",
		Bucket: config.Bucket{
			Name: "distaff", Keep: config.Keep{Claims: 60, Events: 90, Logs: 90, Dead: 30, Runs: 365, Usage: 90},
		},
		Forges: map[string]config.Forge{"fedora": {
			Type: config.Pagure, URL: "https://src.example.org", User: "distaff", Namespaces: []string{"rpms", "tests"},
		}},
		Koji: map[string]config.Koji{"fedora": {
			Server: "https://koji.example.org/kojihub", Web: "https://koji.example.org/koji",
			Files: "https://koji.example.org/kojifiles", Source: "git+{url}#{commit}",
		}},
		TestingFarm: map[string]config.TestingFarm{"public": {
			URL: "https://api.testing-farm.io/v0.1", Ranch: "public", Deployment: "prod",
		}},
		Bodhi: config.Bodhi{URL: "https://bodhi.fedoraproject.org"},
		Checks: []config.Check{
			{Name: "installability"},
			{Name: "rpminspect"},
			{Name: "rpmlint"},
			{Name: "rmdepcheck"},
			{Name: "license-validate"},
			{Name: "custom"},
		},
		Prices: config.Prices{
			Currency: "USD", PutThousand: 0.005, GetThousand: 0.0004, ListThousand: 0.005, GBSecond: 0.000002, CPUSecond: 0.000018,
			AlwaysOn: config.AlwaysOn{Pods: 1, MemoryMiB: 128, CPUMilli: 100},
		},
		Pipeline: config.Pipeline{
			Koji: "fedora", TestingFarm: "public", Docs: []string{"*.md", "README*"},
			BuildLimit: 24 * time.Hour, TestLimit: 12 * time.Hour,
		},
	}
	if diff := cmp.Diff(want, parse(t, minimal), cmpopts.IgnoreUnexported(config.Source{})); diff != "" {
		t.Error(diff)
	}
}

func TestABusHasGoodDefaults(t *testing.T) {
	got := parse(t, minimal+"bus: {url: 'amqps://fedora:@rabbitmq.example.org/%2Fpublic_pubsub', queue: q}\n").Bus
	want := &config.Bus{
		URL: "amqps://fedora:@rabbitmq.example.org/%2Fpublic_pubsub", Queue: "q", Passive: true,
		TopicPrefix: "org.fedoraproject.prod", Forge: "fedora", Koji: "fedora",
		Datagrepper: "https://apps.fedoraproject.org/datagrepper",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(config.Source{})); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsGivenStaysEvenIfItIsNothing(t *testing.T) {
	cfg := parse(t, strings.NewReplacer(
		"{name: distaff}", "{name: distaff, endpoint: 'http://127.0.0.1:9000', path_style: false, keep: {runs: 0}}",
	).Replace(minimal)+"checks: []\npipeline: {docs: []}\nbus: {url: 'amqp://localhost', queue: q, datagrepper: ''}\n")
	if cfg.Bucket.PathStyle || cfg.Bucket.Keep.Runs != 0 || len(cfg.Checks) != 0 || len(cfg.Pipeline.Docs) != 0 || cfg.Bus.Datagrepper != "" {
		t.Errorf("%+v", cfg)
	}
}

func TestWithAnEndpointTheBucketIsInThePath(t *testing.T) {
	cfg := parse(t, strings.Replace(minimal, "{name: distaff}", "{name: distaff, endpoint: https://s3.example.org}", 1))
	if !cfg.Bucket.PathStyle {
		t.Error("path_style is false")
	}
}

func TestWithoutChecksNoTestingFarmIsNeeded(t *testing.T) {
	text := strings.Replace(minimal, "testing_farm:\n  public: {ranch: public}\n", "checks: []\n", 1)
	if rules := parse(t, text).Rules(); rules.Farm != "" || len(rules.Checks) != 0 {
		t.Errorf("%+v", rules)
	}
}

func TestAKeytabGoesWithTheSystemsKerberos(t *testing.T) {
	cfg := parse(t, strings.Replace(minimal, "kojihub}", "kojihub, auth: {keytab_file: /k, principal: a@B}}", 1))
	if got := cfg.Koji["fedora"].Auth.Krb5Conf.File; got != "/etc/krb5.conf" {
		t.Error(got)
	}
}

func TestThisMachineAndTheClusterNeedNoEncryption(t *testing.T) {
	for _, host := range []string{
		"localhost", "LOCALHOST:8080", "forge.localhost", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "minio.storage.svc", "minio.storage.svc.cluster.local:9000",
	} {
		parse(t, strings.Replace(minimal, "https://src.example.org", "'http://"+host+"'", 1))
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "distaff.yaml")
	if err := os.WriteFile(path, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Read(path); err != nil {
		t.Error(err)
	}
	_, err := config.Read(path + ".not")
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, new(config.Problems)) {
		t.Error(err)
	}
}

func TestAByteOrderMarkDoesNoHarm(t *testing.T) {
	parse(t, "\ufeff"+strings.ReplaceAll(minimal, "\n", "\r\n"))
}
