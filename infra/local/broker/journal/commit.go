package journal

import (
	"errors"
	"fmt"
	"os"
)

func newBatch() *batch { return &batch{done: make(chan struct{})} }

// Append writes an event and returns when it is on disk. Just before that,
// committed is called with the event's number; calls come in the order of the
// numbers, and must not wait for the journal.
func (j *Journal) Append(targets []string, body []byte, committed func(seq uint64)) error {
	if len(body) > MostBytes/2 {
		return fmt.Errorf("the event is larger than %d bytes", MostBytes/2)
	}
	j.mu.Lock()
	if err := j.refusal(); err != nil {
		j.mu.Unlock()
		return err
	}
	entry := Entry{Seq: j.next, Event: true, Targets: targets, Body: body}
	j.next++
	b := j.filled
	b.add(entry)
	b.sync = true
	b.committed = append(b.committed, func() { committed(entry.Seq) })
	j.mu.Unlock()
	j.nudge()
	<-b.done
	return b.err
}

// Note writes something about a target of an event, soon but without waiting:
// losing it in a power cut means only that the target gets the event again.
func (j *Journal) Note(e Entry) error {
	e.Event = false
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refusal(); err != nil {
		return err
	}
	j.filled.add(e)
	j.nudge()
	return nil
}

func (j *Journal) refusal() error {
	if j.closed {
		return ErrClosed
	}
	return j.err
}

func (b *batch) add(e Entry) {
	b.buf = appendFrame(b.buf, e)
	e.Body = nil
	b.entries = append(b.entries, e)
}

func (j *Journal) nudge() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Close writes what was noted and ends the journal.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	j.mu.Unlock()
	j.nudge()
	<-j.stopped
	return errors.Join(j.err, j.file.Sync(), j.file.Close(), j.lock.Close())
}

// commitAll is the one goroutine that writes. While it syncs one batch, the
// next one fills.
func (j *Journal) commitAll() {
	defer close(j.stopped)
	for range j.wake {
		j.mu.Lock()
		b, closed, err := j.filled, j.closed, j.err
		j.filled = newBatch()
		j.mu.Unlock()
		if err == nil {
			err = j.commit(b)
		}
		if err != nil {
			// After a failed write or sync nobody can say what is on disk. The
			// next start reads it again; until then nothing more is promised.
			j.mu.Lock()
			j.err = err
			j.mu.Unlock()
		}
		b.err = err
		close(b.done)
		if closed {
			return
		}
	}
}

func (j *Journal) commit(b *batch) error {
	if len(b.buf) == 0 {
		return nil
	}
	if j.segments[len(j.segments)-1].size >= j.options.SegmentBytes {
		if err := j.begin(); err != nil {
			return err
		}
	}
	current := j.segments[len(j.segments)-1]
	n, err := j.file.Write(b.buf)
	current.size += int64(n)
	if err == nil && b.sync {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	for _, e := range b.entries {
		j.note(e, current)
	}
	for _, committed := range b.committed {
		committed()
	}
	j.drop()
	return nil
}

// drop removes the oldest segments nothing waits for. Always from the oldest
// on: a note may be about an event in any older segment, so a segment goes
// only when all before it have gone. What cannot be removed is tried again.
func (j *Journal) drop() {
	var total int64
	for _, s := range j.segments {
		total += s.size
	}
	for len(j.segments) > 1 {
		oldest := j.segments[0]
		if oldest.open > 0 || total-oldest.size < j.options.KeepBytes {
			return
		}
		if err := os.Remove(oldest.path); err != nil {
			return
		}
		total -= oldest.size
		j.segments = j.segments[1:]
	}
}
