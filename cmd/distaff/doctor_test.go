package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/config"
)

// careless is a bucket that ignores conditions.
type careless struct{ *mem.Store }

func (c careless) Put(ctx context.Context, key string, body []byte, _ blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	return c.Store.Put(ctx, key, body, blob.Any, opts...)
}

type down struct{ *mem.Store }

func (down) Put(context.Context, string, []byte, blob.Cond, ...blob.PutOption) (blob.Tag, error) {
	return "", errors.New("503 Slow Down")
}

func TestABucketWithoutConditionsIsBad(t *testing.T) {
	d := &doctor{now: time.Now}
	f := d.bucket(t.Context(), &opened{files: careless{mem.New()}})[0]
	if f.Level != bad || !strings.Contains(f.Text, "create-only PUT") || f.Do == "" {
		t.Errorf("%+v", f)
	}
	f = d.bucket(t.Context(), &opened{files: down{mem.New()}})[0]
	if f.Level != bad || !strings.Contains(f.Text, "503") || f.Do == "" {
		t.Errorf("%+v", f)
	}
}

func TestRulesThatAreMissingOrTakeTooMuchAreTold(t *testing.T) {
	s, err := store.Open(t.TempDir(), store.Options{Credentials: store.Credentials{AccessKey: "local", SecretKey: "local-secret"}})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.Close(); _ = s.Close() })
	t.Setenv("DOCTOR_KEY", "local")
	t.Setenv("DOCTOR_SECRET", "local-secret")
	o := &opened{cfg: &config.Config{Bucket: config.Bucket{
		Endpoint: h.URL, Name: "state", Region: store.DefaultRegion, Keep: config.Keep{Claims: 60, Dead: 30},
		AccessKey: config.Source{Env: "DOCTOR_KEY"}, SecretKey: config.Source{Env: "DOCTOR_SECRET"},
	}}}
	d := &doctor{now: time.Now}
	who := bucket.Credentials{AccessKey: "local", SecretKey: "local-secret"}
	for name, c := range map[string]struct {
		rules []bucket.Rule
		level level
		text  string
	}{
		"as they should be": {[]bucket.Rule{{Prefix: "claims/", Days: 60}, {Prefix: "dead/", Days: 30}}, good, "claims/ 60 d, dead/ 30 d"},
		"one is missing":    {[]bucket.Rule{{Prefix: "claims/", Days: 60}}, soon, "dead/ has no rule"},
		"one is another":    {[]bucket.Rule{{Prefix: "claims/", Days: 6}, {Prefix: "dead/", Days: 30}}, soon, "claims/ goes after 6 days instead of 60"},
		"one takes state":   {[]bucket.Rule{{Prefix: "claims/", Days: 60}, {Prefix: "dead/", Days: 30}, {Prefix: "pr/", Days: 9}}, bad, `"pr/" goes after 9 days, and must not go at all`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := bucket.Init(t.Context(), bucket.Place{Endpoint: h.URL}, who, "state", append(c.rules, bucket.Composes()...)); err != nil {
				t.Fatal(err)
			}
			f := d.lifecycle(t.Context(), o)[0]
			if f.Level != c.level || !strings.Contains(f.Text, c.text) || (f.Do == "") != (c.level == good) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestHowLongSomethingIsGood(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for days, want := range map[int]level{400: good, 30: good, 29: soon, 7: soon, 6: bad, 0: bad, -1: bad} {
		f := finding{What: "certificate", Level: good}
		f.until(now.AddDate(0, 0, days), now, "x", "y")
		if f.Level != want || (f.Do == "") != (want == good) || days < 1 != strings.Contains(f.Text, "expired") {
			t.Errorf("%d days: %+v", days, f)
		}
	}
}

func TestCertificatesOfServersAreLookedAt(t *testing.T) {
	h := httptest.NewTLSServer(http.NotFoundHandler())
	defer h.Close()
	cfg := &config.Config{Bodhi: config.Bodhi{URL: h.URL}}
	d := &doctor{now: time.Now, http: h.Client()}
	if f := d.certificates(t.Context(), cfg)[0]; f.Level != good || !strings.Contains(f.Text, "bodhi (127.0.0.1) is good for") {
		t.Errorf("%+v", f)
	}
	d.http = http.DefaultClient
	if f := d.certificates(t.Context(), cfg)[0]; f.Level != bad || !strings.Contains(f.Text, "unknown authority") {
		t.Errorf("of an authority nobody knows: %+v", f)
	}
	d.http, d.now = h.Client(), func() time.Time { return h.Certificate().NotAfter.Add(-time.Hour) }
	if f := d.certificates(t.Context(), cfg)[0]; f.Level != bad || !strings.Contains(f.Text, "good for 0 days") {
		t.Errorf("that ends in an hour: %+v", f)
	}
}

func TestClocksThatDifferAreTold(t *testing.T) {
	h := httptest.NewServer(http.NotFoundHandler())
	defer h.Close()
	cfg := &config.Config{Bodhi: config.Bodhi{URL: h.URL}}
	for by, want := range map[time.Duration]level{0: good, time.Minute: soon, 20 * time.Minute: bad, -time.Hour: bad} {
		d := &doctor{now: func() time.Time { return time.Now().Add(by) }, http: h.Client()}
		if f := d.skew(t.Context(), cfg); f.Level != want {
			t.Errorf("%s off: %+v", by, f)
		}
	}
}

func TestWhatGitHubTellsOfAToken(t *testing.T) {
	header := http.Header{}
	code := http.StatusOK
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v3/user" || r.Header.Get("Authorization") != "Bearer 0123456789abcdef" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"login": "robot"}`))
	}))
	defer h.Close()
	t.Setenv("DOCTOR_TOKEN", "0123456789abcdef")
	forge := config.Forge{Type: config.GitHub, URL: h.URL, User: "robot", Token: config.Source{Env: "DOCTOR_TOKEN"}}
	d := &doctor{now: func() time.Time { return time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) }, http: h.Client()}
	type want struct {
		Level level
		Text  string
	}
	for _, c := range []struct {
		name   string
		code   int
		header http.Header
		user   string
		want   want
	}{
		{"good", 200, nil, "robot", want{good, "the token is good, it is robot's"}},
		{"scopes", 200, http.Header{"X-Oauth-Scopes": {"repo:status"}}, "robot", want{good, "the token is good, it is robot's, may repo:status"}},
		{"other scopes", 200, http.Header{"X-Oauth-Scopes": {"gist"}}, "robot", want{bad, "the token is good, it is robot's, may gist"}},
		{"ends", 200, http.Header{"Github-Authentication-Token-Expiration": {"2026-11-25 00:00:00 UTC"}}, "robot", want{bad, "the token is good, it is robot's, the token is good for 4 days, until 2026-11-25"}},
		{"somebody else's", 200, nil, "other", want{bad, "the token is robot's, and the configuration says other"}},
		{"refused", 401, nil, "robot", want{bad, "the token is refused (401): it is wrong, expired or withdrawn"}},
		{"broken", 502, nil, "robot", want{bad, "answers 502"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			header, code, forge.User = c.header, c.code, c.user
			f := d.forge(t.Context(), "github", forge)
			if diff := cmp.Diff(c.want, want{f.Level, f.Text}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPullRequestIsFoundByWhatNamesIt(t *testing.T) {
	cfg, err := config.Parse(filepath.Join("x", "distaff.yaml"), []byte(`
name: test
pages: https://ci.example.org/pages/
bucket: {name: distaff}
forges:
  fedora: {type: pagure, url: "https://src.example.org", user: robot, token_env: A}
  github: {type: github, user: robot, token_env: A, namespaces: [example]}
koji: {fedora: {server: "https://koji.example.org/kojihub", files: "https://koji.example.org", auth: {user: a, password_env: A}}}
testing_farm: {public: {token_env: A}}
`))
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{cfg: cfg, files: mem.New()}
	for text, want := range map[string]string{
		"fedora/rpms/bash#12":                                      "fedora/rpms/bash#12",
		"fedora/rpms/bash#12/3":                                    "fedora/rpms/bash#12",
		"https://src.example.org/rpms/bash/pull-request/12":        "fedora/rpms/bash#12",
		"https://src.example.org/rpms/bash/pull-request/12#c1":     "fedora/rpms/bash#12",
		"https://github.com/example/bash/pull/12/files":            "github/example/bash#12",
		"https://ci.example.org/pages/runs/fedora/rpms/bash/12/3/": "fedora/rpms/bash#12",
		"runs/fedora/rpms/bash/12/3/":                              "fedora/rpms/bash#12",
		"fedora/rpms/bash/12":                                      "fedora/rpms/bash#12",
		"fedora/rpms/bash/12/3/build/1":                            "fedora/rpms/bash#12",
		"fedora/rpms/bash/12@7.0":                                  "fedora/rpms/bash#12",
		"other/rpms/bash/12":                                       "",
		"bash":                                                     "",
		"126543210":                                                "",
		"https://elsewhere.example.org/rpms/bash/pull-request/12":  "",
	} {
		id, err := o.find(t.Context(), text)
		if (err != nil) != (want == "") || err == nil && id.String() != want {
			t.Errorf("%s: %s, %v", text, id, err)
		}
	}
}
