// Package around is what a process of distaff has around it: a bucket that
// speaks S3, the address of a broker, and a configuration that names both. The
// systems in it are never called.
package around

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/distaff-project/distaff/infra/local/store"
)

// Secret is that of the bucket; it must be in no log.
const Secret = "bucket-secret-0123456789"

// Around is all of it. It goes with the test.
type Around struct {
	Bucket *store.Bucket
	// Sink is the broker's address, Config the configuration's file.
	Sink, Config string
}

// New starts a bucket and broker. More is added to the configuration.
func New(t testing.TB, broker http.Handler, more string) *Around {
	t.Helper()
	server, err := store.Open("", store.Options{Credentials: store.Credentials{AccessKey: "key", SecretKey: Secret}})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := server.Bucket("distaff")
	if err != nil {
		t.Fatal(err)
	}
	s3, sink := httptest.NewServer(server), httptest.NewServer(broker)
	t.Cleanup(s3.Close)
	t.Cleanup(sink.Close)
	file := filepath.Join(t.TempDir(), "distaff.yaml")
	text := fmt.Sprintf(`
name: test
pages: https://ci.example.org/
bucket: {name: distaff, endpoint: %q, region: us-east-1, access_key_env: KEY, secret_key_env: SECRET}
forges: {fedora: {type: pagure, url: https://src.example.org, user: robot, token_env: NOT_OURS}}
koji: {fedora: {server: https://koji.example.org/kojihub, auth: {user: robot, password_env: NOT_OURS}}}
testing_farm: {public: {token_env: NOT_OURS}}
%s`, s3.URL, more)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Around{Bucket: bucket, Sink: sink.URL, Config: file}
}

// Env is the environment of a process, but for what it runs and its port.
func (a *Around) Env() map[string]string {
	return map[string]string{"K_SINK": a.Sink, "DISTAFF_CONFIG": a.Config, "KEY": "key", "SECRET": Secret}
}

// Port gives a port nobody has.
func Port(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// Log is what a process writes, and can be read while it does.
type Log struct {
	mu  sync.Mutex
	all strings.Builder
}

// Write adds to it.
func (l *Log) Write(raw []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(raw)
}

// String gives all there is so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
