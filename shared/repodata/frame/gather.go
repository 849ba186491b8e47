package frame

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/shared/repodata"
)

// gather follows the plan, and makes a new one for the rest if an old object
// turns out to be no good.
func (r *run) gather(ctx context.Context) error {
	for {
		next, err := r.follow(ctx)
		var lost *sourceError
		if !errors.As(err, &lost) {
			return err
		}
		r.work.Lost = append(r.work.Lost, lost.err)
		r.old = slices.Clone(r.old)
		r.old[lost.source] = nil
		r.plan = makePlan(r.format, r.cut, r.entries, next, r.old)
	}
}

// follow does the plan's steps. With an error it says which entry is to be
// done next.
func (r *run) follow(ctx context.Context) (next int, err error) {
	plan := r.plan
	stretches := plan.stretches(r.outputs[0] != nil)
	f := &follower{
		run: r,
		read: newAhead(ctx, 2, stretches, func(ctx context.Context, s stretch) (old, error) {
			return r.readStretch(ctx, plan.old[s.source], s)
		}),
		describe: newAhead(ctx, or(r.Ahead, 4), slices.Collect(slices.Chunk(plan.Fresh, or(r.Batch, 64))), r.describeBatch),
	}
	defer f.read.stop()
	defer f.describe.stop()
	defer f.codec.close()
	for i := range plan.steps {
		s := &plan.steps[i]
		if r.stopped() {
			return s.from, ErrStopped
		}
		if s.copied && r.outputs[0] != nil {
			err = f.copy(ctx, s)
		} else if !s.copied {
			err = f.make(ctx, s)
		}
		if err != nil {
			return s.from, err
		}
		r.work.Done += s.to - s.from
		if s.copied {
			r.work.Copied++
		}
	}
	return len(r.entries), nil
}

func (r *run) stopped() bool { return r.Stop != nil && r.Stop() }

func (r *run) describeBatch(ctx context.Context, at []int) ([]repodata.Fragment, error) {
	made, err := r.Describe(ctx, at)
	if err == nil && len(made) != len(at) {
		err = fmt.Errorf("%d descriptions of %d packages", len(made), len(at))
	}
	if err != nil {
		return nil, describeError(r.entries, at, err)
	}
	return made, nil
}

func or(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// follower is the gathering goroutine's own state.
type follower struct {
	*run
	codec    codec
	read     *ahead[old]
	describe *ahead[[]repodata.Fragment]

	at      old                 // the stretch that was read last
	waiting []repodata.Fragment // described, not used yet
	opened  opened
}

// packed gives an old segment, compressed. Segments must be asked for in the
// order stretches listed them.
func (f *follower) packed(ctx context.Context, source, segment int) (parts [3][]byte, err error) {
	for f.at.bytes[0] == nil || f.at.source != source || segment < f.at.first || segment > f.at.last {
		if f.at, err = f.read.next(ctx); err != nil {
			return parts, err
		}
		f.work.Reads += len(parts)
		for k := range parts {
			f.work.ReadBytes += int64(len(f.at.bytes[k]))
		}
	}
	for k := range parts {
		parts[k] = f.at.packed(f.plan.old[source], segment, k)
	}
	return parts, nil
}

// copy takes a whole frame as it is.
func (f *follower) copy(ctx context.Context, s *step) error {
	x := f.plan.old[s.whole.source]
	// All is read before any is queued, so that a source that is no good can
	// be left at the frame's border.
	parts := make([][3][]byte, 0, 1)
	for source, segment := range s.needs(f.plan) {
		packed, err := f.packed(ctx, source, segment)
		if err != nil {
			return err
		}
		parts = append(parts, packed)
	}
	for i, packed := range parts {
		at := s.whole.segment + i
		w := &work{segment: x.segments[at], ends: i+1 == len(parts), from: x.Format, packed: packed, needed: !f.OmitOpenChecksum}
		first, last := w.segment.entry, w.segment.entry+w.segment.count
		w.ids = x.ids[first:last]
		for k := range w.lengths {
			w.lengths[k] = x.lengths[k][first:last]
		}
		if err := f.emit(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// make puts a frame together from descriptions.
func (f *follower) make(ctx context.Context, s *step) error {
	type place struct{ source, segment int }
	known := map[place][3][]byte{}
	for source, segment := range s.needs(f.plan) {
		packed, err := f.packed(ctx, source, segment)
		if err != nil {
			return err
		}
		known[place{source, segment}] = packed
	}
	w := f.newWork(true)
	for i, where := range s.take {
		var description [3][]byte
		var err error
		if where.source < 0 {
			description, err = f.fresh(ctx)
		} else {
			description, err = f.opened.entry(&f.codec, f.plan.old[where.source], where, known[place{where.source, where.segment}])
		}
		if err != nil {
			return err
		}
		size := 0
		for k, text := range description {
			w.open[k] = append(w.open[k], text...)
			w.lengths[k] = append(w.lengths[k], uint32(len(text))) //nolint:gosec // far below 4 GiB
			size += len(w.open[k])
		}
		w.ids = append(w.ids, f.entries[s.from+i].ID)
		w.ends = i+1 == len(s.take)
		if size < segmentBytes && !w.ends {
			continue
		}
		w.segment.count = len(w.ids)
		if err := f.emit(ctx, w); err != nil {
			return err
		}
		if !w.ends {
			w = f.newWork(false)
		}
	}
	return nil
}

func (f *follower) newWork(begins bool) *work {
	w := &work{segment: segment{begins: begins}, made: true}
	for k := range w.open {
		w.open[k] = f.memory.get(&f.memory.open[k], 0)
	}
	return w
}

// fresh gives the next description that had to be made.
func (f *follower) fresh(ctx context.Context) ([3][]byte, error) {
	if len(f.waiting) == 0 {
		if f.stopped() {
			return [3][]byte{}, ErrStopped
		}
		var err error
		if f.waiting, err = f.describe.next(ctx); err != nil {
			return [3][]byte{}, err
		}
		f.work.Described += len(f.waiting)
	}
	one := f.waiting[0]
	f.waiting[0] = repodata.Fragment{} // its memory is not kept until the batch's end
	f.waiting = f.waiting[1:]
	return [3][]byte{one.Primary, one.Filelists, one.Other}, nil
}

// opened is the old segment that was decompressed last, to take descriptions
// out of it.
type opened struct {
	of     *Index
	number int
	raw    [3][]byte
	next   int // entry
	from   [3]int64
}

// entry gives one description. The segment is decompressed when its first is
// asked for.
func (o *opened) entry(c *codec, x *Index, where address, packed [3][]byte) ([3][]byte, error) {
	s := &x.segments[where.segment]
	if o.of != x || o.number != where.segment {
		for k := range o.raw {
			var err error
			o.raw[k], err = c.expand(x.Format, packed[k], int(s.part[k].open), o.raw[k])
			if err != nil {
				return [3][]byte{}, fmt.Errorf("%s: a frame at byte %d: %w", x.Keys[k], s.offset[k], err)
			}
		}
		o.of, o.number, o.next, o.from = x, where.segment, s.entry, [3]int64{}
	}
	if where.entry < o.next {
		o.next, o.from = s.entry, [3]int64{}
	}
	var found [3][]byte
	for ; o.next <= where.entry; o.next++ {
		for k := range found {
			end := o.from[k] + int64(x.lengths[k][o.next])
			found[k], o.from[k] = o.raw[k][o.from[k]:end], end
		}
	}
	return found, nil
}
