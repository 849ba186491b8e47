package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// checkPrefix refuses names of namespaces that our documents do not declare.
func checkPrefix(name []byte, attribute bool) error {
	prefix, local, found := bytes.Cut(name, []byte(":"))
	switch {
	case !found:
		return nil
	case bytes.IndexByte(local, ':') >= 0 || len(local) == 0 || !startsName(local[0]):
	case string(prefix) == "rpm", attribute && string(prefix) == "xml":
		return nil
	}
	return fmt.Errorf("has the name %.60q, whose namespace metadata does not have", name)
}

func startsName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// namespaces are those of repositories.
const namespaces = "http://linux.duke.edu/metadata/"

// checkNamespace lets a description repeat what the document says, and nothing
// else.
func checkNamespace(name, value []byte) error {
	switch string(name) {
	case "xmlns:rpm":
		if string(value) == namespaces+"rpm" {
			return nil
		}
	case "xmlns":
		switch string(value) {
		case namespaces + "common", namespaces + "filelists", namespaces + "other":
			return nil
		}
	default:
		return checkPrefix(name, true)
	}
	return fmt.Errorf("has namespace %.100q", value)
}

// checkCharacters refuses what XML 1.0 (section 2.2) cannot hold.
func checkCharacters(raw []byte) error {
	if !utf8.Valid(raw) {
		return errors.New("is not UTF-8")
	}
	for _, c := range raw {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return fmt.Errorf("has control character %#02x", c)
		}
	}
	if bytes.Contains(raw, []byte("\xef\xbf\xbe")) || bytes.Contains(raw, []byte("\xef\xbf\xbf")) {
		return errors.New("has a character that is none (U+FFFE or U+FFFF)")
	}
	return nil
}

// checkText refuses references to anything but a character, and "]]>".
func checkText(raw []byte) error {
	if bytes.Contains(raw, []byte("]]>")) {
		return errors.New("has ]]> in a text")
	}
	for {
		at := bytes.IndexByte(raw, '&')
		if at < 0 {
			return nil
		}
		raw = raw[at:]
		_, size := reference(raw)
		if size == 0 {
			return fmt.Errorf("has %.12q, which stands for no character", raw)
		}
		raw = raw[size:]
	}
}

// reference reads "&…;" and gives its character and length, or 0.
func reference(raw []byte) (rune, int) {
	end := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
	if end < 2 {
		return 0, 0
	}
	switch body := string(raw[1:end]); body {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	default:
		if body[0] != '#' || len(body) < 2 {
			return 0, 0
		}
		digits, base := body[1:], 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(digits, base, 21)
		if err != nil {
			return 0, 0
		}
		r := rune(n)
		if !utf8.ValidRune(r) || r == 0xfffe || r == 0xffff || r < ' ' && r != '\n' && r != '\t' && r != '\r' {
			return 0, 0
		}
		return r, end + 1
	}
}

// plain is a text without references. It was checked.
func plain(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	var text []byte
	for len(raw) > 0 {
		at := bytes.IndexByte(raw, '&')
		if at < 0 {
			at = len(raw)
		}
		text = append(text, raw[:at]...)
		if raw = raw[at:]; len(raw) > 0 {
			r, size := reference(raw)
			text = utf8.AppendRune(text, r)
			raw = raw[max(size, 1):]
		}
	}
	return string(text)
}
