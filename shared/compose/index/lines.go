package index

import "sync"

// lines are the rows of the segments that were shown last, unpacked.
type lines struct {
	mu    sync.Mutex
	held  map[*segment][]byte
	order []*segment
}

// linesMost is how many segments are kept unpacked: about 1 MB each.
const linesMost = 12

func newLines() lines { return lines{held: map[*segment][]byte{}} }

// of gives the unpacked rows of s.
func (l *List) linesOf(s *segment) ([]byte, error) {
	l.lines.mu.Lock()
	raw, ok := l.lines.held[s]
	l.lines.mu.Unlock()
	if ok {
		return raw, nil
	}
	raw, err := l.codec.rows(s)
	if err != nil {
		return nil, err
	}
	l.lines.mu.Lock()
	defer l.lines.mu.Unlock()
	if _, twice := l.lines.held[s]; !twice {
		l.lines.held[s], l.lines.order = raw, append(l.lines.order, s)
	}
	if len(l.lines.order) > linesMost {
		delete(l.lines.held, l.lines.order[0])
		l.lines.order = l.lines.order[1:]
	}
	return raw, nil
}
