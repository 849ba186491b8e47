package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/lifecycle"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
)

func TestRulesAreKeptAndHonoured(t *testing.T) {
	forBoth(t, func(t *testing.T, dir string) {
		now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		s, endpoint := serve(t, dir, store.Options{})
		ctx := t.Context()
		cfg := lifecycle.NewConfiguration()
		cfg.Rules = []lifecycle.Rule{
			{ID: "logs", Status: "Enabled", RuleFilter: lifecycle.Filter{Prefix: "logs/"}, Expiration: lifecycle.Expiration{Days: 2}},
			{ID: "off", Status: "Disabled", RuleFilter: lifecycle.Filter{Prefix: "keep/"}, Expiration: lifecycle.Expiration{Days: 1}},
			{ID: "parts", Status: "Enabled", AbortIncompleteMultipartUpload: lifecycle.AbortIncompleteMultipartUpload{DaysAfterInitiation: 1}},
		}
		mc := minioClient(t, endpoint, false)
		if err := mc.SetBucketLifecycle(ctx, "test", cfg); err != nil {
			t.Fatal(err)
		}
		got, err := mc.GetBucketLifecycle(ctx, "test")
		if err != nil || len(got.Rules) != 3 || got.Rules[0].Expiration.Days != 2 || got.Rules[0].RuleFilter.Prefix != "logs/" {
			t.Fatalf("rules came back as %+v, %v", got, err)
		}
		if dir == "" {
			return // a reopened memory is empty
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = store.Open(dir, store.Options{Now: clock}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		sweepAfter(t, s, &now)
	})
}

func sweepAfter(t *testing.T, s *store.Server, now *time.Time) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	b, err := s.Bucket("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"logs/a", "logs/b/c", "keep/a", "logs"} {
		if _, err := b.Put(ctx, key, nil, blob.Absent); err != nil {
			t.Fatal(err)
		}
	}
	start := *now
	for _, step := range []struct {
		after time.Duration
		swept int
	}{
		{48 * time.Hour, 0}, // two days are over, the day is not
		{62*time.Hour - time.Second, 0},
		{62 * time.Hour, 2}, // midnight
		{99 * time.Hour, 0},
	} {
		*now = start.Add(step.after)
		if n, err := s.Sweep(ctx); err != nil || n != step.swept {
			t.Errorf("after %s: swept %d, %v, want %d", step.after, n, err, step.swept)
		}
	}
	left, err := b.List(ctx, "", "", 0)
	if err != nil || len(left) != 2 || left[0].Key != "keep/a" || left[1].Key != "logs" {
		t.Errorf("left: %v, %v", left, err)
	}
}
