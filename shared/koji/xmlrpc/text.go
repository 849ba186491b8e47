package xmlrpc

import (
	"bytes"
	"unicode/utf8"
)

func clip(piece []byte) []byte { return bytes.ToValidUTF8(piece[:min(len(piece), 40)], []byte("?")) }

// blank tells whether piece is only white space.
func blank(piece []byte) bool { return len(bytes.TrimSpace(piece)) == 0 }

// clean makes text what a program may keep: line ends as XML reads them, and
// "\uFFFD" for what XML does not allow. A hub passes on what a build wrote into
// an error text, whatever bytes these are.
func clean(piece []byte) []byte {
	if plain(piece) {
		return piece
	}
	out := make([]byte, 0, len(piece))
	for i := 0; i < len(piece); {
		c, size := utf8.DecodeRune(piece[i:])
		switch {
		case c == '\r':
			out = append(out, '\n')
			if i+1 < len(piece) && piece[i+1] == '\n' {
				i++
			}
		case (c == utf8.RuneError && size == 1) || !allowed(c):
			out = append(out, "\uFFFD"...)
		default:
			out = append(out, piece[i:i+size]...)
		}
		i += size
	}
	return out
}

// plain is true for text of printable ASCII, tabs and line feeds: nearly all.
func plain(piece []byte) bool {
	for _, c := range piece {
		if c >= 0x7f || (c < ' ' && c != '\n' && c != '\t') {
			return false
		}
	}
	return true
}

// allowed is the production Char of XML 1.0.
func allowed(c rune) bool {
	return c == '\t' || c == '\n' || c == '\r' ||
		(c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF)
}
