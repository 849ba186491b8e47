package rpm

import (
	"cmp"
	"strings"
)

// Compare orders two builds: -1 if e is older than other, 1 if it is newer. One
// without a release is older than one with (rpm's rpmverCmp); rpm compares
// differently in a dependency, where a missing release is any.
func (e EVR) Compare(other EVR) int {
	if c := cmp.Compare(e.Epoch, other.Epoch); c != 0 {
		return c
	}
	if c := CompareVersions(e.Version, other.Version); c != 0 {
		return c
	}
	if e.Release == "" || other.Release == "" {
		return cmp.Compare(min(len(e.Release), 1), min(len(other.Release), 1))
	}
	return CompareVersions(e.Release, other.Release)
}

// CompareVersions orders two versions, or two releases, by the rules of
// rpmvercmp (rpm's rpmio/rpmvercmp.cc): runs of digits and of letters are
// compared in turn, a number is newer than a word, "~" is older than nothing
// and "^" newer than nothing but older than anything else. All other
// characters only separate.
func CompareVersions(a, b string) int {
	if a == b {
		return 0
	}
	for a != "" || b != "" {
		a, b = separators(a), separators(b)
		if c, decided := tilde(&a, &b); decided || c != 0 {
			if c != 0 {
				return c
			}
			continue
		}
		if c, decided := caret(&a, &b); decided || c != 0 {
			if c != 0 {
				return c
			}
			continue
		}
		if a == "" || b == "" {
			break
		}
		var left, right string
		isNumber := digit(a[0])
		if isNumber {
			left, a = run(a, digit)
			right, b = run(b, digit)
		} else {
			left, a = run(a, letter)
			right, b = run(b, letter)
		}
		switch {
		case right == "" && isNumber: // a number is newer than a word
			return 1
		case right == "":
			return -1
		}
		if isNumber {
			left, right = strings.TrimLeft(left, "0"), strings.TrimLeft(right, "0")
			if c := cmp.Compare(len(left), len(right)); c != 0 {
				return c
			}
		}
		if c := strings.Compare(left, right); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b)) // who has more left is newer
}

// tilde handles a "~" at the front of either. It reports true if both had one.
func tilde(a, b *string) (int, bool) {
	left, right := strings.HasPrefix(*a, "~"), strings.HasPrefix(*b, "~")
	switch {
	case left && right:
		*a, *b = (*a)[1:], (*b)[1:]
		return 0, true
	case left:
		return -1, false
	case right:
		return 1, false
	}
	return 0, false
}

// caret handles a "^" at the front of either. It reports true if both had one.
func caret(a, b *string) (int, bool) {
	left, right := strings.HasPrefix(*a, "^"), strings.HasPrefix(*b, "^")
	switch {
	case left && right:
		*a, *b = (*a)[1:], (*b)[1:]
		return 0, true
	case !left && !right:
		return 0, false
	case *a == "":
		return -1, false
	case *b == "":
		return 1, false
	case left:
		return -1, false
	}
	return 1, false
}

func separators(text string) string {
	for text != "" && !digit(text[0]) && !letter(text[0]) && text[0] != '~' && text[0] != '^' {
		text = text[1:]
	}
	return text
}

func run(text string, in func(byte) bool) (run, rest string) {
	i := 0
	for i < len(text) && in(text[i]) {
		i++
	}
	return text[:i], text[i:]
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') }
