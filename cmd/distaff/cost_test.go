package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
	used "github.com/distaff-project/distaff/shared/usage"
)

var billed = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// priced has prices with which each sum can be done in the head.
func priced() *config.Config {
	return &config.Config{Name: "fedora", Prices: config.Prices{
		Currency: "EUR", PutThousand: 10, GetThousand: 1, ListThousand: 100, OutGB: 0, GBSecond: 0.01, CPUSecond: 0.1, KojiMinute: 1, FarmMinute: 2,
		AlwaysOn: config.AlwaysOn{Pods: 2, MemoryMiB: 1024, CPUMilli: 500},
	}}
}

func life(service string, seconds int, work map[string]used.Work) used.Piece {
	return used.Piece{
		Service: service, Instance: "i", From: billed.Add(-time.Hour), To: billed.Add(-time.Hour).Add(time.Duration(seconds) * time.Second),
		Memory: 1 << 30, CPUs: 0.5, Functions: work,
	}
}

func pull(repo string, number int) event.PullRequestID {
	return event.PullRequestID{Forge: "fedora", Repo: repo, Number: number}
}

func TestABillAddsUp(t *testing.T) {
	s := &spent{
		pieces: []used.Piece{
			life("build-start", 100, map[string]used.Work{"build-start": {Events: 10, Failed: 1, Cold: 1, Seconds: 5, Said: 10, Gets: 99, Puts: 29}}),
			life("minute", 200, map[string]used.Work{"clock-tick": {Events: 3, Seconds: 1, Lists: 3}, "fedmsg-drain": {Events: 3, Seconds: 3, Gets: 1}}),
			life("idle", 10, nil),
		},
		runs: []spell{
			{id: pull("rpms/bash", 1), run: 1, koji: 10 * time.Minute, farm: 5 * time.Minute},
			{id: pull("rpms/bash", 1), run: 2, koji: 20 * time.Minute},
			{id: pull("rpms/zlib", 2), run: 1, farm: 45 * time.Minute},
		},
		asked: blob.Usage{Lists: 9, Gets: 6},
	}
	b := reckon(s, priced(), []string{"build-start", "clock-tick", "fedmsg-drain", "never-ran"}, billed.AddDate(0, 0, -7), billed)
	almost := func(what string, got, want float64) {
		t.Helper()
		if d := got - want; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	almost("GB-seconds", b.Instances.GBSeconds, 310)
	almost("CPU-seconds", b.Instances.CPUSeconds, 155)
	almost("instances", b.Instances.Cost, 3.1+15.5)
	almost("bucket", b.Bucket.Cost, 0.01*32+0.001*100+0.1*3) // with a put for each piece
	almost("Koji", b.Koji.Cost, 30)
	almost("Testing Farm", b.Farm.Cost, 100)
	almost("total", b.Total, 18.6+0.72+130)
	var byFunction float64
	for _, f := range b.Functions {
		byFunction += f.GBSeconds
	}
	almost("the functions together", byFunction, 310)
	// Eight pods for an hour, with a GB and half a processor each.
	almost("always on", b.AlwaysOn.Cost, 8*3600*(0.01+0.05))
	if b.AlwaysOn.Pods != 8 || b.Measured != 3600 {
		t.Errorf("%+v over %v s", b.AlwaysOn, b.Measured)
	}
	if d := b.Dearest; len(d) != 2 || len(d[1].Runs) != 2 || d[1].Runs[1].Cost != 20 {
		t.Errorf("%+v", d)
	}
	var out strings.Builder
	b.write(&out)
	want := `fedora took 149.32 EUR in the 7 days to 2026-11-21 12:00.
Always on, its 8 pods alone would be 1728.00 EUR against 18.60 EUR for instances: 92.9 times as much.

                                             EUR
instances        310 GB-s     155 CPU-s    18.60
always on     28,800 GB-s  14,400 CPU-s  1728.00
bucket            32 puts      100 gets
                  3 lists       0 bytes     0.72
Koji                             30 min    30.00
Testing Farm                     50 min   100.00

function      events  failed  cold  busy  GB-s  requests   EUR
fedmsg-drain       3       0     0   3 s   150         1  9.00
build-start       10       1     1   5 s   100       128  6.39
clock-tick         3       0     0   1 s    50         3  3.30
idle               0       0     0   0 s    10         0  0.60

package           runs  Koji min  Farm min    EUR
fedora/rpms/zlib     1         0        45  90.00
fedora/rpms/bash     2        30         5  40.00

dearest pull requests  runs  Koji min  Farm min    EUR
fedora/rpms/zlib#2        1         0        45  90.00
fedora/rpms/bash#1        2        30         5  40.00

This report asked the bucket for 9 lists and 6 gets: 0.91 EUR.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("%s\n%s", diff, out.String())
	}
}

func TestRunsAreReadOnceWhetherTheyEndedOrNot(t *testing.T) {
	store := mem.New()
	put := func(key string, value any) {
		t.Helper()
		var raw strings.Builder
		if err := writeJSON(&raw, value); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Put(t.Context(), key, []byte(raw.String()), blob.Any); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	ended := page.Run{Checks: []page.Check{{Working: 600}, {Working: 60}, {Working: 120}}}
	put("runs/fedora/rpms/bash/1/1/run.json", ended)
	put("runs/fedora/rpms/bash/1/1/index.html", ended)
	put("runs/broken/run.json", ended)
	put("pr/fedora/rpms/bash/1.json", pipeline.PullRequest{PullRequestID: pull("rpms/bash", 1), Run: pipeline.Run{Number: 1, Phase: pipeline.Over}})
	put("pr/fedora/rpms/zlib/2.json", pipeline.PullRequest{PullRequestID: pull("rpms/zlib", 2), Run: pipeline.Run{
		Number: 4, Phase: pipeline.Checking, Checks: map[string]pipeline.Check{pipeline.Build: {State: pipeline.Running, Started: now.Add(-5 * time.Minute)}},
	}})
	s, err := readSpent(t.Context(), store, now.Add(-time.Hour), now, 1000)
	if err != nil {
		t.Fatal(err)
	}
	want := []spell{
		{id: pull("rpms/bash", 1), run: 1, koji: 10 * time.Minute, farm: 3 * time.Minute},
		{id: pull("rpms/zlib", 2), run: 4, koji: 5 * time.Minute},
	}
	if diff := cmp.Diff(want, s.runs, cmp.AllowUnexported(spell{})); diff != "" {
		t.Error(diff)
	}
	if len(s.notes) != 1 || !strings.Contains(s.notes[0], "runs/broken/run.json cannot be read") {
		t.Errorf("%q", s.notes)
	}
	if s.asked.Gets != 4 || s.asked.Lists < 3 {
		t.Errorf("%+v", s.asked)
	}
	later, err := readSpent(t.Context(), store, now.Add(time.Hour), now.Add(2*time.Hour), 1000)
	if err != nil || len(later.runs) > 0 || later.asked.Gets > 0 {
		t.Errorf("%+v, %v", later, err)
	}
}

func TestWhatSinceMayBe(t *testing.T) {
	for text, want := range map[string]time.Time{
		"7d": billed.AddDate(0, 0, -7), "36h": billed.Add(-36 * time.Hour), "2026-11-01": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-21T11:00:00Z": billed.Add(-time.Hour),
	} {
		if got, err := ago(text, billed); err != nil || !got.Equal(want) {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "7", "-7d", "d", "7w", "2027-01-01", "0d", "tomorrow"} {
		if got, err := ago(text, billed); err == nil {
			t.Errorf("%q: %s", text, got)
		}
	}
}
