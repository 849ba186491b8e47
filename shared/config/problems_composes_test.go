package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/config"
)

// onlyComposes is an instance that checks no pull requests.
const onlyComposes = `name: composes
pages: https://ci.example.org/
bucket: {name: distaff}
koji: {fedora: {server: https://koji.example.org/kojihub}}
composes:
  url: https://composes.example.org/
  login: {anyone: true}
  rules:
    - {name: fixes, tags: [f45-fixes], request: {type: tag, source: f45-fixes}}
`

func TestAnInstanceMayOnlyMakeComposes(t *testing.T) {
	c, err := config.Parse("d.yaml", []byte(onlyComposes))
	if err != nil {
		t.Fatal(err)
	}
	k := c.Composes
	got := []any{k.Koji, k.Arches, k.Lifetime.String(), k.LifetimeMost.String(), k.Compression, string(k.Rules[0].Request.Body())}
	want := []any{"fedora", []string{"x86_64"}, "24h0m0s", "72h0m0s", "zstd", `{"source":{"source":"f45-fixes","type":"tag"}}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProblemsOfComposes(t *testing.T) {
	cases := []struct {
		name, old, changed string
		want               []string // path: text
	}{
		{"no address", "  url: https://composes.example.org/\n", "", []string{
			"composes.url: is missing; name the address under which dnf finds the bucket's composes/, such as https://composes.example.org/",
		}},
		{"another Koji", "url: https://composes", "koji: fedroa\n  url: https://composes", []string{
			`composes.koji: nothing named "fedroa" is in koji; did you mean fedora?`,
		}},
		{"merged repositories", "  login: {", "  repositories: {extras: {urls: [\"https://a.example/\", \"https://b.example/\"], url: \"https://c.example/\", arches: [x86_64]}}\n  login: {", []string{
			`composes.repositories.extras.urls: stands beside url; write all addresses into urls, or one into url`,
		}},
		{"hosts that are none", "  login: {", "  outside: [\"10.0.0.*\", a.example, \"http://b\", a.example]\n  login: {", []string{
			`composes.outside[0]: "10.0.0.*" is no host: write a name, *. and a name, or an IP address, with :port behind for one port alone`,
			`composes.outside[2]: "http://b" is no host: write a name, *. and a name, or an IP address, with :port behind for one port alone`,
			`composes.outside[3]: "a.example" is in the list twice, first in line 7; keep one`,
		}},
		{"rules in a ring", "    - {name: fixes, tags: [f45-fixes],", `    - {name: a, composes: ["fix*"], request: {type: tag, source: f45, label: of-a}}
    - {name: b, composes: [of-a], request: {type: tag, source: f45}}
    - {name: c, composes: [a, b, fixes, c], request: {type: tag, source: f45}}
    - {name: fixes, composes: [b],`, []string{
			"composes.rules[0].composes: these rules wait for each other: a → fixes → b → a; each compose would want the next, without end",
		}},
		{"no way to log in", "  login: {anyone: true}\n", "", []string{
			"composes.login: is missing; say how callers of the API log in; {anyone: true} lets everybody in and is for a local run",
		}},
		{"everybody, and some", "{anyone: true}", "{anyone: true, kerberos: {keytab_file: k, realms: [A]}}", []string{
			"composes.login.anyone: cannot stand beside other ways to log in; keep one of them",
		}},
		{"tickets for nobody", "{anyone: true}", "{kerberos: {keytab_file: k, realms: [A], strip_realms: [B]}}", []string{
			`composes.login.kerberos.strip_realms[0]: "B" is not among realms`,
		}},
		{"nobody may", "{anyone: true}", "{kerberos: {keytab_file: k, realms: [A]}}", []string{
			"composes.users: is missing, and groups too: nobody may ask for a compose; list who may",
		}},
		{"tokens for anybody", "{anyone: true}", "{oidc: {issuer: https://id.example.org, introspection: {}}}", []string{
			"composes.login.oidc.audience: is missing; list the names a token may be meant for, or set any_audience: true",
			"composes.login.oidc.introspection.client_id: is missing; name our own account with the issuer",
			"composes.login.oidc.introspection.client_secret_env: is missing; say where its secret is, here or with client_secret_file",
		}},
		{"certificates without an ingress", "{anyone: true}", "{certificate: {form: nginx}}", []string{
			"composes.login.certificate.ingress_secret_env: is missing; say where the secret in that header is, here or with ingress_secret_file",
			"composes.login.certificate.secret_header: is missing; name the header by which the ingress shows that a request came through it",
		}},
		{"an open directory", "{anyone: true}", "{anyone: true, ldap: {url: \"ldap://ldap.example.org\"}}", []string{
			"composes.login.ldap.groups: is missing; say where groups are looked for",
			"composes.login.ldap.url: is not encrypted; use ldaps://, or set start_tls: true",
		}},
		{"quotas", "url: https://composes", "default: {live: 0, per_hour: many, generating: unlimited}\n  url: https://composes", []string{
			"composes.default.live: wants a whole number from 1 on, or unlimited, not 0",
			`composes.default.per_hour: wants a whole number from 1 on, or unlimited, not "many"`,
		}},
		{"a longer life than may be", "url: https://composes", "lifetime: 80h\n  url: https://composes", []string{
			"composes.lifetime: is more than lifetime_most, which is 72h0m0s",
		}},
		{"odd words", "url: https://composes", "arches: [x86_64, X86]\n  sigkeys: [A15B79CC]\n  compression: xz\n  source_types: [tags]\n  url: https://composes", []string{
			`composes.arches[1]: "X86" is no architecture`,
			`composes.sigkeys[0]: "A15B79CC" is no key id: eight hex digits in lower case, or "" for packages that are not signed`,
			`composes.compression: "xz" is no compression; write zstd or gzip`,
			`composes.source_types[0]: "tags" is no type of source; did you mean tag?`,
		}},
		{"outside configurations", "url: https://composes", "raw_configs: {a: {url: \"https://x.example.org/{path}\", file: ../x}}\n  url: https://composes", []string{
			"composes.raw_configs.a.url: wants {commit} and {path} once each",
			`composes.raw_configs.a.file: "../x" is no path below the repository`,
		}},
		{"a rule that waits for nothing", "tags: [f45-fixes], ", "", []string{
			"composes.rules[0]: waits for nothing; give it tags, updates, modules or composes",
		}},
		{"a rule without a source", ", source: f45-fixes", "", []string{
			"composes.rules[0].request.source: is missing; name the tag, the module or what else it is made from",
		}},
		{"a gate nobody keeps", "name: fixes,", "name: fixes, gate: {decision_context: a, product_version: b},", []string{
			"composes.rules[0].gate: needs a greenwave to ask; add greenwave with its url",
		}},
		{"two rules with one name", "  rules:\n", "  rules:\n    - {name: fixes, latest: l, tags: [x], request: {type: tag, source: x}}\n    - {name: b, latest: l, tags: [x], request: {type: tag, source: x}}\n", []string{
			`composes.rules[1].latest: "l" is what rule 1 points with too; both would move it`,
			`composes.rules[2].name: "fixes" is the name of rule 1 too`,
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(onlyComposes, c.old) {
				t.Fatalf("%q is not in the configuration", c.old)
			}
			_, err := config.Parse("d.yaml", []byte(strings.Replace(onlyComposes, c.old, c.changed, 1)))
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.Path+": "+p.Text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
