package progress_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish/progress"
)

func TestWhatIsPackedIsUnpackedTheSame(t *testing.T) {
	builds := []gather.Build{
		{ID: 1, NVR: "a-1-1", Packages: []gather.Package{{ID: 2, NEVRA: "a-0:1-1.x86_64", Copies: []gather.Copy{{Key: "k", Size: 3}}}}, Noarch: &gather.Noarch{}},
		{ID: 2, NVR: "b-1-1", Noarch: &gather.Noarch{Exclude: []string{"s390x"}, Only: []string{"x86_64"}}},
	}
	listing := gather.Listing{Event: 5, Tags: []int64{1}, TagNames: []string{"f45"}, Builds: builds}
	for name, one := range map[string]struct{ value, into any }{
		"a tag":               {&listing, &gather.Listing{}},
		"an empty tag":        {&gather.Listing{Event: 5}, &gather.Listing{}},
		"sources of a tag":    {&gather.Sources{Base: &listing, Extra: builds[:1], Defaults: "x"}, &gather.Sources{}},
		"sources without one": {&gather.Sources{Extra: builds}, &gather.Sources{}},
	} {
		raw, err := progress.Pack(one.value)
		if err != nil {
			t.Fatal(err)
		}
		if err := progress.Unpack(raw, one.into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(one.value, one.into); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, n := range []int{0, 1, len(raw) / 2, len(raw) - 1} {
			if err := progress.Unpack(raw[:n], &gather.Sources{}); err == nil {
				t.Errorf("%s: %d of %d bytes were enough", name, n, len(raw))
			}
		}
	}
	if len(listing.Builds) != 2 {
		t.Error("what was packed was changed")
	}
}
