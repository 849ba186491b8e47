package distaff

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/forge/pagure"
	"github.com/distaff-project/distaff/shared/state"
)

const everything = `
name: test
pages: https://ci.example.org/
bucket:
  name: distaff
  endpoint: http://127.0.0.1:1
  access_key_env: BUCKET_KEY
  secret_key_env: BUCKET_SECRET
forges:
  fedora: {type: pagure, url: https://src.example.org, user: robot, token_env: PAGURE_TOKEN, webhook_secret_env: PAGURE_HOOKS}
  github:
    type: github
    user: robot
    token_env: GITHUB_TOKEN
    webhook_secret_env: GITHUB_HOOKS
    namespaces: [example]
koji:
  fedora: {server: https://koji.example.org/kojihub, owner: robot, auth: {user: robot, password_env: KOJI_PASSWORD}}
  stream: {server: https://cbs.example.org/kojihub, auth: {certificate_file: /secret/cbs.pem}}
  other: {server: https://other.example.org/kojihub, auth: {keytab_file: /secret/keytab, principal: robot@EXAMPLE.ORG}}
testing_farm:
  public: {token_env: FARM_TOKEN}
bus: {url: "amqps://robot@bus.example.org/%2F", password_env: BUS_PASSWORD, queue: q}
hooks: {url: https://hooks.example.org/, key_env: HOOKS_KEY}
pipeline: {koji: fedora, testing_farm: public}
greenwave: {url: https://greenwave.example.org}
composes:
  url: https://composes.example.org
  koji: fedora
  login:
    oidc:
      issuer: https://id.example.org
      audience: [composes]
      introspection: {url: https://id.example.org/token, client_id: composes, client_secret_env: OIDC_SECRET}
    certificate: {form: nginx, secret_header: x-ingress, ingress_secret_env: INGRESS_SECRET}
    ldap: {url: ldaps://ldap.example.org, bind_dn: cn=composes, password_env: LDAP_PASSWORD, groups: [{base: dc=example}]}
    kerberos: {keytab_file: /secret/http.keytab, realms: [EXAMPLE.ORG]}
  users: {robot: {source_types: [tag]}}
`

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("distaff.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAFunctionAsksForItsOwnSecretsOnly(t *testing.T) {
	bucket := []string{"BUCKET_KEY", "BUCKET_SECRET"}
	hubs := []string{"/etc/krb5.conf", "/secret/cbs.pem", "/secret/keytab", "KOJI_PASSWORD"}
	tokens := []string{"GITHUB_TOKEN", "PAGURE_TOKEN"}
	own := map[string][]string{
		"build-start": hubs, "compose-make": hubs, "tests-request": {"FARM_TOKEN", "HOOKS_KEY"}, "change-look": tokens, "status-report": tokens,
		"forge-webhook": {"GITHUB_HOOKS", "PAGURE_HOOKS"}, "testing-farm-webhook": {"HOOKS_KEY"}, "fedmsg-drain": {"BUS_PASSWORD"},
		"bus-publish": {"BUS_PASSWORD"},
		"compose-api": {"/secret/http.keytab", "INGRESS_SECRET", "LDAP_PASSWORD", "OIDC_SECRET"},
	}
	c := parse(t, everything)
	for _, f := range Functions(Parts{}) {
		t.Run(f.Name, func(t *testing.T) {
			asked := map[string]bool{}
			secrets := config.NewSecrets(
				func(name string) (string, bool) { asked[name] = true; return "0123456789abcdef", true },
				func(name string) ([]byte, error) { asked[name] = true; return nil, fs.ErrNotExist },
			)
			_, _ = Connect(t.Context(), c, secrets, Systems(pick(Functions(Parts{}), []string{f.Name})))
			want := slices.Sorted(slices.Values(append(slices.Clone(bucket), own[f.Name]...)))
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(asked))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAllThatIsMissingIsToldAtOnce(t *testing.T) {
	_, err := Connect(t.Context(), parse(t, everything), config.NewSecrets(nil, nil), nil)
	if err == nil {
		t.Fatal("nothing was missed")
	}
	for _, name := range []string{
		"BUCKET_KEY", "BUCKET_SECRET", "PAGURE_TOKEN", "PAGURE_HOOKS", "GITHUB_TOKEN", "GITHUB_HOOKS", "KOJI_PASSWORD",
		"/secret/cbs.pem", "/secret/keytab", "FARM_TOKEN", "BUS_PASSWORD", "HOOKS_KEY",
		"/secret/http.keytab", "INGRESS_SECRET", "LDAP_PASSWORD", "OIDC_SECRET",
	} {
		if n := strings.Count(err.Error(), name); n != 1 {
			t.Errorf("%s is told %d times in\n%v", name, n, err)
		}
	}
}

func TestWhatIsThereButOfNoUseIsToldWithoutShowingIt(t *testing.T) {
	const secret = "hunter2-and-more-of-it"
	secrets := config.NewSecrets(
		func(string) (string, bool) { return secret, true },
		func(string) ([]byte, error) { return []byte(secret), nil },
	)
	_, err := Connect(t.Context(), parse(t, everything), secrets, nil)
	if err == nil {
		t.Fatal("a certificate that is none was taken")
	}
	for _, want := range []string{"koji.stream.auth: certificate_file", "koji.other.auth: koji: read keytab"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("a secret is shown:\n%v", err)
	}
}

// simple is everything, without what needs true keys.
func simple() string {
	return strings.NewReplacer("  stream:", "  #", "  other:", "  #", "    kerberos:", "    #", "    ldap:", "    #").Replace(everything)
}

func TestPartsAreNamedByInstance(t *testing.T) {
	secrets := config.NewSecrets(func(string) (string, bool) { return "0123456789abcdef", true }, nil)
	text := simple()
	parts, err := Connect(t.Context(), parse(t, text), secrets, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := [][]string{
		slices.Sorted(maps.Keys(parts.Forges)), slices.Sorted(maps.Keys(parts.Hubs)), slices.Sorted(maps.Keys(parts.Farms)),
		{parts.Prefix, parts.Farms["public"].Hooks, parts.Farms["public"].Deployment, string(parts.HookKey), parts.Rules.Pages},
		{parts.Bus.Forge, parts.Bus.Koji, parts.Bus.Owner, parts.Bus.Topics[1]},
	}
	want := [][]string{
		{"fedora", "github"},
		{"fedora"},
		{"public"},
		{"test", "https://hooks.example.org/testing-farm-webhook", "prod", "0123456789abcdef", "https://ci.example.org/"},
		{"fedora", "fedora", "robot", "org.fedoraproject.prod.pagure.pull-request.new"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	body := []byte(`{}`)
	signed := http.Header{pagure.SignatureSHA256: {pagure.Sign("0123456789abcdef", body)}}
	if err := parts.Forges["fedora"].Verify(signed, body); err != nil {
		t.Errorf("a web hook signed with our key: %v", err)
	}
	if err := parts.Forges["github"].Verify(signed, body); err == nil {
		t.Error("GitHub takes a signature of Pagure")
	}
}

func TestComposesAreMadeFromAllThatIsSetUp(t *testing.T) {
	const more = `  mbs: https://mbs.example.org/module-build-service/1
  repositories: {tools: {url: https://tools.example.org/$basearch, arches: [x86_64], unpublished: true}}
  raw_configs: {product: {url: "https://src.example.org/pungi/raw/{commit}/f/{path}", file: product.conf}}
`
	secrets := config.NewSecrets(func(string) (string, bool) { return "0123456789abcdef", true }, nil)
	types := func(c Composes) []string {
		var names []string
		for _, one := range c.Defaults.Types {
			names = append(names, one.String())
		}
		return names
	}
	parts, err := Connect(t.Context(), parse(t, simple()+more), secrets, nil)
	if err != nil {
		t.Fatal(err)
	}
	made := parts.Composes.Make
	if made.Open == nil || made.Modules == nil || made.Fetch == nil {
		t.Errorf("others' repositories %v, modules %v, Git repositories %t", made.Open, made.Modules, made.Fetch != nil)
	}
	want := map[string]composemake.Repository{"tools": {URL: "https://tools.example.org/$basearch", Arches: []string{"x86_64"}, Unpublished: true}}
	if diff := cmp.Diff(want, made.Repositories) + cmp.Diff(map[string]string{"product": "product.conf"}, made.RawConfigs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"tag", "module", "repo", "pulp", "raw_config", "build", "pungi_compose", "locked"}, types(parts.Composes)); diff != "" {
		t.Error(diff)
	}
	parts, err = Connect(t.Context(), parse(t, simple()), secrets, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"tag", "module", "repo", "build", "pungi_compose", "locked"}, types(parts.Composes)); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutAKeyNoWebhookIsTaken(t *testing.T) {
	text := strings.ReplaceAll(everything, ", webhook_secret_env: PAGURE_HOOKS", "")
	parts, _ := Connect(t.Context(), parse(t, text), config.NewSecrets(nil, nil), nil)
	signed := http.Header{pagure.SignatureSHA256: {pagure.Sign("", []byte("{}"))}}
	if err := parts.Forges["fedora"].Verify(signed, []byte("{}")); err == nil {
		t.Error("a web hook signed with nothing is taken")
	}
}

func TestWithoutABusTheQueueIsEmpty(t *testing.T) {
	var lines []string
	for line := range strings.Lines(everything) {
		if !strings.HasPrefix(line, "bus:") {
			lines = append(lines, line)
		}
	}
	parts, _ := Connect(t.Context(), parse(t, strings.Join(lines, "")), config.NewSecrets(nil, nil), nil)
	drained, err := parts.Bus.Queue.Drain(t.Context(), 1, time.Second, nil)
	if err != nil || !drained.Empty || parts.Bus.Archive != nil {
		t.Errorf("%+v, %v, %v", drained, parts.Bus.Archive, err)
	}
}

func TestAnUnreadableMessageIsSetAsideWhole(t *testing.T) {
	store := mem.New()
	bucket := state.New(store)
	bucket.Now = func() time.Time { return time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC) }
	m := fedmsg.Malformed{
		ID: "../a", Topic: "org.example", Headers: map[string]any{"n": make(chan int)},
		Body: []byte{0xff, '{'}, Reason: errors.New("no JSON"),
	}
	if err := SetAside(bucket)(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	object, err := store.Get(t.Context(), "dead/2026-11-21/fedmsg/~2e.~2fa.json")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"../a","topic":"org.example","reason":"no JSON","body":"/3s="}`
	if diff := cmp.Diff(want, string(object.Body)); diff != "" {
		t.Error(diff)
	}
}
