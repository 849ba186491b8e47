// Package screen is where a demo is told, line by line.
package screen

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Colours of what is told.
const (
	Grey   = "90"
	Bold   = "1"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Blue   = "34"
	Cyan   = "36"
)

// Screen is safe for concurrent use.
type Screen struct {
	mu    sync.Mutex
	out   io.Writer
	color bool
	width int
}

// New gives a screen on out. Color says whether colours can be seen there, width
// how many characters a line has; 0 is as many as it needs.
func New(out io.Writer, color bool, width int) *Screen {
	return &Screen{out: out, color: color, width: width}
}

// Paint gives text in a colour, where there are any.
func (s *Screen) Paint(color, text string) string {
	if !s.color || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// Say writes a line of its own.
func (s *Screen) Say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}

// Cut shortens text to what is left of a line behind prefix.
func (s *Screen) Cut(prefix, text string) string {
	room := s.width - len([]rune(prefix))
	runes := []rune(strings.TrimSpace(text))
	if len(runes) <= room || room < 20 {
		return string(runes)
	}
	return string(runes[:room-1]) + "…"
}

// Clock is a time since the beginning.
func Clock(at time.Duration) string { return fmt.Sprintf("%5.1fs", at.Seconds()) }
