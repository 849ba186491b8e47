//go:build minio

package bucket_test

import (
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/shared/blob"
)

// TestMinIO sets up and probes a bucket on a server that is not ours.
func TestMinIO(t *testing.T) {
	at := bucket.Place{Endpoint: os.Getenv("DISTAFF_MINIO_ENDPOINT")}
	if at.Endpoint == "" {
		t.Fatal("DISTAFF_MINIO_ENDPOINT names no server, such as http://127.0.0.1:9000")
	}
	who := bucket.Credentials{
		AccessKey: os.Getenv("DISTAFF_MINIO_ACCESS_KEY"), SecretKey: os.Getenv("DISTAFF_MINIO_SECRET_KEY"),
	}
	rules := []bucket.Rule{{Prefix: "claims/", Days: 30}, {Prefix: "logs/raw/", Days: 2}}
	for range 2 {
		if err := bucket.Init(t.Context(), at, who, "state", rules); err != nil {
			t.Fatal(err)
		}
	}
	checkRules(t, at, who, rules)
	s := blob.Count(reach(t, at, who, "state"))
	if err := bucket.Probe(t.Context(), s); err != nil {
		t.Error(err)
	}
	public(t, at, who)
	t.Logf("probed with %+v", s.Usage())
}

// public looks what somebody without a key may do.
func public(t *testing.T, at bucket.Place, who bucket.Credentials) {
	t.Helper()
	store := reach(t, at, who, "state")
	for _, key := range []string{"composes/odcs-1/STATUS", "compose/doc/1.json"} {
		if _, err := store.Put(t.Context(), key, []byte("FINISHED\n"), blob.Any); err != nil {
			t.Fatal(err)
		}
	}
	if err := bucket.Open(t.Context(), at, who, "state", bucket.Public()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/state/composes/odcs-1/STATUS": http.StatusPartialContent, "/state/composes/odcs-1/none": http.StatusNotFound, // AWS says 403
		"/state/compose/doc/1.json": http.StatusForbidden, "/state/?prefix=composes/": http.StatusForbidden,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.Endpoint+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Range", "bytes=0-3")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != want || want == http.StatusPartialContent && string(body) != "FINI" {
			t.Errorf("GET %s: %d %.200s, want %d", path, answer.StatusCode, body, want)
		}
	}
}
