package graph

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Style is the drawing's style sheet, for pages that may hold none in the
// drawing. It follows the reader's choice of light or dark.
const Style = `.graph{--ink:#1b1f24;--dim:#57606a;--line:#8c959f;--box:#f6f8fa;--event:#fff;--front:#0969da;--other:#1a7f37;--bad:#cf222e;--warm:#9a6700}
@media(prefers-color-scheme:dark){.graph{--ink:#e6edf3;--dim:#9198a1;--line:#6e7681;--box:#212830;--event:#0d1117;--front:#4493f8;--other:#3fb950;--bad:#f85149;--warm:#d29922}}
.graph text{font:11px system-ui,"Liberation Sans",sans-serif;fill:var(--ink)}
.graph .second{font-size:9.5px;fill:var(--dim)}
.graph .head{font-size:10.5px;fill:var(--dim)}
.graph rect{fill:var(--box);stroke:var(--line)}
.graph .event rect{fill:var(--event);stroke-dasharray:3 2}
.graph .outside rect,.graph .timer rect{fill:none}
.graph .mark{stroke:none}
.graph .front .mark{fill:var(--front)}
.graph .other .mark{fill:var(--other)}
.graph tspan.front{fill:var(--front)}
.graph tspan.other{fill:var(--other)}
.graph .wrong rect{stroke:var(--bad);stroke-width:2}
.graph .wrong text{fill:var(--bad)}
.graph .paused rect{stroke:var(--warm);stroke-width:2}
.graph .paused .second{fill:var(--warm)}
.graph path{fill:none;stroke:var(--line);stroke-width:1.1}
.graph marker path{fill:var(--line);stroke:none}
`

// Drawing says how SVG draws.
type Drawing struct {
	// Note gives a few words for a type of event, as a count; nil: none.
	Note func(kind string) string
	// Bare leaves Style out: the page has it.
	Bare bool
}

// SVG draws the graph, for a width of 1100 pixels or more. Its text can be
// selected and searched.
func (g Graph) SVG(how Drawing) string {
	note := how.Note
	if note == nil {
		note = func(string) string { return "" }
	}
	d := g.lay(note)
	var b strings.Builder
	d.height += 2 * margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="graph" viewBox="0 0 %.0f %.0f">`+"\n", d.width, d.height)
	b.WriteString("<title>Who says what to whom: events go from left to right</title>\n")
	if !how.Bare {
		b.WriteString("<style>\n" + Style + "</style>\n")
	}
	b.WriteString(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>` + "\n")
	for c, words := range []string{"from outside", "taken in by", "facts", "decided on by", "commands", "done by", "answers, which go back"} {
		if len(d.spots[c]) > 0 {
			fmt.Fprintf(&b, `<text class="head" x="%.0f" y="%.0f">%s</text>`+"\n", d.spots[c][0].x, margin+10, words)
		}
	}
	fmt.Fprintf(&b, `<text class="head" x="%.0f" y="%.0f"><tspan class="front">▌</tspan>on the broker %s <tspan dx="12" class="other">▌</tspan>on another</text>`+"\n", margin, d.height-2, Front)
	for _, column := range d.spots {
		for _, s := range column {
			for _, to := range s.out {
				if !s.passing {
					line(&b, s, to)
				}
			}
		}
	}
	bars := map[int]float64{}
	for _, key := range sorted(d.bundles) {
		one := d.bundles[key]
		bars[one.from[0].column] += barGap - columnGap
		one.bar(&b, bars[one.from[0].column])
	}
	for _, column := range d.spots {
		for _, s := range column {
			if !s.passing {
				s.write(&b)
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// line draws from one spot to the next, and on through the lanes of a line that
// passes columns.
func line(b *strings.Builder, from, to *spot) {
	x, y := from.x+from.w, from.middle()
	fmt.Fprintf(b, `<path marker-end="url(#arrow)" d="M%.1f %.1f`, x, y)
	for {
		curve(b, x, y, to.x, to.middle())
		if !to.passing {
			break
		}
		x, y = to.x+to.w, to.middle()
		fmt.Fprintf(b, "H%.1f", x)
		to = to.out[0]
	}
	b.WriteString(`"/>` + "\n")
}

func curve(b *strings.Builder, x, y, toX, toY float64) {
	half := (x + toX) / 2
	fmt.Fprintf(b, "C%.1f %.1f %.1f %.1f %.1f %.1f", half, y, half, toY, toX, toY)
}

// bar draws a bundle: one line down, from all who say to all that is said.
func (b *bundle) bar(out *strings.Builder, gap float64) {
	top, bottom := math.Inf(1), math.Inf(-1)
	x := b.from[0].x + b.from[0].w + gap
	for _, s := range b.from {
		top, bottom = min(top, s.middle()), max(bottom, s.middle())
		fmt.Fprintf(out, `<path d="M%.1f %.1fH%.1f"/>`+"\n", s.x+s.w, s.middle(), x)
	}
	for _, s := range b.to {
		top, bottom = min(top, s.middle()), max(bottom, s.middle())
		fmt.Fprintf(out, `<path marker-end="url(#arrow)" d="M%.1f %.1fH%.1f"/>`+"\n", x, s.middle(), s.x)
	}
	fmt.Fprintf(out, `<path stroke-width="2.5" d="M%.1f %.1fV%.1f"/>`+"\n", x, top, bottom)
}

func (s *spot) write(b *strings.Builder) {
	radius := 3.0
	if strings.HasPrefix(s.class, "event") || s.class == "timer" {
		radius = s.h / 2
	}
	fmt.Fprintf(b, `<g class="%s">`, s.class)
	if s.title != "" {
		fmt.Fprintf(b, "<title>%s</title>", html.EscapeString(s.title))
	}
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f"/>`, s.x, s.y, s.w, s.h, min(radius, 11))
	if strings.Contains(s.class, "front") || strings.Contains(s.class, "other") {
		fmt.Fprintf(b, `<path class="mark" d="M%.1f %.1fh3v%.1fh-3z"/>`, s.x, s.y, s.h)
	}
	first := s.y + s.h/2 + 4
	if s.second != "" {
		first = s.y + 15
		fmt.Fprintf(b, `<text class="second" x="%.1f" y="%.1f">%s</text>`, s.x+padding, s.y+29, html.EscapeString(s.second))
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f">%s</text></g>`+"\n", s.x+padding, first, html.EscapeString(s.label))
}
