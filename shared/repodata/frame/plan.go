package frame

// Plan says where each frame of new metadata comes from. It is made from lists
// alone: nothing was read or described yet.
type Plan struct {
	// Frames is how many there are; Copied of them are taken as they are.
	Frames, Copied int
	// Packages is how many there are. Reused of them are taken out of old
	// frames to be compressed again beside packages that changed.
	Packages, Reused int
	// Fresh are the packages that need a description, as positions in the
	// list of entries.
	Fresh []int

	steps []step
	old   []*Index
}

// step is one frame to be written: the entries [from,to).
type step struct {
	from, to int
	copied   bool
	whole    address   // of the frame, if copied
	take     []address // of each entry's description, if not
}

// address is where an old frame or description is. An address of source -1 is
// nowhere: the package must be described.
type address struct {
	source  int
	segment int
	entry   int // in the whole Index
}

// MakePlan compares the entries of new metadata, which must be in order, with
// what older metadata has. Where several have the same the first is taken.
func MakePlan(format Format, cut Cut, entries []Entry, old []*Index) (*Plan, error) {
	format, err := format.check()
	if err != nil {
		return nil, err
	}
	if err := inOrder(entries); err != nil {
		return nil, err
	}
	return makePlan(format, cut.orDefault(), entries, 0, old), nil
}

// makePlan plans entries[from:], where from is a border.
func makePlan(format Format, cut Cut, entries []Entry, from int, old []*Index) *Plan {
	p := &Plan{Packages: len(entries) - from, old: old}
	frames := map[ID]address{}
	for source, x := range old {
		if x != nil && x.Format == format {
			x.eachFrame(func(id ID, at int) {
				if _, known := frames[id]; !known {
					frames[id] = address{source: source, segment: at}
				}
			})
		}
	}
	borders := cut.borders(entries, from)
	p.Frames = len(borders) - 1
	wanted := map[ID]address{}
	for i := range p.Frames {
		s := step{from: borders[i], to: borders[i+1]}
		id := frameID(entries[s.from:s.to], func(e Entry) ID { return e.ID })
		if s.whole, s.copied = frames[id]; s.copied {
			p.Copied++
		} else {
			for _, e := range entries[s.from:s.to] {
				wanted[e.ID] = address{source: -1}
			}
		}
		p.steps = append(p.steps, s)
	}
	if len(wanted) > 0 {
		for source, x := range old {
			if x != nil {
				x.find(wanted, source)
			}
		}
	}
	p.takeEach(entries, wanted)
	return p
}

// takeEach gives each entry of a frame that is made anew its address.
func (p *Plan) takeEach(entries []Entry, known map[ID]address) {
	for i := range p.steps {
		s := &p.steps[i]
		if s.copied {
			continue
		}
		s.take = make([]address, 0, s.to-s.from)
		for at := s.from; at < s.to; at++ {
			where := known[entries[at].ID]
			if where.source < 0 {
				p.Fresh = append(p.Fresh, at)
			} else {
				p.Reused++
			}
			s.take = append(s.take, where)
		}
	}
}

// eachFrame calls with the identity of each frame and its first segment.
func (x *Index) eachFrame(call func(id ID, at int)) {
	for at := 0; at < len(x.segments); {
		end := x.frameEnd(at)
		last := &x.segments[end-1]
		ids := x.ids[x.segments[at].entry : last.entry+last.count]
		call(frameID(ids, func(id ID) ID { return id }), at)
		at = end
	}
}

// find fills in the addresses of what is wanted and not found yet.
func (x *Index) find(wanted map[ID]address, source int) {
	for at := range x.segments {
		s := &x.segments[at]
		for entry := s.entry; entry < s.entry+s.count; entry++ {
			if where, asked := wanted[x.ids[entry]]; asked && where.source < 0 {
				wanted[x.ids[entry]] = address{source: source, segment: at, entry: entry}
			}
		}
	}
}
