//go:build minio

package bucket_test

import (
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
	t.Logf("probed with %+v", s.Usage())
}
