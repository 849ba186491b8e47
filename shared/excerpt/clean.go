package excerpt

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const escape = '\x1b'

// Clean makes a line safe to show anywhere, as the lines of an excerpt are:
// without terminal sequences, control and invisible format characters.
func Clean(line string) string { return clean(line) }

// clean makes a line safe to show anywhere: valid UTF-8, without terminal
// sequences (ECMA-48 CSI and OSC), control characters or invisible format
// characters (those can turn the direction of what follows). What a carriage
// return overwrote is dropped, as on a terminal; tabs become spaces.
func clean(line string) string {
	line = strings.TrimRight(line, "\r\n")
	if plain(line) {
		return line
	}
	if i := strings.LastIndexByte(line, '\r'); i >= 0 {
		line = line[i+1:]
	}
	var out strings.Builder
	out.Grow(len(line))
	column := 0
	for line != "" {
		if line[0] == escape {
			line = line[sequence(line):]
			continue
		}
		r, size := utf8.DecodeRuneInString(line)
		line = line[size:]
		switch {
		case r == '\t':
			n := 8 - column%8
			out.WriteString("        "[:n])
			column += n
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
		default:
			out.WriteRune(r) // an invalid byte is already U+FFFD here
			column++
		}
	}
	return out.String()
}

func plain(line string) bool {
	for i := range len(line) {
		if c := line[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// sequence gives the length of the terminal sequence a text starts with. One
// that never ends is only its introducer, so that it cannot swallow the line.
func sequence(text string) int {
	if len(text) < 2 {
		return len(text)
	}
	switch text[1] {
	case '[': // CSI … final byte
		for i := 2; i < len(text); i++ {
			if c := text[i]; c >= 0x40 && c <= 0x7e {
				return i + 1
			} else if c < 0x20 || c > 0x3f {
				break
			}
		}
	case ']': // OSC … BEL or ST
		end := strings.IndexAny(text[2:], "\a\x1b")
		if end >= 0 && text[2+end] == '\a' {
			return end + 3
		}
		if end >= 0 && strings.HasPrefix(text[2+end:], "\x1b\\") {
			return end + 4
		}
	case '(', ')', '#', '%': // charset selection: one byte follows
		return min(3, len(text))
	}
	if text[1] >= utf8.RuneSelf {
		return 1
	}
	return 2
}

// cut gives at most n bytes of a text, whole characters, with an ellipsis in
// place of the rest.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	const dots = "…"
	end := n - len(dots)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + dots
}
