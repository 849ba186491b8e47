package usage_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/usage"
)

var start = time.Date(2026, 11, 21, 23, 50, 0, 0, time.UTC)

// instance is one that records into a bucket, with a clock of its own.
type instance struct {
	*usage.Recorder
	*blob.Counted
	now  time.Time
	full bool
}

func (i *instance) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if i.full {
		_, _ = i.Counted.Put(ctx, key, body, cond, opts...) // stored, and the answer lost
		return "", errors.New("503 Slow Down")
	}
	return i.Counted.Put(ctx, key, body, cond, opts...)
}

func newInstance() *instance {
	i := &instance{Counted: blob.Count(mem.New()), now: start}
	i.Recorder = usage.New(i, "build-start", "pod-1", usage.Machine{Memory: 256 << 20, CPUs: 0.5}, start, func() time.Time { return i.now })
	return i
}

// works deals with n events, each of which took 20 ms, read twice and wrote once.
func (i *instance) works(t *testing.T, n int) {
	t.Helper()
	for range n {
		ctx, done := i.Watch(t.Context(), fn.Begun{Function: "build-start"})
		i.now = i.now.Add(20 * time.Millisecond)
		done(fn.Report{
			Begun: fn.Begun{Function: "build-start"}, Took: 20 * time.Millisecond, Said: []string{"a"},
			Bucket: blob.Usage{Gets: 2, Puts: 1, In: 100, Out: 200},
		})
		if err := i.Settle(ctx); err != nil {
			t.Log(err)
		}
	}
}

func (i *instance) read(t *testing.T) []usage.Piece {
	t.Helper()
	found, err := usage.Read(t.Context(), i.Counted, start.Add(-time.Hour).Truncate(24*time.Hour), start.Add(24*time.Hour), 100)
	if err != nil || found.Broken > 0 || found.Cut {
		t.Fatalf("%+v, %v", found, err)
	}
	for n := range found.Pieces {
		p := &found.Pieces[n]
		if !strings.HasPrefix(p.Instance, "pod-1-") || p.Peak == 0 || p.CPU < 0 {
			t.Errorf("%+v", p)
		}
		p.Instance, p.Peak, p.CPU = "", 0, 0
	}
	return found.Pieces
}

// The cost of one event is nothing: an instance writes once when it ends.
func TestAThousandEventsCostOneRequest(t *testing.T) {
	i := newInstance()
	i.works(t, 1000)
	if u := i.Usage(); u.Requests() != 0 {
		t.Errorf("%+v while events are handled", u)
	}
	i.now = i.now.Add(6 * time.Second)
	if err := i.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u := i.Usage(); u.Puts != 1 || u.Requests() != 1 {
		t.Errorf("%+v at the end", u)
	}
	want := []usage.Piece{{
		Service: "build-start", From: start, To: start.Add(26 * time.Second), Memory: 256 << 20, CPUs: 0.5,
		Functions: map[string]usage.Work{"build-start": {Events: 1000, Seconds: 20, Said: 1000, Gets: 2000, Puts: 1000, In: 100_000, Out: 200_000}},
	}}
	if diff := cmp.Diff(want, i.read(t), roughly); diff != "" {
		t.Error(diff)
	}
	if p := want[0]; p.GBSeconds() != 6.5 || p.CPUSeconds() != 13 {
		t.Errorf("%v GB-seconds, %v of a processor", p.GBSeconds(), p.CPUSeconds())
	}
}

var roughly = cmp.Comparer(func(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 })

func TestALongLifeIsWrittenEveryTenMinutes(t *testing.T) {
	i := newInstance()
	for range 40 { // through midnight
		i.now = i.now.Add(time.Minute)
		i.works(t, 1)
	}
	if u := i.Usage(); u.Puts != 4 {
		t.Errorf("%d pieces in 40 minutes", u.Puts)
	}
	if err := i.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var events int64
	last := start
	for _, p := range i.read(t) {
		if !p.From.Equal(last) {
			t.Errorf("a piece begins at %s, the one before ended at %s", p.From, last)
		}
		last = p.To
		events += p.Functions["build-start"].Events
	}
	if events != 40 || !last.Equal(i.now) {
		t.Errorf("%d events until %s", events, last)
	}
}

// A PUT whose answer was lost may have been stored. Nothing is counted twice.
func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	i := newInstance()
	i.full = true
	i.now = i.now.Add(11 * time.Minute)
	i.works(t, 50)
	if n := i.Usage().Puts; n != 1 {
		t.Errorf("%d attempts within a minute", n)
	}
	i.full = false
	i.works(t, 1)
	if err := i.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := i.read(t)
	if len(all) != 1 || all[0].Functions["build-start"].Events != 51 {
		t.Errorf("%+v", all)
	}
}

// Its attempts may lie on two days, and a piece lies below the day it ends on.
func TestWhatIsWrittenAgainAfterMidnightReplacesTheFirstAttempt(t *testing.T) {
	i := newInstance()
	i.full = true
	i.now = time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC)
	if err := i.Close(t.Context()); err == nil {
		t.Fatal("it was written")
	}
	i.full = false
	i.now = i.now.Add(2 * time.Minute)
	i.works(t, 1)
	if all := i.read(t); len(all) != 1 || !all[0].To.Equal(i.now) {
		t.Errorf("%+v", all)
	}
}

func TestManyAtOnceAreAllCounted(t *testing.T) {
	bucket := mem.New()
	var mu sync.Mutex
	now := start
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); now = now.Add(time.Minute); return now }
	r := usage.New(bucket, "s", "i", usage.Machine{}, start, clock)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				ctx, done := r.Watch(t.Context(), fn.Begun{})
				done(fn.Report{Begun: fn.Begun{Function: "f"}})
				if err := r.Settle(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := usage.Read(t.Context(), bucket, time.Time{}.AddDate(2025, 10, 0), now, 1000)
	var events int64
	for _, p := range found.Pieces {
		events += p.Functions["f"].Events
		if p.Memory == 0 {
			t.Error("no memory where there is no limit")
		}
	}
	if err != nil || events != 800 {
		t.Errorf("%d events, %v", events, err)
	}
}

func TestReadingIsBounded(t *testing.T) {
	store := mem.New()
	for n := range 5 {
		key := fmt.Sprintf("usage/2026-11-21/s/i-%d.json", n)
		body := []byte(`{"service":"s","from":"2026-11-21T01:00:00Z","to":"2026-11-21T01:01:00Z"}`)
		if n == 2 {
			body = []byte("{")
		}
		if _, err := store.Put(t.Context(), key, body, blob.Any); err != nil {
			t.Fatal(err)
		}
	}
	day := start.Truncate(24 * time.Hour)
	found, err := usage.Read(t.Context(), store, day, start, 4)
	if err != nil || len(found.Pieces) != 3 || found.Broken != 1 || !found.Cut {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestLimitsAreThoseOfTheControlGroup(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  usage.Machine
	}{
		"version 2":     {map[string]string{"memory.max": "134217728\n", "cpu.max": "50000 100000\n"}, usage.Machine{Memory: 128 << 20, CPUs: 0.5}},
		"version 2, no": {map[string]string{"memory.max": "max\n", "cpu.max": "max 100000\n"}, usage.Machine{}},
		"version 1": {map[string]string{
			"memory/memory.limit_in_bytes": "134217728\n", "cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n",
		}, usage.Machine{Memory: 128 << 20, CPUs: 2}},
		"version 1, no": {map[string]string{
			"memory/memory.limit_in_bytes": "9223372036854771712\n", "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n",
		}, usage.Machine{}},
		"nothing": {nil, usage.Machine{}},
	} {
		got := usage.Limits(func(path string) ([]byte, error) {
			text, ok := c.files[strings.TrimPrefix(path, "/sys/fs/cgroup/")]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		})
		if got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"service":"s","instance":"i","from":"2026-11-21T01:00:00Z","to":"2026-11-21T01:01:00Z","memory":1,"functions":{"f":{"events":1,"seconds":0.1}}}`))
	f.Add([]byte(`{"service":"s","from":"2026-11-21T01:00:00Z","to":"2026-11-20T01:01:00Z"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := usage.Parse(raw)
		if err == nil && (p.Seconds() < 0 || p.GBSeconds() < 0 || p.CPUSeconds() < 0 || p.Service == "") {
			t.Errorf("%+v", p)
		}
	})
}
