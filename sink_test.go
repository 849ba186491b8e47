package distaff

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/distaff-project/distaff/shared/event"
)

const traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// sinks asks readSink with an environment, and sends one event.
func sinks(t *testing.T, pairs ...string) error {
	t.Helper()
	settings, err := readSink(func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	})
	if err != nil {
		t.Fatal(err)
	}
	e := cloudevents.NewEvent()
	e.SetID("1")
	e.SetSource("/test")
	e.SetType("org.example")
	e.SetExtension(event.Traceparent, traced)
	return post(settings)(context.WithoutCancel(t.Context()), e)
}

// A SinkBinding sets K_SINK, K_CA_CERTS and K_CE_OVERRIDES, and mounts a token.
func TestTheSinkIsReachedAsASinkBindingSays(t *testing.T) {
	var header http.Header
	broker := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header = r.Header.Clone() }))
	defer broker.Close()
	broker.Config.ErrorLog = nil
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: broker.Certificate().Raw}))
	file := filepath.Join(t.TempDir(), "token")
	for _, token := range []string{"first", "second"} { // it is renewed under way
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := sinks(t, "K_SINK", broker.URL, "K_CA_CERTS", certificate, "K_CE_OVERRIDES", `{"extensions":{"cluster":"stg"}}`, "DISTAFF_SINK_TOKEN_FILE", file)
		if err != nil {
			t.Fatal(err)
		}
		if header.Get("Authorization") != "Bearer "+token || header.Get("ce-cluster") != "stg" || header.Get("Traceparent") != traced || header.Get("ce-traceparent") != traced {
			t.Errorf("%v", header)
		}
	}
	if err := sinks(t, "K_SINK", broker.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a broker nobody vouches for: %v", err)
	}
}

func TestATokenThatIsGoneIsAnErrorThatShowsNothing(t *testing.T) {
	broker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent without the token") }))
	defer broker.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret\nsecret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sinkSettings{address: broker.URL, token: file}
	e := cloudevents.NewEvent()
	e.SetID("1")
	e.SetSource("/test")
	e.SetType("org.example")
	for range 2 {
		if err := post(s)(t.Context(), e); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
		_ = os.Remove(file)
	}
}

func TestCertificatesOfTheClusterAreFound(t *testing.T) {
	broker := httptest.NewTLSServer(http.NotFoundHandler())
	defer broker.Close()
	dir := t.TempDir()
	if pool, err := roots("", dir); pool != nil || err != nil {
		t.Errorf("of an empty directory: %v, %v", pool, err)
	}
	raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: broker.Certificate().Raw})
	// Kubernetes mounts a directory of links.
	if err := os.MkdirAll(filepath.Join(dir, "..2026"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "..2026", "bundle.pem"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..2026", filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..data", "bundle.pem"), filepath.Join(dir, "bundle.pem")); err != nil {
		t.Fatal(err)
	}
	if pool, err := roots("", dir); pool == nil || err != nil {
		t.Errorf("%v, %v", pool, err)
	}
}
