package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// screen is where the demo is told, line by line.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	color bool
	width int
}

func newScreen(o Options) *screen {
	return &screen{out: o.Out, color: o.Color, width: o.Width}
}

// style of a state: a symbol for those who see no colours.
type style struct{ symbol, color string }

func styleOf(state string) style {
	switch state {
	case "passed":
		return style{"✔", "32"}
	case "failed":
		return style{"✘", "31"}
	case "error":
		return style{"!", "33"}
	case "running":
		return style{"●", "34"}
	case "queued":
		return style{"○", "36"}
	case "cancelled":
		return style{"■", "90"}
	}
	return style{"–", "90"}
}

func (s *screen) paint(color, text string) string {
	if !s.color || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// say writes a line of its own.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}

// step tells what somebody does.
func (s *screen) step(at time.Duration, number int, format string, args ...any) {
	s.say("%s  #%d  %s", s.paint("90", clock(at)), number, s.paint("1", "→ "+fmt.Sprintf(format, args...)))
}

// status tells how a check stands now.
func (s *screen) status(at time.Duration, number int, st status) {
	prefix := fmt.Sprintf("%s  #%d  %s %-26s ", clock(at), number, st.commit[:7], st.check)
	look := styleOf(st.state)
	badge := fmt.Sprintf("%s %-9s ", look.symbol, st.state)
	text := cut(st.text, s.width-len([]rune(prefix+badge)))
	s.say("%s  #%d  %s %-26s %s%s", s.paint("90", clock(at)), number, s.paint("90", st.commit[:7]), st.check,
		s.paint(look.color, badge), text)
}

func clock(at time.Duration) string { return fmt.Sprintf("%5.1fs", at.Seconds()) }

// cut shortens text to n characters.
func cut(text string, n int) string {
	runes := []rune(strings.TrimSpace(text))
	if len(runes) <= n || n < 20 {
		return string(runes)
	}
	return string(runes[:n-1]) + "…"
}
