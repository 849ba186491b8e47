package composeapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
)

// bearer takes the token for the name.
type bearer struct{}

func (bearer) Authenticate(r *http.Request) (login.Caller, error) {
	name, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.Method != http.MethodGet && !ok {
		return login.Caller{}, &login.Refusal{Code: 401, Message: "Missing token passed to ODCS."}
	}
	return login.Caller{Name: name}, nil
}
func (bearer) RequireScope(login.Caller, string) error { return nil }

// The clients people have, where they are installed (or in PYTHONPATH), make
// every call they have.
func TestRealClients(t *testing.T) {
	for script, module := range map[string]string{"odcs_client.py": "odcs.client.odcs", "osbs_client.py": "atomic_reactor.utils.odcs"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			python, err := exec.LookPath("python3")
			if err != nil {
				t.Skip("there is no python3 here")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			if out, err := exec.CommandContext(ctx, python, "-c", "import "+module).CombinedOutput(); err != nil {
				t.Skipf("%s is not installed: %s", module, lastLine(out))
			}
			front := httptest.NewServer(moving(t))
			defer front.Close()
			cmd := exec.CommandContext(ctx, python, "testdata/"+script, front.URL+"/")
			cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv("PYTHONPATH"), "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=127.0.0.1")
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// moving is a server whose composes get on each time somebody looks at them,
// and that is away for a moment once.
func moving(t *testing.T) http.Handler {
	all := []string{""}
	allowed := permit.Allowed{SourceTypes: all, Arches: all}
	s := newServer(t, bearer{}, composeapi.Options{
		AuthBackend: "openidc", Policy: permit.Policy{Clients: permit.Clients{Users: map[string]permit.Allowed{"alice": allowed, "osbs": allowed}}},
		Defaults: odcs.Defaults{Types: []compose.SourceType{compose.Tag, compose.Module, compose.Pulp, compose.RawConfig, compose.Build}},
	})
	var mu sync.Mutex
	posts := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost {
			if posts++; posts == 3 {
				w.Header().Set("Retry-After", "1")
				if strings.HasSuffix(r.Header.Get("Authorization"), "osbs") {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
			}
		}
		if r.URL.Path == "/log/pungi-stderr.log" {
			http.ServeContent(w, r, "log", time.Time{}, strings.NewReader("one line\n"))
			return
		}
		text, one := strings.CutPrefix(r.URL.Path, composes)
		if id, err := strconv.ParseInt(text, 10, 64); one && err == nil && r.Method == http.MethodGet {
			s.advance(id) //nolint:contextcheck // it is the test that does it
		}
		s.ServeHTTP(w, r)
	})
}

func (s *server) advance(id int64) {
	c, err := s.desk.Read(s.t.Context(), id)
	switch {
	case err != nil:
	case c.State == compose.Wait:
		s.becomes(id, func(c *compose.Compose) { c.State, c.Reason = compose.Generating, "Compose is generating" })
	case c.State == compose.Generating:
		s.becomes(id, done)
	}
}
