package blob_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/blobtest"
	"github.com/distaff-project/distaff/shared/blob/mem"
)

func TestCountedStoreKeepsTheContract(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blobtest.Store { return blob.Count(mem.New()) })
}

func TestEveryRequestIsCounted(t *testing.T) {
	ctx := t.Context()
	c := blob.Count(mem.New())
	if _, err := c.Put(ctx, "a", []byte("12345"), blob.Absent); err != nil {
		t.Fatal(err)
	}
	before := c.Usage()
	if _, err := c.Put(ctx, "a", []byte("123"), blob.Absent); !errors.Is(err, blob.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	_, _ = c.Get(ctx, "a")
	_, _ = c.Get(ctx, "missing")
	_, _ = c.GetRange(ctx, "a", 1, 2)
	_, _ = c.List(ctx, "", "", 0)
	_ = c.Delete(ctx, "a")

	want := blob.Usage{Gets: 3, Puts: 1, Deletes: 1, Lists: 1, In: 3, Out: 7}
	if diff := cmp.Diff(want, c.Usage().Sub(before)); diff != "" {
		t.Error(diff)
	}
	if got, want := c.Usage().Cost(), 2*0.000005+3*0.0000004+0.000005; math.Abs(got-want) > 1e-12 {
		t.Errorf("cost %g, want %g", got, want)
	}
	if got := c.Usage().Requests(); got != 6 {
		t.Errorf("%d billed requests, want 6", got)
	}
}

func TestWhatIsAskedForOneEventIsCountedApart(t *testing.T) {
	c := blob.Count(mem.New())
	one, first := blob.WithTally(t.Context())
	two, second := blob.WithTally(t.Context())
	_, _ = c.Put(one, "a", []byte("12345"), blob.Absent)
	_, _ = c.Get(two, "a")
	_, _ = c.Get(t.Context(), "a")
	if diff := cmp.Diff(blob.Usage{Puts: 1, In: 5}, first.Usage()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(blob.Usage{Gets: 1, Out: 5}, second.Usage()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(blob.Usage{Puts: 1, Gets: 2, In: 5, Out: 10}, c.Usage()); diff != "" {
		t.Error(diff)
	}
}
