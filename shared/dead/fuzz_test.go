package dead_test

import (
	"context"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/dead"
)

type ctx = context.Context

// FuzzKeys: whatever an event calls itself and whatever the broker writes onto
// it, the letter has a good key that gives back what it was made of.
func FuzzKeys(f *testing.F) {
	f.Add("id", "type", "fedora/rpms/bash#1", koji, "422", "bm8=")
	f.Add("../../etc", "..", "", "http://[::1", "-1", "%%%")
	f.Add(strings.Repeat("long", 100), strings.Repeat("+", 300), "~", "http://broker-ingress/a/b", "99999999999", "aGk")
	f.Fuzz(func(t *testing.T, id, kind, subject, dest, code, data string) {
		e := letter("x", "y", "", "", 0, "")
		e.SetID(id)
		e.SetType(kind)
		e.SetSubject(subject)
		for name, value := range map[string]string{"knativeerrordest": dest, "knativeerrorcode": code, "knativeerrordata": data} {
			if value != "" {
				e.SetExtension(name, value)
			}
		}
		s := newShelf()
		key := dead.Key(s.now, e, dead.FailureOf(e))
		if err := blob.CheckKey(key); err != nil {
			t.Fatal(err)
		}
		l, err := dead.ParseKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if e.ID() != "" && len(e.ID()) < 60 && l.ID != e.ID() {
			t.Errorf("%q became %q", e.ID(), l.ID)
		}
		_, _ = dead.ParseKey(id)
		_, _ = dead.ParseHeld(id)
	})
}
