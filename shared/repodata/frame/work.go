package frame

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// segmentBytes is the open size, of the three documents together, at which a
// frame goes on with a new segment.
const segmentBytes = 4 << 20

// work is a segment on its way to the outputs.
type work struct {
	segment segment
	ends    bool // the frame
	made    bool // else copied
	from    Format
	ids     []ID
	lengths [3][]uint32
	open    [3][]byte // nil if nobody needs it
	packed  [3][]byte
	needed  bool // open, for its checksum

	cost   int64
	done   chan struct{}
	takers atomic.Int32
}

// memory keeps buffers for the next segments, apart for each document because
// their sizes differ. A sync.Pool would lose them at every garbage collection,
// of which there are many while so much is read.
type memory struct {
	sync.Mutex
	open, packed [3][][]byte
	kept         int // bytes
}

const maxKept = 2 * inFlight

// get takes a buffer out that holds size bytes, or any if size is 0.
func (m *memory) get(from *[][]byte, size int) []byte {
	m.Lock()
	defer m.Unlock()
	for i := len(*from) - 1; i >= 0; i-- {
		if buffer := (*from)[i]; cap(buffer) >= size {
			*from = slices.Delete(*from, i, i+1)
			m.kept -= cap(buffer)
			return buffer
		}
	}
	return nil
}

func (m *memory) put(to *[][]byte, buffer []byte) {
	if cap(buffer) == 0 {
		return
	}
	if m.kept += cap(buffer); m.kept > maxKept {
		m.kept -= cap(buffer)
		return
	}
	*to = append(*to, buffer[:0])
}

func (m *memory) giveBack(w *work) {
	m.Lock()
	defer m.Unlock()
	for k := range w.open {
		m.put(&m.open[k], w.open[k])
		if w.made { // what was copied belongs to what was read
			m.put(&m.packed[k], w.packed[k])
		}
	}
}

// compressAll does what is to be done until there is no more.
func (r *run) compressAll(ctx context.Context) error {
	c := &codec{}
	defer c.close()
	for {
		select {
		case w, more := <-r.todo:
			if !more {
				return nil
			}
			if err := r.one(c, w); err != nil {
				return err
			}
			close(w.done)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *run) one(c *codec, w *work) error {
	for k := range w.open {
		p := &w.segment.part[k]
		var err error
		switch {
		case w.made:
			w.packed[k], err = c.compress(r.format, w.open[k], r.memory.get(&r.memory.packed[k], 0))
			*p = part{packed: int64(len(w.packed[k])), open: int64(len(w.open[k])), sum: checksum(w.packed[k])}
		case w.needed:
			w.open[k], err = c.expand(w.from, w.packed[k], int(p.open), r.memory.get(&r.memory.open[k], int(p.open)))
		}
		if err != nil {
			return fmt.Errorf("%s: a frame of %d bytes: %w", Documents()[k], p.packed, err)
		}
	}
	return nil
}

// emit queues a segment, when there is room for it.
func (r *run) emit(ctx context.Context, w *work) error {
	for k := range w.open {
		if w.made || w.needed {
			w.cost += max(int64(len(w.open[k])), w.segment.part[k].open)
		}
		w.cost += int64(len(w.packed[k]))
	}
	w.cost = min(w.cost, inFlight)
	w.done = make(chan struct{})
	w.takers.Store(int32(len(r.ordered)))
	if err := r.room.Acquire(ctx, w.cost); err != nil {
		return err
	}
	select {
	case r.todo <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, queue := range r.ordered {
		select {
		case queue <- w:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
