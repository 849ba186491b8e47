package excerpt

import (
	"bufio"
	"errors"
	"io"
	"path"
	"strings"
)

const unrecognised = "cause not recognised"

// Read looks through a log with these rules, as the package's Read does.
func (s *Rules) Read(log io.Reader, name string) (Excerpt, bool, error) {
	name = cut(clean(path.Base(strings.ReplaceAll(name, `\`, "/"))), 128)
	search := search{rules: s, log: name, seenAt: make([]int, s.phrases.count()), hitAt: make([]int, s.phrases.count())}
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
	seenAt []int  // phrase → number of the last line before this that it was in
	hitAt  []int  // the same, with this line
	hits   []int  // phrases in the current line
	number int    // of the current line
	recent []string
	last   int // number of the last line that is not empty
	best   found
	work   int // bytes that patterns have looked at
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
			s.cut = limited.N <= 0 || s.work > maxWork
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
