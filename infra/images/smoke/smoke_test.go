//go:build image || funccli

package smoke

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/infra/local/store"
)

// around is what a process of distaff needs around it: a bucket, a broker, and a
// configuration that names them.
type around struct {
	Config string // the file
	Sink   string
	mu     sync.Mutex
	said   []string
}

const secret = "bucket-secret-0123456789"

func newAround(t *testing.T) *around {
	t.Helper()
	server, err := store.Open("", store.Options{Credentials: store.Credentials{AccessKey: "key", SecretKey: secret}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Bucket("distaff"); err != nil {
		t.Fatal(err)
	}
	s3 := httptest.NewServer(server)
	t.Cleanup(s3.Close)
	a := &around{}
	broker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.said = append(a.said, r.Header.Get("ce-type"))
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(broker.Close)
	a.Sink, a.Config = broker.URL, filepath.Join(t.TempDir(), "distaff.yaml")
	text := fmt.Sprintf(`
name: test
pages: https://ci.example.org/
bucket: {name: distaff, endpoint: %q, region: us-east-1, access_key_env: KEY, secret_key_env: SECRET}
forges: {fedora: {type: pagure, url: https://src.example.org, user: robot, token_env: NOT_OURS}}
koji: {fedora: {server: https://koji.example.org/kojihub, auth: {user: robot, password_env: NOT_OURS}}}
testing_farm: {public: {token_env: NOT_OURS}}
`, s3.URL)
	if err := os.WriteFile(a.Config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return a
}

// env is the environment of a process that runs one function.
func (a *around) env(config string) []string {
	return []string{"FUNCTION=on-pr-opened", "K_SINK=" + a.Sink, "DISTAFF_CONFIG=" + config, "KEY=key", "SECRET=" + secret}
}

// dealsWithAnEvent posts an event to address and looks at what comes of it.
func (a *around) dealsWithAnEvent(t *testing.T, address string) {
	t.Helper()
	body := `{"forge":"fedora","repo":"rpms/bash","number":7,"branch":"rawhide","commit":"0123456789abcdef0123456789abcdef01234567","updated":"2026-11-21T08:00:00Z"}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "distaff.pull-request.opened",
		"ce-time": "2026-11-21T08:00:00Z", "content-type": "application/json",
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	if resp.StatusCode != http.StatusOK || len(a.said) == 0 {
		t.Fatalf("it answered %s %s and said %q", resp.Status, answer, a.said)
	}
	t.Logf("it said %s", strings.Join(a.said, ", "))
}

// becomesReady waits until address answers, and tells whether it did in time.
func becomesReady(address string, most time.Duration) bool {
	client := &http.Client{Timeout: time.Second}
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(time.Millisecond) {
		resp, err := client.Get(address + "/health/readiness")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode/100 == 2 {
			return true
		}
	}
	return false
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// output keeps what a process writes, and can be read beside it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
