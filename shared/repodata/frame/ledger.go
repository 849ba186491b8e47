package frame

import (
	"context"
	"fmt"
)

// ledger writes down what was done, for the new Index and for checkpoints.
type ledger struct {
	whole *Index // of the new objects; nil: Make

	checkpoint func(ctx context.Context, part Part) error
	format     Format
	limit      int64

	part     Part
	complete struct { // the part's length without a frame that has not ended
		segments, entries int
		blobs             [3]int
	}
}

// enter takes the segments in their order.
func (l *ledger) enter(ctx context.Context, w *work) error {
	if l.whole != nil {
		l.whole.add(w.segment, w.ids, w.lengths)
	}
	if l.checkpoint == nil || !w.made {
		return nil
	}
	if l.part.Index == nil {
		l.part.Index = &Index{Format: l.format}
	}
	l.part.Index.add(w.segment, w.ids, w.lengths)
	size := int64(0)
	for k := range l.part.Blobs {
		l.part.Blobs[k] = append(l.part.Blobs[k], w.packed[k]...)
		size += int64(len(l.part.Blobs[k]))
	}
	if !w.ends {
		return nil
	}
	l.complete.segments = len(l.part.Index.segments)
	l.complete.entries = len(l.part.Index.ids)
	for k, blob := range l.part.Blobs {
		l.complete.blobs[k] = len(blob)
	}
	if size < l.limit {
		return nil
	}
	return l.flush(ctx)
}

// flush hands over the frames that are complete, if there are any.
func (l *ledger) flush(ctx context.Context) error {
	part := l.part
	l.part = Part{}
	if l.checkpoint == nil || l.complete.segments == 0 {
		return nil
	}
	part.Index.segments = part.Index.segments[:l.complete.segments]
	part.Index.ids = part.Index.ids[:l.complete.entries]
	for k := range part.Blobs {
		part.Index.lengths[k] = part.Index.lengths[k][:l.complete.entries]
		part.Blobs[k] = part.Blobs[k][:l.complete.blobs[k]]
	}
	l.complete.segments = 0
	if err := l.checkpoint(ctx, part); err != nil {
		return fmt.Errorf("keep %d frames: %w", part.Index.Frames(), err)
	}
	return nil
}
