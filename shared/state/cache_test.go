package state_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/state"
)

func TestWhatIsCached(t *testing.T) {
	d := newDesk()
	fetched, down := 0, false
	get := func() ([]string, error) {
		return state.Cached(t.Context(), d.Bucket, "releases of Bodhi", time.Hour, func(context.Context) ([]string, error) {
			if down {
				return nil, errors.New("bodhi: 503")
			}
			fetched++
			return []string{"F44"}, nil
		})
	}
	want := func(what string, times int) {
		t.Helper()
		value, err := get()
		if err != nil || len(value) != 1 || fetched != times {
			t.Errorf("%s: %v, %v after fetching %d times", what, value, err, fetched)
		}
	}
	down = true
	if _, err := get(); err == nil {
		t.Error("where there is nothing, the failure is not told")
	}
	down = false
	want("the first time it is fetched", 1)
	d.passes(59 * time.Minute)
	want("within its age it is not fetched again", 1)
	d.passes(time.Minute)
	want("at its age it is", 2)
	d.passes(48 * time.Hour)
	down = true
	want("stale is better than nothing", 2)
	down = false
	if _, err := d.Put(t.Context(), d.keys(t, "cache/")[0], []byte(`{"at":"2030-01-01T00:00:00Z","value":{"not":"a list"}}`), blob.Any); err != nil {
		t.Fatal(err)
	}
	want("what cannot be read as it should be is fetched", 3)
	if _, err := d.Put(t.Context(), d.keys(t, "cache/")[0], []byte(`{`), blob.Any); err != nil {
		t.Fatal(err)
	}
	if _, err := get(); err != nil {
		t.Errorf("a damaged cache stops everything: %v", err)
	}
	d.put = func(string, func() (blob.Tag, error)) (blob.Tag, error) { return "", errLost }
	d.passes(2 * time.Hour)
	if value, err := get(); err != nil || len(value) != 1 {
		t.Errorf("what was fetched is lost because it cannot be kept: %v, %v", value, err)
	}
}
