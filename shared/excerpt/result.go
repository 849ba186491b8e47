package excerpt

import (
	"slices"
	"strings"
)

// result makes the excerpt of what was found.
func (s *search) result() (Excerpt, bool) {
	e := Excerpt{Log: s.log, Cut: s.cut}
	if s.best.rule == nil {
		return s.tail(e), false
	}
	b := s.best
	before := b.before[max(0, len(b.before)-linesBefore):]
	e.Rule, e.Infra, e.Line, e.First = b.rule.ID, b.rule.Infra, b.number, b.number-len(before)
	e.Lines = append(slices.Clone(before), b.line)
	e.Lines = append(e.Lines, b.after[:min(len(b.after), MaxLines-len(e.Lines))]...)
	e.Lines = shown(e.Lines)
	e.Reason = b.rule.word(b.text, b.before)
	return e, true
}

// tail is the honest answer when nothing was recognised.
func (s *search) tail(e Excerpt) Excerpt {
	e.Line = s.last
	e.Reason = unrecognised + "; these are the last lines"
	if s.last == 0 {
		e.Reason = "the log is empty"
		e.Lines = []string{}
		return e
	}
	kept := s.recent[:max(0, len(s.recent)-(s.number-s.last))]
	if len(kept) == 0 { // only empty lines within memory: the text is far above
		e.Reason = unrecognised + "; the log ends in empty lines"
		e.Lines = []string{}
		return e
	}
	kept = kept[max(0, len(kept)-MaxLines):]
	for strings.TrimSpace(kept[0]) == "" {
		kept = kept[1:]
	}
	e.First = s.last - len(kept) + 1
	e.Lines = shown(slices.Clone(kept))
	return e
}

func shown(lines []string) []string {
	for i, line := range lines {
		lines[i] = cut(strings.TrimRight(line, " "), MaxLineBytes)
	}
	return lines
}
