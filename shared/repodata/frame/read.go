package frame

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"
)

// ErrGone is what a Fetch returns (or wraps) for an object that is not there
// any more, or not of the size it had. The packages it described are then
// taken from elsewhere; any other error ends the work.
var ErrGone = errors.New("object is gone")

// Ranges are read in pieces of about this size, and what is not wanted is read
// along if it is less than a new request would cost.
const (
	readBytes = 4 << 20
	readGap   = 512 << 10
)

// stretch is some neighbouring segments of one Index, read at once.
type stretch struct {
	source      int
	first, last int // segments
}

// old is what a stretch held.
type old struct {
	stretch
	bytes [3][]byte
}

// stretches lists what must be read for the steps, in the order of use.
func (p *Plan) stretches(copies bool) []stretch {
	var all []stretch
	for i := range p.steps {
		if p.steps[i].copied && !copies {
			continue
		}
		for source, segment := range p.steps[i].needs(p) {
			if n := len(all); n == 0 || !all[n-1].reaches(p, source, segment) {
				all = append(all, stretch{source, segment, segment})
			}
		}
	}
	return all
}

// reaches tells whether a segment is in a stretch, which grows to it if it is
// near.
func (s *stretch) reaches(p *Plan, source, segment int) bool {
	if source != s.source || segment < s.first {
		return false
	}
	if segment <= s.last {
		return true
	}
	x := p.old[source]
	if x.span(s.last+1, segment-1) > readGap || x.span(s.first, segment) > readBytes {
		return false
	}
	s.last = segment
	return true
}

// needs gives each old segment that a step uses, in order, as its source and
// number.
func (s *step) needs(p *Plan) iter.Seq2[int, int] {
	return func(yield func(source, segment int) bool) {
		if s.copied {
			for at := s.whole.segment; at < p.old[s.whole.source].frameEnd(s.whole.segment); at++ {
				if !yield(s.whole.source, at) {
					return
				}
			}
			return
		}
		before := address{source: -1}
		for _, where := range s.take {
			if where.source < 0 || where.source == before.source && where.segment == before.segment {
				continue
			}
			if !yield(where.source, where.segment) {
				return
			}
			before = where
		}
	}
}

// span is how many bytes the segments first to last have in all.
func (x *Index) span(first, last int) int64 {
	total := int64(0)
	for at := first; at <= last; at++ {
		for _, p := range x.segments[at].part {
			total += p.packed
		}
	}
	return total
}

// readStretch fetches a stretch, its three ranges at once, and compares each segment
// with its checksum. An error is a *sourceError if the source is no good.
func (b *Builder) readStretch(ctx context.Context, x *Index, s stretch) (old, error) {
	got := old{stretch: s}
	all, ctx := errgroup.WithContext(ctx)
	for k := range got.bytes {
		all.Go(func() error {
			from := x.segments[s.first].offset[k]
			size := x.segments[s.last].offset[k] + x.segments[s.last].part[k].packed - from
			data, err := b.Fetch(ctx, x.Keys[k], from, size)
			switch {
			case errors.Is(err, ErrGone):
				return &sourceError{s.source, err}
			case err != nil:
				return fmt.Errorf("read bytes %d to %d of %s: %w", from, from+size-1, x.Keys[k], err)
			case int64(len(data)) != size:
				return &sourceError{s.source, fmt.Errorf("%s gave %d of %d bytes from %d", x.Keys[k], len(data), size, from)}
			}
			got.bytes[k] = data
			for at := s.first; at <= s.last; at++ {
				if checksum(got.packed(x, at, k)) != x.segments[at].part[k].sum {
					return &sourceError{s.source, fmt.Errorf("%s is not what its index says at byte %d", x.Keys[k], x.segments[at].offset[k])}
				}
			}
			return nil
		})
	}
	return got, all.Wait()
}

// packed gives a segment's bytes in document k.
func (o *old) packed(x *Index, at, k int) []byte {
	from := x.segments[at].offset[k] - x.segments[o.first].offset[k]
	return o.bytes[k][from : from+x.segments[at].part[k].packed]
}

// sourceError says that nothing more is to be had from one old Index.
type sourceError struct {
	source int
	err    error
}

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }
