package repodata

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// errNotXML says that a text cannot stand in XML, in whatever way it is written.
var errNotXML = errors.New("XML cannot hold it")

// place is where a text stands: as content or in an attribute. libxml2 escapes
// them differently.
type place int

const (
	content place = iota
	// attribute is one of a package's element, which createrepo_c writes without
	// a document, so that libxml2 knows no encoding.
	attribute
	// documentAttribute is one of a whole document in UTF-8.
	documentAttribute
)

// appendEscaped writes text as createrepo_c and libxml2 do: what is not UTF-8 is
// taken for latin-1, control characters make it an error, and a package's
// attributes have everything beyond ASCII as references.
func appendEscaped(dst, text []byte, where place) ([]byte, error) {
	done := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c > '>' && c < utf8.RuneSelf || c >= '\'' && c < '<' {
			continue // most of what there is: letters, digits, dots, slashes
		}
		var instead string
		switch {
		case c >= utf8.RuneSelf:
			// The text before is ASCII and stays as it is in either encoding.
			return appendWide(dst, text, done, i, where)
		case c == '&':
			instead = "&amp;"
		case c == '<':
			instead = "&lt;"
		case c == '>':
			instead = "&gt;"
		case c == '"' && where != content:
			instead = "&quot;"
		case c >= ' ':
			continue
		case c == '\r':
			instead = "&#13;"
		case c == '\n' || c == '\t':
			if where == content {
				continue
			}
			instead = "&#9;"
			if c == '\n' {
				instead = "&#10;"
			}
		default:
			return dst, controlError(c, i)
		}
		dst = append(append(dst, text[done:i]...), instead...)
		done = i + 1
	}
	return append(dst, text[done:]...), nil
}

// appendWide goes on at the first byte beyond ASCII; text[done:i] is plain.
func appendWide(dst, text []byte, done, i int, where place) ([]byte, error) {
	latin1 := false
	if !utf8.Valid(text[i:]) {
		if wellFormed(text[i:]) {
			return dst, fmt.Errorf("%w: a character in UTF-8 that Unicode does not have", errNotXML)
		}
		latin1 = true
	}
	dst = append(dst, text[done:i]...)
	for i < len(text) {
		c := text[i]
		if c < utf8.RuneSelf {
			next := i + 1
			for next < len(text) && text[next] < utf8.RuneSelf {
				next++
			}
			var err error
			if dst, err = appendEscaped(dst, text[i:next], where); err != nil {
				return dst, err
			}
			i = next
			continue
		}
		r, size := rune(c), 1
		if !latin1 {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		switch {
		case latin1 && c < 0xc0:
			// Control characters of latin-1; createrepo_c leaves them out.
		case r == 0xfffe || r == 0xffff:
			return dst, fmt.Errorf("%w: the character U+%04X", errNotXML, r)
		case where != attribute:
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, "&#x"...)
			dst = appendUpperHex(dst, r)
			dst = append(dst, ';')
		}
	}
	return dst, nil
}

func appendUpperHex(dst []byte, r rune) []byte {
	at := len(dst)
	dst = strconv.AppendInt(dst, int64(r), 16)
	for i := at; i < len(dst); i++ {
		if dst[i] >= 'a' {
			dst[i] -= 'a' - 'A'
		}
	}
	return dst
}

func controlError(c byte, at int) error {
	return fmt.Errorf("%w: the control character 0x%02x at byte %d", errNotXML, c, at)
}

// wellFormed is libxml2's xmlCheckUTF8: lead bytes are followed by as many
// others as they say. It lets surrogates and overlong forms pass, which
// then would break the whole file.
func wellFormed(text []byte) bool {
	for i := 0; i < len(text); {
		size := 1
		switch c := text[i]; {
		case c < 0x80:
		case c&0xe0 == 0xc0:
			size = 2
		case c&0xf0 == 0xe0:
			size = 3
		case c&0xf8 == 0xf0:
			size = 4
		default:
			return false
		}
		if i+size > len(text) {
			return false
		}
		for _, c := range text[i+1 : i+size] {
			if c&0xc0 != 0x80 {
				return false
			}
		}
		i += size
	}
	return true
}
