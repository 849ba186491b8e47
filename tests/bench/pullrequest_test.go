package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// BenchmarkPullRequest counts what one pull request asks of the bucket: a build
// and six checks, all of which pass. That must not depend on what else the bucket
// holds, and handling an event must not list. The last takes a real time,
// three quarters of an hour, with a clock that ticks each minute.
func BenchmarkPullRequest(b *testing.B) {
	var first blob.Usage
	for _, others := range []int{0, 10, 10_000} {
		b.Run(fmt.Sprint("others=", others), func(b *testing.B) {
			usage := pullRequests(b, others, false)
			if usage.Lists != 0 {
				b.Fatalf("%d listings in handling events", usage.Lists)
			}
			usage.In, usage.Out = 0, 0 // ids have more digits here and there
			if first.Puts == 0 {
				first = usage
			}
			if usage != first {
				b.Fatalf("%+v beside %d other pull requests, and %+v beside none", usage, others, first)
			}
		})
	}
	b.Run("an hour", func(b *testing.B) { pullRequests(b, 0, true) })
}

// pullRequests plays b.N of them and gives the usage of the last.
func pullRequests(b *testing.B, others int, ticks bool) blob.Usage {
	store := mem.New()
	counted := blob.Count(store)
	w := newFlow(counted)
	ctx := b.Context()
	// The lists of releases and composes are asked for once in hours.
	if err := w.pullRequest(ctx, event.PullRequestID{Forge: "fedora", Repo: "rpms/warm", Number: 1}, false); err != nil {
		b.Fatal(err)
	}
	fill(b, store, others)
	w.ledger.clear()
	w.events = 0
	var usage blob.Usage
	start, number := counted.Usage(), 0
	for b.Loop() {
		number++
		before := counted.Usage()
		id := event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: number}
		if err := w.pullRequest(ctx, id, ticks); err != nil {
			b.Fatal(err)
		}
		usage = counted.Usage().Sub(before)
	}
	events, all := w.events, counted.Usage().Sub(start)
	passed(b, w, number)
	byKey := w.ledger.table("by verb and prefix", func(r row) row { return row{verb: r.verb, prefix: r.prefix} })
	byFunction := w.ledger.table("by function", func(r row) row { return r })
	before := counted.Usage()
	if err := w.tick(ctx); err != nil {
		b.Fatal(err)
	}
	tick := counted.Usage().Sub(before)
	if tick.Puts+tick.Deletes != 0 {
		b.Fatalf("the clock found something to do after all was over: %+v", tick)
	}
	n := float64(number)
	for name, value := range map[string]float64{
		"GETs/PR": float64(all.Gets), "PUTs/PR": float64(all.Puts), "DELETEs/PR": float64(all.Deletes), "LISTs/PR": float64(all.Lists),
		"requests/PR": float64(all.Gets + all.Puts + all.Deletes + all.Lists), "events/PR": float64(events),
		"KiB-put/PR": float64(all.In) / 1024, "KiB-got/PR": float64(all.Out) / 1024, "USD/1000PR": all.Cost() * 1000,
	} {
		b.ReportMetric(value/n, name)
	}
	b.ReportMetric(float64(tick.Gets+tick.Lists), "requests/tick")
	if testing.Verbose() {
		b.Logf("%d pull requests\n%s\n%s", number, byKey, byFunction)
	}
	return usage
}

// passed makes sure that what was measured is what should have happened.
func passed(b *testing.B, w *flow, number int) {
	b.Helper()
	good := 0
	for _, status := range w.remotes.flags {
		if status.State == forge.Passed {
			good++
		}
	}
	if want := (number + 1) * 7; good != want || len(w.remotes.doubled()) > 0 {
		b.Fatalf("%d statuses passed, not %d; doubled: %v", good, want, w.remotes.doubled())
	}
}

// fill stores what n other pull requests leave, and the deadlines of as many
// that wait.
func fill(b *testing.B, store *mem.Store, n int) {
	b.Helper()
	like := map[string]blob.Object{}
	for _, prefix := range []string{"pr/", "claims/", "shown/", "events/", "runs/"} {
		page, err := store.List(b.Context(), prefix, "", blob.ListMax)
		if err != nil {
			b.Fatal(err)
		}
		for _, info := range page {
			o, err := store.Get(b.Context(), info.Key)
			if err != nil {
				b.Fatal(err)
			}
			o.Body = o.Body[:min(len(o.Body), 1024)] // nobody reads them
			like[o.Key] = o
		}
	}
	all := map[string]blob.Object{}
	for i := range n {
		name := fmt.Sprintf("p%06d", i)
		for key, o := range like {
			all[strings.ReplaceAll(key, "warm", name)] = o
		}
		all["due/20991231T000000/koji.fedora/fedora~2frpms~2f"+name+"~2f1/"+name] = blob.Object{}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) { // sorted, or each would move all others
		if _, err := store.Put(b.Context(), key, all[key].Body, blob.Any); err != nil {
			b.Fatal(err)
		}
	}
}
