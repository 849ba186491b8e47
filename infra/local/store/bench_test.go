package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/blobtest"
)

// BenchmarkStore measures 1 KiB objects, over HTTP with the AWS SDK and in the
// process, with and without waiting for the disk, one and eight at a time.
func BenchmarkStore(b *testing.B) {
	body := noise(1024)
	for _, sync := range []bool{true, false} {
		s, endpoint := serve(b, b.TempDir(), store.Options{Sync: sync})
		inside, err := s.Bucket("test")
		if err != nil {
			b.Fatal(err)
		}
		for name, bucket := range map[string]blobtest.Store{"http": client(b, endpoint), "process": inside} {
			for _, c := range []int{1, 8} {
				label := fmt.Sprintf("fsync=%t/%s/c=%d", sync, name, c)
				var n atomic.Int64
				b.Run("PUT/"+label, func(b *testing.B) {
					many(b, c, func() error {
						_, err := bucket.Put(b.Context(), fmt.Sprintf("put/%d", n.Add(1)%1000), body, blob.Any)
						return err
					})
				})
				if _, err := bucket.Put(b.Context(), "read", body, blob.Any); err != nil {
					b.Fatal(err)
				}
				b.Run("GET/"+label, func(b *testing.B) {
					many(b, c, func() error {
						_, err := bucket.Get(b.Context(), "read")
						return err
					})
				})
			}
		}
	}
}

// many runs do b.N times, c at a time.
func many(b *testing.B, c int, do func() error) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, c)
	for range c {
		go func() {
			for left.Add(-1) >= 0 {
				if err := do(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range c {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
