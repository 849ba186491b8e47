package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A record is one object in one file, so that a rename replaces body and tag
// together: the body, what is known of it as JSON, the JSON's length in four
// bytes (big-endian), and four bytes that say the record is whole.
const (
	recordEnd = "dsf1"
	tailSize  = 4 + len(recordEnd)
	metaMax   = 16 << 10
)

var errTorn = errors.New("the object's file is not whole; it was cut by a crash of the machine, or changed by hand")

// seal gives what follows the body in a record.
func seal(m meta) ([]byte, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(raw) > metaMax {
		return nil, fmt.Errorf("%d bytes of headers are more than this store takes", len(raw))
	}
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(raw))) //nolint:gosec // at most metaMax
	return append(raw, recordEnd...), nil
}

// unseal reads what is known of the object in file.
func unseal(file *os.File) (meta, error) {
	var m meta
	info, err := file.Stat()
	if err != nil {
		return m, err
	}
	// One read serves nearly all: the headers are a few hundred bytes.
	tail := make([]byte, min(info.Size(), 512))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return m, err
	}
	if len(tail) < tailSize || string(tail[len(tail)-len(recordEnd):]) != recordEnd {
		return m, errTorn
	}
	length := int64(binary.BigEndian.Uint32(tail[len(tail)-tailSize:]))
	whole := length + int64(tailSize)
	if length > metaMax || whole > info.Size() {
		return m, errTorn
	}
	if whole > int64(len(tail)) {
		tail = make([]byte, whole)
		if _, err := file.ReadAt(tail, info.Size()-whole); err != nil {
			return m, err
		}
	}
	at := int64(len(tail)) - whole
	if err := json.Unmarshal(tail[at:at+length], &m); err != nil || m.Size != info.Size()-whole {
		return m, errTorn
	}
	return m, nil
}

// recordBody is the body within an open record.
type recordBody struct {
	*io.SectionReader
	file *os.File
}

func (b recordBody) Close() error { return b.file.Close() }
