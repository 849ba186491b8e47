package excerpt

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxStatus is the length in characters that every forge shows of a status.
const MaxStatus = 80

// Status words a failure for a status line of at most MaxStatus characters:
//
//	rpm build failed on s390x: build.log:4123 undefined reference to 'foo'
//
// The place is kept whole; a reason that is too long loses its middle, because
// its start says what and its end says which. An empty log name means e.Log.
func Status(prefix, log string, e Excerpt) string {
	prefix = strings.TrimRight(oneLine(prefix), ": ")
	place := oneLine(log)
	if place == "" {
		place = e.Log
	}
	place = shorten(place, MaxStatus/2)
	if e.Line > 0 {
		place += ":" + strconv.Itoa(e.Line)
	}
	reason := oneLine(e.Reason)
	if e.Rule == "" {
		reason, place = "", join(unrecognised+", see", place)
		if e.Line == 0 {
			place = join(place, "(empty)")
		}
	}
	// A reason of fewer than 20 characters says too little: rather a shorter prefix.
	least := min(20, utf8.RuneCountInString(reason))
	room := MaxStatus - utf8.RuneCountInString(place) - 1 - least
	if prefix = shorten(prefix, max(room-2, 0)); prefix != "" {
		prefix += ": "
	}
	said := prefix + place
	if left := MaxStatus - utf8.RuneCountInString(said) - 1; reason != "" && left > 0 {
		said = join(said, shorten(reason, left))
	}
	return shorten(strings.TrimSpace(said), MaxStatus)
}

// Best gives the most telling of several logs' excerpts, the first of equals:
// a failed build has a build.log and a root.log, and one of them holds the
// cause. With none it gives the zero Excerpt.
func Best(found ...Excerpt) Excerpt {
	var best Excerpt
	rules := Builtin()
	for i, e := range found {
		if i == 0 || rules.rank(e) > rules.rank(best) {
			best = e
		}
	}
	return best
}

// shorten cuts the middle out of a text, leaving at most n characters.
func shorten(text string, n int) string {
	runes := []rune(text)
	switch {
	case len(runes) <= n:
		return text
	case n <= 1:
		return strings.Repeat("…", max(n, 0))
	}
	head := (n - 1) * 3 / 5
	tail := n - 1 - head
	return strings.TrimRight(string(runes[:head]), " ") + "…" + strings.TrimLeft(string(runes[len(runes)-tail:]), " ")
}

func join(a, b string) string {
	return strings.TrimSpace(a + " " + b)
}

func oneLine(text string) string {
	return strings.TrimSpace(clean(strings.Join(strings.Fields(text), " ")))
}
