package excerpt

// phrases finds which of many strings are in a line, in one pass over it: the
// automaton of Aho and Corasick (CACM 18(6), 1975) as a dense table. A log of
// 200 MB is mostly lines in which nothing is found, so this pass is the cost.
type phrases struct {
	number map[string]int
	next   [][256]int32
	// ends[s] are the phrases that end in state s.
	ends [][]int
}

func newPhrases() *phrases {
	return &phrases{number: map[string]int{}}
}

// add gives the number of a phrase, the same for the same phrase.
func (p *phrases) add(text string) int {
	n, ok := p.number[text]
	if !ok {
		n = len(p.number)
		p.number[text] = n
	}
	return n
}

func (p *phrases) count() int { return len(p.number) }

// build makes the automaton of all phrases added.
func (p *phrases) build() {
	p.next, p.ends = make([][256]int32, 1), make([][]int, 1)
	for text, number := range p.number {
		state := int32(0)
		for i := range len(text) {
			if p.next[state][text[i]] == 0 {
				p.next[state][text[i]] = int32(len(p.next)) //nolint:gosec // rules are a few kilobytes
				p.next, p.ends = append(p.next, [256]int32{}), append(p.ends, nil)
			}
			state = p.next[state][text[i]]
		}
		p.ends[state] = append(p.ends[state], number)
	}
	// Breadth first, so that the state to fall back to is complete before it
	// is copied from.
	back := make([]int32, len(p.next))
	var queue []int32
	for _, s := range p.next[0] {
		if s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		p.ends[state] = append(p.ends[state], p.ends[back[state]]...)
		for c := range p.next[state] {
			fall := p.next[back[state]][c]
			if child := p.next[state][c]; child != 0 {
				back[child] = fall
				queue = append(queue, child)
			} else {
				p.next[state][c] = fall
			}
		}
	}
}

// find calls hit for each phrase in the line, at each of its ends.
func (p *phrases) find(line string, hit func(phrase int)) {
	state := int32(0)
	for i := range len(line) {
		state = p.next[state][line[i]]
		if ends := p.ends[state]; len(ends) > 0 {
			for _, n := range ends {
				hit(n)
			}
		}
	}
}
