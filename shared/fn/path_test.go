package fn_test

import (
	"context"
	"testing"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

func TestAFunctionKnowsByWhichPathAnEventCame(t *testing.T) {
	var got []string
	f := fn.Function{Name: "keep", Hears: []fn.Route{{Handle: func(ctx context.Context, _ event.Event) ([]event.Draft, error) {
		got = append(got, fn.PathFrom(ctx))
		return nil, nil
	}}}}
	for _, ctx := range []context.Context{t.Context(), fn.WithPath(t.Context(), "hold/x")} {
		if _, err := f.Hear(ctx, fn.Sent("a", event.Draft{ID: "1", Type: "t"}, at)); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || got[0] != "" || got[1] != "hold/x" {
		t.Errorf("it came by %q", got)
	}
}
