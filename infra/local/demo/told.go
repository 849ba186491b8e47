package demo

import (
	"fmt"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
)

// style of a state: a symbol for those who see no colours.
type style struct{ symbol, color string }

func styleOf(state string) style {
	switch state {
	case "passed":
		return style{"✔", screen.Green}
	case "failed":
		return style{"✘", screen.Red}
	case "error":
		return style{"!", screen.Yellow}
	case "running":
		return style{"●", screen.Blue}
	case "queued":
		return style{"○", screen.Cyan}
	case "cancelled":
		return style{"■", screen.Grey}
	}
	return style{"–", screen.Grey}
}

// step tells what somebody does.
func (p *play) step(number int, format string, args ...any) {
	p.s.Say("%s  #%d  %s", p.clock(), number, p.s.Paint(screen.Bold, "→ "+fmt.Sprintf(format, args...)))
}

// status tells how a check stands now.
func (p *play) status(number int, st status) {
	badge := styleOf(st.state).symbol + fmt.Sprintf(" %-9s ", st.state)
	prefix := fmt.Sprintf("%s  #%d  %s %-26s %s", screen.Clock(p.since()), number, st.commit[:7], st.check, badge)
	p.s.Say("%s  #%d  %s %-26s %s%s", p.clock(), number, p.s.Paint(screen.Grey, st.commit[:7]), st.check,
		p.s.Paint(styleOf(st.state).color, badge), p.s.Cut(prefix, st.text))
}

func (p *play) since() time.Duration { return time.Since(p.began) }

func (p *play) clock() string { return p.s.Paint(screen.Grey, screen.Clock(p.since())) }
