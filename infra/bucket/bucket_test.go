package bucket_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/s3"
)

func serve(t *testing.T, opts store.Options) (*store.Server, bucket.Place, bucket.Credentials) {
	t.Helper()
	opts.Credentials = store.Credentials{AccessKey: "local", SecretKey: "local-secret"}
	s, err := store.Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		h.Close()
		_ = s.Close()
	})
	return s, bucket.Place{Endpoint: h.URL}, bucket.Credentials{AccessKey: "local", SecretKey: "local-secret"}
}

func TestInitMakesTheBucketAndItsRules(t *testing.T) {
	now := time.Now()
	s, at, who := serve(t, store.Options{Now: func() time.Time { return now }})
	if err := bucket.Init(t.Context(), at, who, "state", []bucket.Rule{{Prefix: "old/", Days: 9}}); err != nil {
		t.Fatal(err)
	}
	rules := []bucket.Rule{{Prefix: "claims/", Days: 30}, {Prefix: "logs/raw/", Days: 2}}
	if err := bucket.Init(t.Context(), at, who, "state", rules); err != nil {
		t.Fatal("again:", err)
	}
	if days := checkRules(t, at, who, rules); days != 1 {
		t.Errorf("abandoned uploads end after %d days", days)
	}
	b, err := s.Bucket("state")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"logs/raw/1", "logs/1", "claims/1", "p/1", "old/1"} {
		if _, err := b.Put(t.Context(), key, nil, blob.Absent); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(10 * 24 * time.Hour)
	if n, err := s.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("swept %d after ten days, %v, want 1", n, err)
	}
}

// checkRules reads the rules back, and gives the days after which abandoned
// uploads end.
func checkRules(t *testing.T, at bucket.Place, who bucket.Credentials, want []bucket.Rule) (abandoned int) {
	t.Helper()
	c, err := minio.New(at.Endpoint[len("http://"):], &minio.Options{Creds: credentials.NewStaticV4(who.AccessKey, who.SecretKey, "")})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := c.GetBucketLifecycle(t.Context(), "state")
	if err != nil {
		t.Fatal(err)
	}
	var got []bucket.Rule
	for _, r := range cfg.Rules {
		if r.Status != "Enabled" {
			t.Errorf("rule %s is %s", r.ID, r.Status)
		}
		if days := int(r.AbortIncompleteMultipartUpload.DaysAfterInitiation); days > 0 {
			abandoned = days
			continue
		}
		got = append(got, bucket.Rule{Prefix: r.RuleFilter.Prefix, Days: int(r.Expiration.Days)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	return abandoned
}

func TestInitRefusesWhatCannotBeMeant(t *testing.T) {
	_, at, who := serve(t, store.Options{})
	for _, r := range []bucket.Rule{{"logs", 1}, {"/", 1}, {"", 1}, {"a/../", 1}, {"logs/", 0}, {"a b/", 1}} {
		if err := bucket.Init(t.Context(), at, who, "state", []bucket.Rule{r}); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
	for _, endpoint := range []string{"", "localhost:9000", "ftp://x", "http://x/path", "http://user@x"} {
		if err := bucket.Init(t.Context(), bucket.Place{Endpoint: endpoint}, who, "state", nil); err == nil {
			t.Errorf("endpoint %q was taken", endpoint)
		}
	}
	if err := bucket.Init(t.Context(), at, bucket.Credentials{AccessKey: "other", SecretKey: "x"}, "state", nil); err == nil {
		t.Error("a stranger made a bucket")
	}
}

// reach gives the bucket as functions reach it.
func reach(t *testing.T, at bucket.Place, who bucket.Credentials, name string) *s3.Store {
	t.Helper()
	s, err := s3.Open(t.Context(), s3.Options{
		Bucket: name, Endpoint: at.Endpoint, PathStyle: true, Region: "us-east-1",
		AccessKey: who.AccessKey, SecretKey: who.SecretKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
