package frame

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/distaff-project/distaff/shared/repodata"
)

// ErrStopped says that Stop ended the work at a frame's border. What was made
// is in the checkpoints.
var ErrStopped = errors.New("stopped before the end")

// Builder writes metadata. Its fields are set before use; one Builder can do
// several things at once.
type Builder struct {
	Format Format
	// Cut is the length of frames; zero means DefaultCut.
	Cut Cut

	// Fetch reads a range of an object an Index names: all of it, or an error.
	// It is called by several goroutines at once, and its answers are kept
	// until they are written.
	Fetch func(ctx context.Context, key string, offset, length int64) ([]byte, error)
	// Describe makes the descriptions of the entries at these positions, in
	// their order (filelists-ext is not written). It is called with up to Batch
	// of them, by up to Ahead goroutines at once, and must return soon when the
	// context ends. An error ends the work, but what came before the batch in the
	// order of the metadata is kept.
	Describe func(ctx context.Context, at []int) ([]repodata.Fragment, error)
	Batch    int // zero means 64
	Ahead    int // zero means 4

	// Checkpoint keeps what was made so far, so that it need not be made
	// again: it stores the three blobs, sets the Index's Keys and stores that.
	// It is called each time CheckpointBytes were made (zero means 16 MiB) and
	// when the work ends early. Nil means that unfinished work is lost.
	Checkpoint      func(ctx context.Context, part Part) error
	CheckpointBytes int64
	// Stop tells that the time is nearly over. It is asked before each frame
	// and after each batch; what is left to do then takes about a second, and
	// one Checkpoint.
	Stop func() bool

	// Workers compress at once; zero means one a core.
	Workers int
	// OmitOpenChecksum leaves out the checksum of the decompressed documents,
	// for which all that is copied must be decompressed. dnf needs none.
	OmitOpenChecksum bool
}

// Result tells what was written, and how little of it was new.
type Result struct {
	Objects [3]Object
	// Index of the objects. Its Keys are to be set by whoever stores them.
	Index *Index
	Work
}

// Work is what it took.
type Work struct {
	Frames, Copied    int   // frames in all; those copied
	Packages, Done    int   // packages in all; those of frames copied or made
	Reused, Described int   // those of frames made anew
	Reads             int   // ranges fetched
	ReadBytes         int64 // of them
	// Lost says which Indexes were of no use, and why.
	Lost []error
}

// Part is what a checkpoint is made of: frames that were made anew.
type Part struct {
	Blobs [3][]byte
	Index *Index
}

// Build writes the three documents of the entries, which must be in order, to
// outputs. Old Indexes are asked in their order; nil ones are passed over. With
// an error the Result tells no more than the Work done until then.
//
// The bytes depend on the entries, Format and Cut alone, as long as all old
// Indexes were made by the same version of the compressor.
func (b *Builder) Build(ctx context.Context, entries []Entry, old []*Index, outputs [3]io.Writer) (*Result, error) {
	r, err := b.prepare(entries, old)
	if err != nil {
		return nil, err
	}
	r.ledger.whole = &Index{Format: r.format}
	c := &codec{}
	defer c.close()
	for k := range r.outputs {
		r.outputs[k] = newOutput(outputs[k], b.OmitOpenChecksum)
		size, err := r.outputs[k].frame(c, r.format, repodata.Head(Documents()[k], len(entries)))
		if err != nil {
			return nil, err
		}
		r.ledger.whole.start[k] = size
	}
	err = r.all(ctx)
	result := &Result{Work: r.work}
	if err != nil {
		return result, err
	}
	result.Index = r.ledger.whole
	for k, output := range r.outputs {
		if _, err := output.frame(c, r.format, repodata.Tail(Documents()[k])); err != nil {
			return nil, err
		}
		result.Objects[k] = output.object()
	}
	return result, nil
}

// Make makes the frames no old Index has, hands them to Checkpoint, and writes
// nothing else. After it Build has only to copy. Work that takes more than one
// run begins with Make: a run that ends early then never copied for nothing.
func (b *Builder) Make(ctx context.Context, entries []Entry, old []*Index) (*Work, error) {
	r, err := b.prepare(entries, old)
	if err != nil {
		return nil, err
	}
	if b.Checkpoint == nil {
		return nil, errors.New("make frames: there is no Checkpoint to hand them to")
	}
	err = r.all(ctx)
	if err == nil {
		err = r.ledger.flush(ctx)
	}
	return &r.work, err
}

// inFlight bounds the memory of segments that are compressed, expanded or
// written: open and packed bytes together.
const inFlight = 12 << 20

// run is one Build or Make under way.
type run struct {
	*Builder
	format  Format
	cut     Cut
	entries []Entry
	old     []*Index
	plan    *Plan

	work    Work
	outputs [3]*output // nil: Make
	ledger  ledger
	room    *semaphore.Weighted
	memory  memory

	todo    chan *work
	ordered [4]chan *work // the three outputs and the ledger
}

func (b *Builder) prepare(entries []Entry, old []*Index) (*run, error) {
	plan, err := MakePlan(b.Format, b.Cut, entries, old)
	if err != nil {
		return nil, err
	}
	r := &run{
		Builder: b, cut: b.Cut.orDefault(), entries: entries, old: plan.old, plan: plan,
		room: semaphore.NewWeighted(inFlight), todo: make(chan *work),
	}
	r.format, _ = b.Format.check() // MakePlan did
	for i := range r.ordered {
		r.ordered[i] = make(chan *work, 256)
	}
	r.work = Work{Frames: plan.Frames, Packages: plan.Packages}
	r.ledger = ledger{checkpoint: b.Checkpoint, format: r.format, limit: b.CheckpointBytes}
	if r.ledger.limit <= 0 {
		r.ledger.limit = 16 << 20
	}
	return r, nil
}

// all runs the parts: one goroutine gathers, some compress, four take what is
// done in order.
func (r *run) all(ctx context.Context) error {
	group, inner := errgroup.WithContext(ctx)
	var early error // ended the gathering, but what was gathered is good
	group.Go(func() error {
		defer close(r.todo)
		defer func() {
			for _, c := range r.ordered {
				close(c)
			}
		}()
		early = r.gather(inner)
		return inner.Err()
	})
	workers := r.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	for range workers {
		group.Go(func() error { return r.compressAll(inner) })
	}
	for k, output := range r.outputs {
		group.Go(func() error {
			return r.take(inner, k, func(w *work) error {
				if output == nil {
					return nil
				}
				return output.write(w.packed[k], w.open[k], w.segment.part[k].open)
			})
		})
	}
	group.Go(func() error {
		return r.take(inner, len(r.outputs), func(w *work) error { return r.ledger.enter(inner, w) })
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if early != nil {
		return errors.Join(early, r.ledger.flush(ctx))
	}
	return nil
}

// take calls with each piece of work, in order, when it is done.
func (r *run) take(ctx context.Context, queue int, call func(*work) error) error {
	for w := range r.ordered[queue] {
		select {
		case <-w.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := call(w); err != nil {
			return err
		}
		if w.takers.Add(-1) == 0 {
			r.memory.giveBack(w)
			r.room.Release(w.cost)
		}
	}
	return nil
}

func describeError(entries []Entry, at []int, err error) error {
	if len(at) == 1 {
		return fmt.Errorf("describe %s: %w", entries[at[0]].Base, err)
	}
	return fmt.Errorf("describe %s to %s: %w", entries[at[0]].Base, entries[at[len(at)-1]].Base, err)
}
