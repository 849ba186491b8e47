package repodata

import (
	"bytes"
	"fmt"
)

// sense is how a dependency compares versions.
type sense uint8

const (
	senseNone sense = iota
	senseLT
	senseGT
	senseEQ
	senseLE
	senseGE
)

// senseOf reads rpm's RPMSENSE_LESS, _GREATER and _EQUAL. What compares nothing
// sensible compares nothing.
func senseOf(flags uint64) sense {
	switch flags & 0xf {
	case 2:
		return senseLT
	case 4:
		return senseGT
	case 8:
		return senseEQ
	case 10:
		return senseLE
	case 12:
		return senseGE
	default:
		return senseNone
	}
}

func (s sense) String() string {
	return [...]string{"", "LT", "GT", "EQ", "LE", "GE"}[s]
}

// addEntry writes one dependency. One whose epoch is no number is left out.
func (d *Describer) addEntry(into relation, e edge) {
	l := &d.relations[into]
	if d.err != nil || !goodEpoch(e.version) {
		return
	}
	l.any = true
	if len(e.name) == 0 {
		return
	}
	field := into.String()
	if len(l.xml) > maxPart {
		d.fail(field, fmt.Errorf("more than the %d bytes a package may have", maxPart))
		return
	}
	xml := append(l.xml, `      <rpm:entry name="`...)
	xml = d.escape(xml, field, e.name, attribute)
	if e.sense != senseNone {
		xml = append(append(xml, `" flags="`...), e.sense.String()...)
		if len(e.version) > 0 {
			epoch, version, release := splitEVR(e.version)
			xml = append(xml, `" epoch="`...)
			if len(epoch) > 0 {
				xml = d.escape(xml, field, epoch, attribute)
			} else {
				xml = append(xml, '0')
			}
			if len(version) > 0 {
				xml = d.escape(append(xml, `" ver="`...), field, version, attribute)
			}
			if len(release) > 0 {
				xml = d.escape(append(xml, `" rel="`...), field, release, attribute)
			}
		}
	}
	if e.pre {
		xml = append(xml, `" pre="1`...)
	}
	l.xml = append(xml, "\"/>\n"...)
}

// splitEVR cuts at the first colon and at the first dash behind it.
func splitEVR(evr []byte) (epoch, version, release []byte) {
	if at := bytes.IndexByte(evr, ':'); at >= 0 {
		epoch, evr = evr[:at], evr[at+1:]
	}
	version, release, _ = bytes.Cut(evr, []byte("-"))
	return epoch, version, release
}

// goodEpoch reports whether what stands before the first colon is a number for
// C's strtol, or nothing.
func goodEpoch(evr []byte) bool {
	at := bytes.IndexByte(evr, ':')
	if at <= 0 {
		return true
	}
	digits := evr[:at]
	for len(digits) > 0 && (digits[0] == ' ' || digits[0] >= '\t' && digits[0] <= '\r') {
		digits = digits[1:]
	}
	if len(digits) > 0 && (digits[0] == '+' || digits[0] == '-') {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) > 0
}
