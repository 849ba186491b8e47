package repodata

import "bytes"

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
	xml := append(l.xml, `      <rpm:entry name="`...)
	xml = d.escape(xml, field, e.name, attribute)
	if e.sense != senseNone {
		xml = append(append(xml, `" flags="`...), e.sense.String()...)
		if len(e.version) > 0 {
			epoch, version, release := splitEVR(e.version)
			xml = d.escape(append(xml, `" epoch="`...), field, epoch, attribute)
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
	epoch = []byte("0")
	if at := bytes.IndexByte(evr, ':'); at >= 0 {
		if at > 0 {
			epoch = evr[:at]
		}
		evr = evr[at+1:]
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
	digits := bytes.TrimLeft(evr[:at], " \t\n\v\f\r")
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
