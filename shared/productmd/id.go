package productmd

import (
	"fmt"
	"strconv"
	"strings"
)

// ID is the parts of a compose id: "Fedora-Rawhide-20261121.n.0",
// "odcs-12-1-20261121.t.0", "RHEL-9.6.0-updates-20261121.3".
type ID struct {
	Short   string // of the release; may hold dashes
	Version string
	// ReleaseType is the release's type; empty and "ga" are not written.
	ReleaseType string
	// Base is the product a layered one stands on, or nil. Parse leaves it in
	// Short: an id does not tell where the one ends and the other begins.
	Base   *Base
	Date   string // YYYYMMDD
	Type   string // of the compose: Test, Nightly, …
	Respin int
}

// Base is the product that a layered release is made for.
type Base struct {
	Name    string `json:"name"`
	Short   string `json:"short"`
	Type    string `json:"type"` // empty means "ga"
	Version string `json:"version"`
}

// Format writes the id. It fails on parts that cannot stand in one.
func (id ID) Format() (string, error) {
	mark, known := suffix(id.Type)
	if !known || !date(id.Date) || id.Respin < 0 || !part(id.Short, true) || !part(id.Version, false) {
		return "", wrong("compose id of release %.60q version %.40q, type %.20q, date %.20q, respin %d",
			id.Short, id.Version, id.Type, id.Date, id.Respin)
	}
	text := id.Short + "-" + id.Version + releaseMark(id.ReleaseType)
	if id.Base != nil {
		if !part(id.Base.Short, true) || !part(id.Base.Version, false) {
			return "", wrong("base product %.60q version %.40q in a compose id", id.Base.Short, id.Base.Version)
		}
		text += "-" + id.Base.Short + "-" + id.Base.Version + releaseMark(id.Base.Type)
	}
	return fmt.Sprintf("%s-%s%s.%d", text, id.Date, mark, id.Respin), nil
}

// ParseID reads a compose id.
func ParseID(text string) (ID, error) {
	bad := wrong("%.120q is no compose id: want <Short>-<Version>[-type]-YYYYMMDD[.t|.n|.ci|.d].<respin>", text)
	release, tail, ok := cutLast(text, "-")
	if !ok || len(text) > maxText {
		return ID{}, bad
	}
	day, tail, _ := strings.Cut(tail, ".")
	mark, respin, marked := strings.Cut(tail, ".")
	if !marked {
		mark, respin = "", tail
	}
	var id ID
	id.Type, ok = typeOf(mark)
	n, err := strconv.Atoi(respin)
	if !ok || err != nil || !digits(respin) || !date(day) {
		return ID{}, bad
	}
	id.Date, id.Respin = day, n
	for _, known := range releaseTypes() {
		if rest, found := strings.CutSuffix(release, "-"+known); found && known != "ga" {
			release, id.ReleaseType = rest, known
			break
		}
	}
	id.Short, id.Version, ok = cutLast(release, "-")
	if !ok || !part(id.Short, true) || !part(id.Version, false) {
		return ID{}, bad
	}
	return id, nil
}

// suffix is what a type of compose adds to the date.
func suffix(kind string) (mark string, known bool) {
	switch kind {
	case Test:
		return ".t", true
	case CI:
		return ".ci", true
	case Nightly:
		return ".n", true
	case Development:
		return ".d", true
	case Production:
		return "", true
	}
	return "", false
}

func typeOf(mark string) (kind string, known bool) {
	switch mark {
	case "":
		return Production, true
	case "t", "test":
		return Test, true
	case "n", "nightly":
		return Nightly, true
	case "ci":
		return CI, true
	case "d":
		return Development, true
	}
	return "", false
}

// releaseTypes are those productmd knows, the longer of two alike first.
func releaseTypes() []string {
	return []string{"updates-testing", "updates", "fast", "ga", "eus", "aus", "els", "tus", "e4s"}
}

func releaseMark(kind string) string {
	if kind == "" || kind == "ga" {
		return ""
	}
	return "-" + kind
}

// part tells whether text may stand in an id, which is also the name of a
// folder and part of an address.
func part(text string, dash bool) bool {
	if text == "" || len(text) > 120 || text[0] == '-' || text[0] == '.' {
		return false
	}
	for _, c := range []byte(text) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '_', c == '+':
		case c == '-' && dash:
		default:
			return false
		}
	}
	return true
}

func cutLast(text, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+len(sep):], true
}
