package dead_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/dead"
)

// A mass failure: 10,000 letters in an hour, of three causes.
func BenchmarkGroupsOfTenThousand(b *testing.B) {
	s := newShelf()
	for i := range 10_000 {
		s.now = s.now.Add(time.Second / 3)
		e := letter(fmt.Sprintf("fedora/rpms/p%d/1@3.0", i), "distaff.build.wanted", fmt.Sprintf("fedora/rpms/p%d#1", i), koji, 500+i%3, "koji fedora: down")
		if err := dead.Keep(b.Context(), s.Store, s.now, e); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		s.requests = 0
		groups, _, err := dead.Groups(b.Context(), s, dead.Filter{}, 50)
		if err != nil || len(groups) != 3 {
			b.Fatal(len(groups), err)
		}
	}
	b.ReportMetric(float64(s.requests), "requests/op")
}
