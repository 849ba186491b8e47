package excerpt

import "slices"

// match lets the rules look at a line.
func (s *search) match(line string) {
	s.hits = s.hits[:0]
	s.rules.phrases.find(line, func(p int) {
		if s.hitAt[p] != s.number {
			s.hitAt[p] = s.number
			s.hits = append(s.hits, p)
		}
	})
	if len(s.hits) == 0 {
		return
	}
	text := s.strip(line)
	for _, p := range s.hits {
		for _, i := range s.rules.seen[p] {
			s.try(i, line, text)
		}
	}
	// Only now: a cue in the line itself is not before it.
	for _, p := range s.hits {
		if s.rules.cue[p] {
			s.seenAt[p] = s.number
		}
	}
}

// strip takes away what loggers put before a line, at most three of them.
func (s *search) strip(line string) string {
	for range 3 {
		before := len(line)
		for _, p := range s.rules.strip {
			if s.hitAt[p.phrase] == s.number && s.work <= maxWork {
				s.work += len(line)
				if at := p.regex.FindStringIndex(line); at != nil {
					line = line[at[1]:]
				}
			}
		}
		if len(line) == before {
			break
		}
	}
	return line
}

func (s *search) try(i int, line, text string) {
	r := &s.rules.rules[i]
	if s.off[i] || !s.wanted(r) || s.work > maxWork {
		return
	}
	if r.after >= 0 {
		at := s.seenAt[r.after]
		if at == 0 || s.number-at > r.Within {
			return
		}
	}
	s.work += len(text)
	if r.regex != nil && !r.regex.MatchString(text) || r.not != nil && r.not.MatchString(text) {
		return
	}
	if r.Forget > 0 {
		if s.best.rule != nil && s.best.rule.Priority <= r.Forget {
			s.best = found{}
		}
		return
	}
	s.best = found{rule: r, number: s.number, line: line, text: text, before: slices.Clone(s.recent[max(0, len(s.recent)-memory):])}
}

// wanted tells if a match of the rule would change anything.
func (s *search) wanted(r *Rule) bool {
	best := s.best.rule
	if best == nil {
		return true
	}
	if r.Forget > 0 {
		return best.Priority <= r.Forget
	}
	return r.Priority > best.Priority || r.Priority == best.Priority && r.Last && s.best.number != s.number
}
