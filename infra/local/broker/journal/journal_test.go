package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker/journal"
)

func open(t *testing.T, dir string, options journal.Options) (*journal.Journal, []journal.Entry) {
	t.Helper()
	j, pending, err := journal.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j, pending
}

func add(t *testing.T, j *journal.Journal, body string, targets ...string) uint64 {
	t.Helper()
	var seq uint64
	if err := j.Append(targets, []byte(body), func(n uint64) { seq = n }); err != nil {
		t.Fatal(err)
	}
	return seq
}

func final(t *testing.T, j *journal.Journal, seq uint64, target string) {
	t.Helper()
	if err := j.Note(journal.Entry{Seq: seq, Target: target, Final: true}); err != nil {
		t.Fatal(err)
	}
}

func shut(t *testing.T, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func event(seq uint64, body string, targets ...string) journal.Entry {
	return journal.Entry{Seq: seq, Event: true, Targets: targets, Body: []byte(body)}
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestWhatWasNotDeliveredComesBackWithTheTargetsLeft(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, journal.Options{})
	one := add(t, j, "one", "a", "b")
	two := add(t, j, "two", "a")
	add(t, j, "three") // nobody wants it
	four := add(t, j, "four", "a", "b")
	final(t, j, one, "a")
	final(t, j, two, "a")
	if err := j.Note(journal.Entry{Seq: four, Target: "a", Body: []byte("tried")}); err != nil {
		t.Fatal(err)
	}
	shut(t, j)
	_, pending := open(t, dir, journal.Options{})
	want := []journal.Entry{event(one, "one", "b"), event(four, "four", "a", "b")}
	if diff := cmp.Diff(want, pending); diff != "" {
		t.Error(diff)
	}
}

func TestATornTailIsCutOff(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	j, _ := open(t, whole, journal.Options{})
	add(t, j, "one", "a")
	shut(t, j)
	first, err := os.ReadFile(segments(t, whole)[0])
	if err != nil {
		t.Fatal(err)
	}
	j, _ = open(t, whole, journal.Options{})
	add(t, j, "two", "a")
	shut(t, j)
	data, err := os.ReadFile(segments(t, whole)[0])
	if err != nil {
		t.Fatal(err)
	}
	tails := map[string][]byte{
		"zeros":   append(bytes.Clone(first), make([]byte, 4096)...),
		"garbage": append(bytes.Clone(first), "\xff\xff\xff\x7fgarbage"...),
	}
	for end := len(first); end < len(data); end++ {
		tails[fmt.Sprintf("cut at %d", end)] = data[:end]
	}
	flipped := bytes.Clone(data)
	flipped[len(flipped)-1] ^= 1
	tails["a flipped bit"] = flipped
	for name, tail := range tails {
		dir := t.TempDir()
		path := filepath.Join(dir, filepath.Base(segments(t, whole)[0]))
		if err := os.WriteFile(path, tail, 0o600); err != nil {
			t.Fatal(err)
		}
		j, pending := open(t, dir, journal.Options{})
		if diff := cmp.Diff([]journal.Entry{event(1, "one", "a")}, pending); diff != "" {
			t.Error(name, diff)
		}
		if seq := add(t, j, "after", "a"); seq != 2 {
			t.Errorf("%s: the next event has the number %d", name, seq)
		}
		shut(t, j)
		_, pending = open(t, dir, journal.Options{})
		if diff := cmp.Diff([]journal.Entry{event(1, "one", "a"), event(2, "after", "a")}, pending); diff != "" {
			t.Error(name, "after writing on", diff)
		}
	}
}

func TestATornHeadOfANewSegmentIsBegunAgain(t *testing.T) {
	for _, head := range []string{"", "distaff"} {
		dir := t.TempDir()
		j, _ := open(t, dir, journal.Options{})
		add(t, j, "one", "a")
		shut(t, j)
		if err := os.WriteFile(filepath.Join(dir, "0000000000000002.journal"), []byte(head), 0o600); err != nil {
			t.Fatal(err)
		}
		j, pending := open(t, dir, journal.Options{})
		if len(pending) != 1 {
			t.Fatalf("%d events pending", len(pending))
		}
		add(t, j, "two", "a")
		shut(t, j)
		if _, pending = open(t, dir, journal.Options{}); len(pending) != 2 {
			t.Errorf("%d events pending after writing on", len(pending))
		}
	}
}

func TestDamageBeforeTheEndIsNotPassedOver(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, journal.Options{SegmentBytes: 1})
	add(t, j, "one", "a")
	add(t, j, "two", "a")
	shut(t, j)
	path := segments(t, dir)[0]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := journal.Open(dir, journal.Options{}); err == nil || !strings.Contains(err.Error(), "is damaged at byte") {
		t.Errorf("Open = %v", err)
	}
}

func TestSegmentsGoWhenAllBeforeThemAreDelivered(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, journal.Options{SegmentBytes: 1, KeepBytes: -1})
	stuck := add(t, j, "stuck", "a")
	for range 5 {
		final(t, j, add(t, j, "done", "a"), "a")
	}
	last := add(t, j, "last") // makes sure that all notes are written
	if got := len(segments(t, dir)); got < 6 {
		t.Errorf("%d segments are left, although the oldest holds an event that waits", got)
	}
	final(t, j, stuck, "a")
	add(t, j, "more")
	add(t, j, "more")
	if got := len(segments(t, dir)); got > 2 {
		t.Errorf("%d segments are left, and nothing waits", got)
	}
	shut(t, j)
	j, pending := open(t, dir, journal.Options{})
	if len(pending) > 0 {
		t.Errorf("delivered events come back: %v", pending)
	}
	if seq := add(t, j, "next"); seq <= last {
		t.Errorf("number %d is given twice", seq)
	}
}

func TestDeliveredEventsAreKeptForAWhile(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, journal.Options{SegmentBytes: 100, KeepBytes: 1000})
	for i := range 100 {
		final(t, j, add(t, j, fmt.Sprintf("event %d", i), "a"), "a")
	}
	shut(t, j)
	var bodies []string
	err := journal.Read(dir, func(e journal.Entry) {
		if e.Event {
			bodies = append(bodies, string(e.Body))
		}
	})
	if err != nil || len(bodies) < 5 || len(bodies) > 50 || bodies[len(bodies)-1] != "event 99" {
		t.Errorf("read %d events, %v", len(bodies), err)
	}
}

func TestManyWritersShareTheDisk(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, journal.Options{SegmentBytes: 4096})
	var order []uint64
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			err := j.Append([]string{"a"}, []byte(fmt.Sprint(i)), func(seq uint64) { order = append(order, seq) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, seq := range order {
		if seq != uint64(i+1) {
			t.Fatalf("number %d is committed as number %d", seq, i+1)
		}
	}
	shut(t, j)
	if _, pending := open(t, dir, journal.Options{}); len(pending) != 1000 {
		t.Errorf("%d of 1000 events are there", len(pending))
	}
}

func TestTwoProcessesDoNotShareAJournal(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, journal.Options{})
	if _, _, err := journal.Open(dir, journal.Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("Open = %v", err)
	}
}

func TestAClosedJournalTakesNothing(t *testing.T) {
	j, _ := open(t, t.TempDir(), journal.Options{})
	shut(t, j)
	shut(t, j)
	if err := j.Append(nil, nil, func(uint64) {}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Append = %v", err)
	}
	if err := j.Note(journal.Entry{}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Note = %v", err)
	}
}

func TestAnEventTooLargeToReadBackIsRefused(t *testing.T) {
	j, _ := open(t, t.TempDir(), journal.Options{})
	if err := j.Append(nil, make([]byte, journal.MostBytes/2+1), func(uint64) {}); err == nil {
		t.Error("it is taken")
	}
	if seq := add(t, j, "next"); seq != 1 {
		t.Errorf("the next event has the number %d", seq)
	}
}

func BenchmarkAppend(b *testing.B) {
	j, _, err := journal.Open(b.TempDir(), journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	body := bytes.Repeat([]byte("x"), 500)
	b.SetParallelism(500)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := j.Append([]string{"a"}, body, func(uint64) {}); err != nil {
				b.Error(err)
			}
		}
	})
}
