package excerpt

import (
	"bufio"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

const unrecognised = "cause not recognised"

// Read looks through a log with these rules, as the package's Read does.
func (s *Rules) Read(log io.Reader, name string) (Excerpt, bool, error) {
	name = cut(clean(path.Base(strings.ReplaceAll(name, `\`, "/"))), 128)
	search := search{rules: s, log: name, seenAt: make([]int, s.phrases.count())}
	for i := range s.rules {
		search.off = append(search.off, !s.rules[i].concerns(name))
	}
	err := search.run(log)
	found, known := search.result()
	return found, known, err
}

// search is one pass over one log.
type search struct {
	rules  *Rules
	log    string
	off    []bool // rules that are not for this log
	seenAt []int  // phrase → number of the last line it was in
	hits   []int  // phrases in the current line
	number int    // of the current line
	recent []string
	last   int // number of the last line that is not empty
	best   found
	cut    bool
}

// found is the best match so far, with the lines around it.
type found struct {
	rule   *Rule
	number int
	line   string   // as shown
	text   string   // without what loggers put before it
	before []string // up to memory lines
	after  []string
}

func (s *search) run(log io.Reader) error {
	limited := &io.LimitedReader{R: log, N: MaxLogBytes}
	in := bufio.NewReaderSize(limited, bufferBytes)
	for {
		line, err := readLine(in)
		if line != "" || err == nil {
			s.take(line)
		}
		if errors.Is(err, io.EOF) {
			s.cut = limited.N <= 0
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine gives the next line up to matchBytes of it and skips the rest.
func readLine(in *bufio.Reader) (string, error) {
	part, err := in.ReadSlice('\n')
	line := string(part[:min(len(part), matchBytes)])
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && line != "" {
		return line, io.EOF
	}
	return line, err
}

func (s *search) take(raw string) {
	s.number++
	line := clean(raw)
	if s.best.rule != nil && len(s.best.after) < MaxLines {
		s.best.after = append(s.best.after, line)
	}
	s.match(line)
	if strings.TrimSpace(line) != "" {
		s.last = s.number
	}
	if len(s.recent) == 2*memory { // trimmed rarely, so that it costs nothing
		s.recent = append(s.recent[:0], s.recent[memory:]...)
	}
	s.recent = append(s.recent, line)
}

func (s *search) match(line string) {
	s.hits = s.hits[:0]
	s.rules.phrases.find(line, func(p int) {
		if !slices.Contains(s.hits, p) {
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
			if slices.Contains(s.hits, p.phrase) {
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
	if s.off[i] || !s.wanted(r) {
		return
	}
	if r.after >= 0 {
		at := s.seenAt[r.after]
		if at == 0 || s.number-at > r.Within {
			return
		}
	}
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
