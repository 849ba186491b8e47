package repodata

// paths are the files of a package that primary lists. They are looked up only
// when the package requires a path, so the table is made then.
type paths struct {
	text  []byte
	ends  []int
	table keys
	made  bool
}

func (p *paths) reset() {
	p.text, p.ends, p.made = p.text[:0], p.ends[:0], false
}

func (p *paths) add(path []byte) {
	p.text = append(p.text, path...)
	p.ends = append(p.ends, len(p.text))
}

func (p *paths) has(path []byte) bool {
	if !p.made {
		p.made = true
		p.table.reset(len(p.ends))
		start := 0
		for _, end := range p.ends {
			e := edge{name: p.text[start:end]}
			if found, slot := p.table.find(e, false); found == nil {
				p.table.add(slot, e)
			}
			start = end
		}
	}
	found, _ := p.table.find(edge{name: path}, false)
	return found != nil
}
