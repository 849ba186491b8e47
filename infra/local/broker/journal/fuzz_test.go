package journal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// After a write that failed nobody can say what is on disk: nothing more is
// promised until the journal is read again.
func TestAfterAFailedWriteNothingIsPromised(t *testing.T) {
	dir := t.TempDir()
	j, _, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]string{"a"}, []byte("kept"), func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	if err := j.file.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := j.Append([]string{"a"}, nil, func(uint64) { t.Error("committed") }); err == nil {
			t.Error("an event is promised that could not be written")
		}
	}
	if err := j.Note(Entry{Seq: 1, Target: "a", Final: true}); err == nil {
		t.Error("a note is taken")
	}
	if err := j.Close(); err == nil {
		t.Error("Close is silent about it")
	}
	j, pending, err := Open(dir, Options{})
	if err != nil || len(pending) != 1 {
		t.Fatalf("%d events after reading again, %v", len(pending), err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever a segment holds, reading gives a prefix of whole entries, and
// writing those again gives the same bytes' meaning.
func FuzzSegment(f *testing.F) {
	seed := appendFrame([]byte(magic), Entry{Seq: 0})
	seed = appendFrame(seed, Entry{Seq: 1, Event: true, Targets: []string{"a", "b"}, Body: []byte("{}")})
	seed = appendFrame(seed, Entry{Seq: 1, Target: "a", Final: true, Body: []byte("note")})
	f.Add(seed)
	f.Add(seed[:len(seed)-3])
	f.Add([]byte(magic + "\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var entries []Entry
		good := readSegment(data, func(e Entry) { entries = append(entries, e) })
		if good > int64(len(data)) {
			t.Fatalf("%d of %d bytes are good", good, len(data))
		}
		again := []byte(magic)
		for _, e := range entries {
			again = appendFrame(again, e)
		}
		var twice []Entry
		readSegment(again, func(e Entry) { twice = append(twice, e) })
		if diff := cmp.Diff(entries, twice); diff != "" {
			t.Error(diff)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, segmentName(1)), data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, _, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Frames with a right checksum and wrong content are refused too.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("E\x01\x02\x01a\x01b{}"))
	f.Add([]byte("F\x01\x01\x01a"))
	f.Add([]byte("N\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if len(payload) == 0 {
			return
		}
		entry, err := decode(payload)
		if err != nil {
			return
		}
		frame := appendFrame(nil, entry)
		again, size, err := nextFrame(frame)
		if err != nil || size != len(frame) {
			t.Fatalf("read again: %v, %d of %d bytes", err, size, len(frame))
		}
		if diff := cmp.Diff(entry, again); diff != "" {
			t.Error(diff)
		}
	})
}
