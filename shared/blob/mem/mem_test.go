package mem_test

import (
	"testing"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/blobtest"
	"github.com/distaff-project/distaff/shared/blob/mem"
)

func TestContract(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blobtest.Store { return mem.New() })
}

func TestWhatIsHandedOutIsACopy(t *testing.T) {
	s := mem.New()
	body := []byte("safe")
	if _, err := s.Put(t.Context(), "a", body, blob.Any); err != nil {
		t.Fatal(err)
	}
	body[0] = 'X'
	for range 2 {
		o, err := s.Get(t.Context(), "a")
		if err != nil || string(o.Body) != "safe" {
			t.Fatalf("got %q, %v", o.Body, err)
		}
		o.Body[0] = 'Y'
	}
}
