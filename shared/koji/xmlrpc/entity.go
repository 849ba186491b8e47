package xmlrpc

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// unescape resolves the five named entities of XML and numbered characters.
// Text without any, which is most, is given back as it is.
func unescape(piece []byte) ([]byte, error) {
	piece = clean(piece)
	amp := bytes.IndexByte(piece, '&')
	if amp < 0 {
		return piece, nil
	}
	out := make([]byte, 0, len(piece))
	for amp >= 0 {
		out = append(out, piece[:amp]...)
		piece = piece[amp+1:]
		semi := bytes.IndexByte(piece, ';')
		if semi < 1 || semi > 10 {
			return nil, fmt.Errorf("a broken entity: &%s", clip(piece))
		}
		c, err := entity(string(piece[:semi]))
		if err != nil {
			return nil, err
		}
		out = utf8.AppendRune(out, c)
		piece = piece[semi+1:]
		amp = bytes.IndexByte(piece, '&')
	}
	return append(out, piece...), nil
}

func entity(name string) (rune, error) {
	switch name {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	if name[0] != '#' {
		return 0, fmt.Errorf("an unknown entity: &%s;", clip([]byte(name)))
	}
	digits, base := name[1:], 10
	if len(digits) > 0 && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return 0, fmt.Errorf("a broken character number: &%s;", clip([]byte(name)))
	}
	if n > utf8.MaxRune || !allowed(rune(n)) {
		return utf8.RuneError, nil
	}
	return rune(n), nil
}
