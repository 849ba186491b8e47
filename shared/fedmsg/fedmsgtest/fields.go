package fedmsgtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"
)

// mostDepth bounds how deep tables and arrays nest.
const mostDepth = 32

// table is an AMQP field table.
type table map[string]any

// decimal is AMQP's decimal: Value / 10^Scale.
type decimal struct {
	Scale uint8
	Value int32
}

// decoder reads the arguments of a method in order. After the first error it
// reads zeros, so that callers check once.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) take(n int) []byte {
	if d.err == nil && (n < 0 || n > len(d.rest)) {
		d.err = fmt.Errorf("%w: ends early", errFrame)
	}
	if d.err != nil {
		return make([]byte, max(0, min(n, 8)))
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) octet() uint8   { return d.take(1)[0] }
func (d *decoder) short() uint16  { return binary.BigEndian.Uint16(d.take(2)) }
func (d *decoder) long() uint32   { return binary.BigEndian.Uint32(d.take(4)) }
func (d *decoder) longer() uint64 { return binary.BigEndian.Uint64(d.take(8)) }

func (d *decoder) shortText() string { return string(d.take(int(d.octet()))) }

func (d *decoder) longText() string {
	size := d.long()
	if uint64(size) > uint64(len(d.rest)) {
		d.err = fmt.Errorf("%w: text ends early", errFrame)
		return ""
	}
	return string(d.take(int(size)))
}

func (d *decoder) table(depth int) table {
	inner := decoder{rest: []byte(d.longText()), err: d.err}
	if depth > mostDepth {
		inner.err = fmt.Errorf("%w: nested too deep", errFrame)
	}
	out := table{}
	for inner.err == nil && len(inner.rest) > 0 {
		name := inner.shortText()
		out[name] = inner.field(depth)
	}
	d.err = inner.err
	return out
}

func (d *decoder) array(depth int) []any {
	inner := decoder{rest: []byte(d.longText()), err: d.err}
	if depth > mostDepth {
		inner.err = fmt.Errorf("%w: nested too deep", errFrame)
	}
	out := []any{}
	for inner.err == nil && len(inner.rest) > 0 {
		out = append(out, inner.field(depth))
	}
	d.err = inner.err
	return out
}

// field reads one value. The letters are RabbitMQ's, which differ from the
// published ones: https://www.rabbitmq.com/amqp-0-9-1-errata.html, section 3.
func (d *decoder) field(depth int) any {
	switch kind := d.octet(); kind {
	case 't':
		return d.octet() != 0
	case 'b':
		return int8(d.octet())
	case 'B':
		return d.octet()
	case 's':
		return int16(d.short())
	case 'u':
		return d.short()
	case 'I':
		return int32(d.long())
	case 'i':
		return d.long()
	case 'l':
		return int64(d.longer())
	case 'f':
		return math.Float32frombits(d.long())
	case 'd':
		return math.Float64frombits(d.longer())
	case 'D':
		return decimal{Scale: d.octet(), Value: int32(d.long())}
	case 'S':
		return d.longText()
	case 'x':
		return []byte(d.longText())
	case 'T':
		return time.Unix(int64(d.longer()), 0).UTC()
	case 'A':
		return d.array(depth + 1)
	case 'F':
		return d.table(depth + 1)
	case 'V':
		return nil
	default:
		if d.err == nil {
			d.err = fmt.Errorf("%w: no field has the letter %q", errFrame, kind)
		}
		return nil
	}
}

func appendShortText(to []byte, s string) []byte {
	s = s[:min(len(s), 255)]
	return append(append(to, byte(len(s))), s...)
}

func appendLongText[T string | []byte](to []byte, s T) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(s)))
	return append(to, s...)
}

func appendTable(to []byte, t table) []byte {
	var inner []byte
	names := make([]string, 0, len(t))
	for name := range t {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		inner = appendField(appendShortText(inner, name), t[name])
	}
	return appendLongText(to, inner)
}

func appendField(to []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(to, 'V')
	case bool:
		if v {
			return append(to, 't', 1)
		}
		return append(to, 't', 0)
	case int8:
		return append(to, 'b', byte(v))
	case uint8:
		return append(to, 'B', v)
	case int16:
		return binary.BigEndian.AppendUint16(append(to, 's'), uint16(v))
	case uint16:
		return binary.BigEndian.AppendUint16(append(to, 'u'), v)
	case int32:
		return binary.BigEndian.AppendUint32(append(to, 'I'), uint32(v))
	case uint32:
		return binary.BigEndian.AppendUint32(append(to, 'i'), v)
	case int64:
		return binary.BigEndian.AppendUint64(append(to, 'l'), uint64(v))
	case int:
		return appendField(to, int64(v))
	case float32:
		return binary.BigEndian.AppendUint32(append(to, 'f'), math.Float32bits(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(to, 'd'), math.Float64bits(v))
	case decimal:
		return binary.BigEndian.AppendUint32(append(to, 'D', v.Scale), uint32(v.Value))
	case string:
		return appendLongText(append(to, 'S'), v)
	case []byte:
		return appendLongText(append(to, 'x'), v)
	case time.Time:
		return binary.BigEndian.AppendUint64(append(to, 'T'), uint64(v.Unix()))
	case []any:
		var inner []byte
		for _, element := range v {
			inner = appendField(inner, element)
		}
		return appendLongText(append(to, 'A'), inner)
	case map[string]any:
		return appendTable(append(to, 'F'), v)
	case table:
		return appendTable(append(to, 'F'), v)
	}
	return appendLongText(append(to, 'S'), fmt.Sprint(value))
}
