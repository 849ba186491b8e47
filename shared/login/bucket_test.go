package login_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/login"
)

func TestABucketKeepsWhatInstancesShare(t *testing.T) {
	b := login.Bucket{Store: mem.New()}
	if body, err := b.Get(t.Context(), "issuer-1"); body != nil || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	if err := b.Put(t.Context(), "issuer-1", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if body, err := b.Get(t.Context(), "issuer-1"); string(body) != "{}" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}

func TestInABucketATicketIsSeenFirstOnce(t *testing.T) {
	b := login.Bucket{Store: mem.New()}
	var all sync.WaitGroup
	var first atomic.Int32
	for range 10 {
		all.Go(func() {
			ok, err := b.First(t.Context(), "digest", time.Time{})
			if err != nil {
				t.Error(err)
			}
			if ok {
				first.Add(1)
			}
		})
	}
	all.Wait()
	if n := first.Load(); n != 1 {
		t.Errorf("first %d times", n)
	}
}

// lossy stores, and answers that it was there already: what the SDK gives when
// the answer to its first attempt was lost.
type lossy struct{ *mem.Store }

func (l lossy) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if _, err := l.Store.Put(ctx, key, body, cond, opts...); err != nil {
		return "", err
	}
	return "", blob.ErrConflict
}

func TestALostAnswerDoesNotLockTheCallerOut(t *testing.T) {
	b := login.Bucket{Store: lossy{mem.New()}}
	for _, want := range []bool{true, false} {
		if ok, err := b.First(t.Context(), "digest", time.Time{}); ok != want || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	}
}
