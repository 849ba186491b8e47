package deploy_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	made "github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/login/logintest"
	"github.com/distaff-project/distaff/shared/repodata/frame"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/state"
)

// GetRange makes a guarded bucket one whose objects can be read in parts.
func (g guarded) GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error) {
	if err := g.ledger.ask(g.function, "get", key); err != nil {
		return blob.Object{}, err
	}
	return g.Store.GetRange(ctx, key, offset, length)
}

const composing = `
name: test
pages: https://ci.example.org/
bucket: {name: distaff, endpoint: "http://127.0.0.1:1", access_key_env: A, secret_key_env: A}
koji:
  fedora: {server: %[1]s/kojihub, files: %[1]s/kojifiles}
greenwave: {url: %[2]s/greenwave}
composes:
  url: https://composes.example.org
  koji: fedora
  source_types: [tag, build, raw_config, locked]
  raw_configs: {fedora: {url: "%[2]s/raw/{commit}/{path}", file: fedora.conf}}
  login:
    oidc: {issuer: %[2]s, audience: [composes]}
    kerberos: {keytab_file: keytab, realms: [EXAMPLE.ORG]}
  admins: {users: [anna]}
  users:
    robot: {source_types: [tag, build, raw_config, locked], live: 100}
    alice@EXAMPLE.ORG: {source_types: [tag]}
  rules:
    - {name: fixes, tags: [f45-fixes], latest: fixes, request: {type: tag, source: f45-fixes, flags: [no_deps]}}
    - name: pushed
      updates: {status: [stable]}
      modules: ["*"]
      composes: [fixes]
      gate: {decision_context: push, product_version: fedora-45}
      quiet: 1m
      request: {type: tag, source: f45, flags: [no_deps]}
`

// service is all that makes composes: each function with its own view of one
// bucket, and what is on its way between them.
type service struct {
	*testing.T
	ledger    *ledger
	now       time.Time
	store     *mem.Store
	koji      *kojitest.Server
	issuer    *logintest.Issuer
	keytab    *keytab.Keytab
	functions map[string]fn.Function
	queue     []event.Event
	ticks     int
	// held tells that what is said stays on its way.
	held bool
	// hurried makes each look at the clock take a second.
	hurried bool
}

func newService(t *testing.T, l *ledger) *service {
	s := &service{T: t, ledger: l, now: time.Now(), functions: map[string]fn.Function{}}
	clock := func() time.Time {
		if s.hurried {
			s.now = s.now.Add(time.Second)
		}
		return s.now
	}
	s.store = mem.NewAt(clock)
	server, err := kojitest.New(kojitest.Config{
		Dir: t.TempDir(), Runner: kojitest.Script{Bare: true}, Users: map[string]string{"pkg": "secret"}, Admins: []string{"pkg"}, AnyPackage: true,
		Tags: []kojitest.TagSpec{{Name: "f45", Arches: []string{"x86_64"}}, {Name: "f45-fixes", Arches: []string{"x86_64"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	hub := httptest.NewServer(server)
	t.Cleanup(hub.Close)
	server.SetBaseURL(hub.URL)
	s.koji, s.issuer = server, logintest.NewIssuer(clock)
	outside := http.NewServeMux()
	outside.Handle("/", s.issuer)
	outside.HandleFunc("/greenwave/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"policies_satisfied": true, "summary": "all required tests passed", "satisfied_requirements": [], "unsatisfied_requirements": []}`))
	})
	web := httptest.NewServer(outside)
	t.Cleanup(web.Close)
	s.issuer.SetURL(web.URL)
	s.keytab = keytab.New()
	if err := s.keytab.AddEntry("HTTP/composes.example.org", "EXAMPLE.ORG", "the service's", s.now, 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	keys, err := s.keytab.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("distaff.yaml", fmt.Appendf(nil, composing, hub.URL, web.URL))
	if err != nil {
		t.Fatal(err)
	}
	secrets := config.NewSecrets(func(string) (string, bool) { return "0123456789abcdef", true }, func(string) ([]byte, error) { return keys, nil })
	for _, f := range functions() {
		view := guarded{s.store, l, f.Name}
		bucket := state.New(view)
		bucket.Now = clock
		bucket.Rest = func(context.Context, int) error { return nil }
		parts, err := distaff.ConnectTo(bucket, view, cfg, secrets, distaff.Systems([]fn.Function{f}))
		if err != nil {
			t.Fatal(err)
		}
		parts.Composes.Make.Metadata.Cut, parts.Composes.Make.Budget = frame.Cut{Average: 2}, 20*time.Second
		for _, own := range distaff.Functions(parts) {
			if own.Name == f.Name {
				s.functions[f.Name] = own
			}
		}
	}
	return s
}

// say puts an event on its way.
func (s *service) say(by string, drafts ...event.Draft) {
	for _, d := range drafts {
		if d.ID == "" {
			s.ticks++
			d.ID = fmt.Sprint(by, s.ticks)
		}
		s.queue = append(s.queue, fn.Sent(by, d, s.now))
	}
}

// settle brings events to who hears them until there are none.
func (s *service) settle() {
	s.Helper()
	for steps := 0; len(s.queue) > 0; steps++ {
		if steps == 300 {
			s.Fatalf("it does not end: %s", s.queue[0])
		}
		e := s.queue[0]
		s.queue = s.queue[1:]
		for name, f := range s.functions {
			if !slices.ContainsFunc(f.Hears, func(r fn.Route) bool { return heard(r, e) }) {
				continue
			}
			drafts, err := f.Hear(s.Context(), e)
			if err != nil {
				s.Fatalf("%s hears %s: %v", name, e.Type(), err)
			}
			for _, d := range drafts {
				s.queue = append(s.queue, f.Event(d, s.now))
			}
		}
	}
}

// heard tells whether a Trigger of the route would bring the event.
func heard(r fn.Route, e event.Event) bool {
	for name, value := range r.Match {
		if event.Extension(e, name) != value {
			return false
		}
	}
	return r.Type == e.Type()
}

// pass lets time pass, and the clock tick.
func (s *service) pass(d time.Duration) {
	s.Helper()
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(max(time.Minute, d/200))
		s.say("timer", event.Tick.Say(event.Nothing{}).With("tick", "minute"))
		s.settle()
	}
}

// call calls the API or the pages with a token of user.
func (s *service) call(function, user, method, path, body string) map[string]any {
	s.Helper()
	authorization := ""
	if user != "" {
		authorization = "Bearer " + s.issuer.Token(map[string]any{
			"sub": user, "aud": "composes",
			"scope": "https://pagure.io/odcs/new-compose https://pagure.io/odcs/renew-compose https://pagure.io/odcs/delete-compose",
		})
	}
	return s.callAs(function, authorization, method, path, body)
}

func (s *service) callAs(function, authorization, method, path, body string) map[string]any {
	s.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	f := s.functions[function]
	answer, drafts, err := f.Web(s.Context(), r)
	if err != nil || answer.Code >= http.StatusBadRequest && answer.Code != http.StatusUnauthorized {
		s.Fatalf("%s %s %s: %d %s %s %v", function, method, path, answer.Code, answer.Text, answer.Body, err)
	}
	s.say(function, drafts...)
	if !s.held {
		s.settle()
	}
	var given map[string]any
	_ = json.Unmarshal(answer.Body, &given) // a page is none
	return given
}

// ticket is alice's, for the API.
func (s *service) ticket() string {
	s.Helper()
	who := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "alice")
	service := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "HTTP/composes.example.org")
	ticket, key, err := messages.NewTicket(who, "EXAMPLE.ORG", service, "EXAMPLE.ORG", types.NewKrbFlags(), s.keytab,
		etypeID.AES256_CTS_HMAC_SHA1_96, 1, s.now, s.now, s.now.Add(time.Hour), s.now.Add(time.Hour))
	if err != nil {
		s.Fatal(err)
	}
	proof, err := types.NewAuthenticator("EXAMPLE.ORG", who)
	if err != nil {
		s.Fatal(err)
	}
	proof.CTime = s.now.UTC()
	request, err := messages.NewAPReq(ticket, key, proof)
	if err != nil {
		s.Fatal(err)
	}
	raw, err := request.Marshal()
	if err != nil {
		s.Fatal(err)
	}
	// GSS-API's wrapping, RFC 4121.
	raw = append([]byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00}, raw...)
	raw = append([]byte{0x60, 0x82, byte(len(raw) >> 8), byte(len(raw))}, raw...)
	return "Negotiate " + base64.StdEncoding.EncodeToString(raw)
}

// build puts a build of one package into a tag, and says so.
func (s *service) build(nvr, tag string) {
	s.Helper()
	parsed, err := rpm.ParseNVR(nvr)
	if err != nil {
		s.Fatal(err)
	}
	source := rpm.NVRA{NVR: parsed, Arch: "src"}
	var files []string
	for _, spec := range []made.Spec{
		{NVRA: source, Summary: "source", BuildTime: 1_700_000_000, License: "MIT"},
		{NVRA: rpm.NVRA{NVR: parsed, Arch: "x86_64"}, SourceRPM: source.File(), Summary: "it", BuildTime: 1_700_000_000, License: "MIT"},
	} {
		file := filepath.Join(s.TempDir(), spec.File())
		if err := os.WriteFile(file, spec.Encode(), 0o600); err != nil {
			s.Fatal(err)
		}
		files = append(files, file)
	}
	if _, err := s.koji.Import(kojitest.Import{Files: files, Tags: []string{tag}, Owner: "pkg"}); err != nil {
		s.Fatal(err)
	}
	s.say("fedmsg-drain", event.KojiTagChanged.Say(event.TagChange{Koji: "fedora", Tag: tag, Build: nvr, At: s.now}))
	s.settle()
}

// is tells the state of a compose.
func (s *service) is(id any) string {
	s.Helper()
	state, _ := s.call("compose-api", "", http.MethodGet, fmt.Sprintf("/api/1/composes/%v", id), "")["state_name"].(string)
	return state
}

func (s *service) want(id any, state string) {
	s.Helper()
	if is := s.is(id); is != state {
		s.Errorf("compose %v is %s, want %s", id, is, state)
	}
}

// composeAll plays composes of every kind from the request to the end.
func composeAll(t *testing.T, l *ledger) {
	s := newService(t, l)
	const all, robot = "/api/1/composes/", "robot"
	tag := `{"source": {"type": "tag", "source": "f45", "sigkeys": [""]}, "flags": ["no_deps"], "arches": ["x86_64"]}`
	s.build("bash-5.2-1.fc45", "f45")

	before := l.asked
	first := s.call("compose-api", robot, http.MethodPost, all, tag)["id"]
	s.want(first, "done")
	t.Logf("a compose is %d requests to the bucket until it is done", l.asked-before)
	ticket := s.ticket()
	s.callAs("compose-api", ticket, http.MethodPost, all, tag) // shares its files
	if given := s.callAs("compose-api", ticket, http.MethodPost, all, tag); given["status"] != float64(http.StatusUnauthorized) {
		t.Errorf("a ticket is good twice: %v", given)
	}
	list := s.call("compose-api", robot, http.MethodPost, all,
		`{"source": {"type": "locked", "source": "compose:1", "sigkeys": [""]}, "arches": ["x86_64"]}`)["id"]
	s.want(list, "done")
	s.call("compose-api", robot, http.MethodPost, all, `{"source": {"type": "locked", "rpms": ["bash-5.2-1.fc45.x86_64"], "sigkeys": [""]}}`)
	s.call("compose-api", robot, http.MethodGet, all+"?owner=robot&state=2", "")
	s.call("compose-api", "", http.MethodGet, "/api/1/metrics/", "")
	s.call("compose-api", robot, http.MethodPatch, fmt.Sprintf("%s%v", all, first), `{"seconds_to_live": 200000}`)
	s.call("compose-api", robot, http.MethodPatch, fmt.Sprintf("%s%v", all, list), `{"label": "RC-1.0"}`)
	s.held = true // until it is canceled
	raw := s.call("compose-api", robot, http.MethodPost, all, `{"source": {"type": "raw_config", "source": "fedora#0123456789abcdef0123456789abcdef01234567"}, "compose_type": "production"}`)["id"]
	s.want(raw, "wait")
	s.call("compose-api", robot, http.MethodDelete, fmt.Sprintf("%s%v", all, raw), "")
	s.held = false
	s.settle()
	s.want(raw, "failed")
	s.call("compose-api", "anna", http.MethodDelete, fmt.Sprintf("%s%v", all, raw), "")

	s.hurried = true // a large tag is made in steps, and once more from what is there
	bulk := kojitest.Bulk{Tag: "f46", Builds: 30, RPMs: 1}
	large := strings.ReplaceAll(tag, "f45", "f46")
	if err := s.koji.AddBulk(bulk); err != nil {
		t.Fatal(err)
	}
	s.want(s.call("compose-api", robot, http.MethodPost, all, large)["id"], "done")
	bulk.Builds = 2
	if err := s.koji.UpdateBulk(bulk); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Hour)
	s.want(s.call("compose-api", robot, http.MethodPost, all, large)["id"], "done")
	s.hurried = false
	var builds []string
	for n := range 10 {
		builds = append(builds, fmt.Sprintf("\"bulk-%05d-%d.%d-1.fc45\"", n+2, 1+(n+2)%9, n+2))
	}
	for _, some := range [][]string{builds[:9], builds} { // the second has the frames of the first
		s.want(s.call("compose-api", robot, http.MethodPost, all,
			`{"source": {"type": "build", "builds": [`+strings.Join(some, ", ")+`], "sigkeys": [""]}, "flags": ["no_deps"], "arches": ["x86_64"]}`)["id"], "done")
	}

	s.build("bash-5.2-2.fc45", "f45-fixes")
	s.pass(20 * time.Minute)
	s.build("zsh-5.9-1.fc45", "f45-fixes")
	s.say("fedmsg-drain",
		event.BodhiUpdateChanged.Say(event.BodhiUpdate{Alias: "FEDORA-2026-1", Status: "stable", Release: "F45", Builds: []string{"bash-5.2-1.fc45"}, At: s.now}),
		event.ModuleChanged.Say(event.ModuleBuild{Name: "nodejs", Stream: "22", Version: "1", Context: "c", State: "ready", At: s.now}))
	s.settle()
	s.pass(20 * time.Minute)
	if _, err := s.store.Get(t.Context(), "composes/latest-fixes/fixes.repo"); err != nil {
		t.Error(err)
	}
	pages(s, first, list)
	s.pass(120 * time.Hour)
	s.want(first, "removed")
	pages(s, first, list) // its files may be there for others
	left, err := s.store.List(t.Context(), "composes/odcs-1/", "", 0)
	if err != nil || len(left) > 0 {
		t.Errorf("%d objects of compose 1 are left: %v", len(left), err)
	}
	if _, err := s.store.Get(t.Context(), compose.DocumentPrefix+"1.json"); errors.Is(err, blob.ErrNotFound) {
		t.Error("the document is gone with the files")
	}
}

// pages looks at a page of each kind, and behind what leads elsewhere.
func pages(s *service, id, newer any) {
	for _, path := range []string{
		"/", "/?q=bash", fmt.Sprintf("/%v", id), fmt.Sprintf("/%v/diff/%v", newer, id), fmt.Sprintf("/%v/packages/x86_64", id), "/rules", "/rules/fixes",
		fmt.Sprintf("/odcs-%v/", id), fmt.Sprintf("/odcs-%v/compose/Temporary/x86_64/os/Packages/b/bash-5.2-1.fc45.x86_64.rpm", id), "/latest-fixes/",
	} {
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		if answer, _, err := s.functions["compose-page"].Web(s.Context(), r); err != nil || answer.Code >= http.StatusInternalServerError {
			s.Errorf("%s: %d %v", path, answer.Code, err)
		}
	}
}
