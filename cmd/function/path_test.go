package main

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

func TestBelowItsNameAFunctionIsToldThePath(t *testing.T) {
	paths := make(chan string, 8)
	sink := fn.Function{Name: "keep", Hears: []fn.Route{{Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
		paths <- fn.PathFrom(ctx)
		return nil, nil
	}}}}
	address, _ := start(t, sink)
	body := `{"specversion":"1.0","id":"1","source":"/a","type":"t"}`
	for _, path := range []string{"/", "/keep", "/keep/hold/build-start", "/keep/a%2Fb"} {
		if got := post(t, address+path, body, "Content-Type", "application/cloudevents+json"); got.Code != http.StatusOK {
			t.Errorf("%s: %+v", path, got)
		}
	}
	close(paths)
	var got []string
	for path := range paths {
		got = append(got, path)
	}
	if diff := cmp.Diff([]string{"", "", "hold/build-start", "a/b"}, got); diff != "" {
		t.Error(diff)
	}
}
