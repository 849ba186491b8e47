package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// A segment is the magic, then frames: length of the payload and a CRC-32C
// over that length and the payload (both little-endian uint32), then the
// payload. The length is under the checksum so that a tail of zeros, which a
// power cut can leave, is never a frame.
const (
	magic     = "distaff journal1"
	frameHead = 8
	// MostBytes is the largest entry, in bytes.
	MostBytes = 64 << 20
)

// Entry is one thing that was written: an event, or a note on one of its
// targets.
type Entry struct {
	Seq uint64
	// Event is true when this is the event itself: then Targets are all who
	// are to get it. Otherwise Target is whom the note is about.
	Event   bool
	Targets []string
	Target  string
	// Final says that nothing more is to be done for Target.
	Final bool
	Body  []byte
}

// isHead tells the entry a segment begins with: a note about nobody, with the
// number of the last event before it.
func (e Entry) isHead() bool { return !e.Event && e.Target == "" }

// errTorn is a frame that is not whole: the end of what can be read.
var errTorn = errors.New("torn frame")

const (
	kindEvent = 'E'
	kindNote  = 'N'
	kindFinal = 'F'
)

func appendFrame(buf []byte, e Entry) []byte {
	start := len(buf)
	buf = append(buf, make([]byte, frameHead)...)
	switch {
	case e.Event:
		buf = append(buf, kindEvent)
	case e.Final:
		buf = append(buf, kindFinal)
	default:
		buf = append(buf, kindNote)
	}
	buf = binary.AppendUvarint(buf, e.Seq)
	targets := e.Targets
	if !e.Event {
		targets = []string{e.Target}
	}
	buf = binary.AppendUvarint(buf, uint64(len(targets)))
	for _, target := range targets {
		buf = binary.AppendUvarint(buf, uint64(len(target)))
		buf = append(buf, target...)
	}
	buf = append(buf, e.Body...)
	frame := buf[start:]
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameHead)) //nolint:gosec // bounded by MostBytes
	binary.LittleEndian.PutUint32(frame[4:], checksum(frame))
	return buf
}

func checksum(frame []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, frame[:4])
	return crc32.Update(sum, table, frame[frameHead:])
}

// nextFrame reads the frame data begins with, and gives its size. The entry
// shares no memory with data.
func nextFrame(data []byte) (Entry, int, error) {
	if len(data) < frameHead {
		return Entry{}, 0, errTorn
	}
	length := int64(binary.LittleEndian.Uint32(data))
	if length == 0 || length > MostBytes || length > int64(len(data)-frameHead) {
		return Entry{}, 0, errTorn
	}
	size := frameHead + int(length)
	if binary.LittleEndian.Uint32(data[4:]) != checksum(data[:size]) {
		return Entry{}, 0, errTorn
	}
	entry, err := decode(data[frameHead:size])
	return entry, size, err
}

func decode(payload []byte) (Entry, error) {
	kind, rest := payload[0], payload[1:]
	e := Entry{Event: kind == kindEvent, Final: kind == kindFinal}
	seq, rest, ok := uvarint(rest)
	if !ok || !e.Event && !e.Final && kind != kindNote {
		return Entry{}, errTorn
	}
	e.Seq = seq
	count, rest, ok := uvarint(rest)
	if !ok || count > uint64(len(rest)) || !e.Event && count != 1 {
		return Entry{}, errTorn
	}
	for range count {
		var length uint64
		length, rest, ok = uvarint(rest)
		if !ok || length > uint64(len(rest)) {
			return Entry{}, errTorn
		}
		e.Targets = append(e.Targets, string(rest[:length]))
		rest = rest[length:]
	}
	if !e.Event {
		e.Target, e.Targets = e.Targets[0], nil
	}
	e.Body = slices.Clone(rest)
	return e, nil
}

func uvarint(data []byte) (uint64, []byte, bool) {
	value, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, nil, false
	}
	return value, data[n:], true
}
