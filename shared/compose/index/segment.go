package index

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/blob"
)

// A segment is the word magic, the length of its columns in four bytes, the
// columns and then the rows, one a line; both are zstd frames. The number in
// the word is that of this form.
const (
	magic = "distaff compose list 1\n"
	// segmentMost is what a segment may have unpacked, in bytes.
	segmentMost = perSegment * (rowMost + 1)
)

var errSegment = errors.New("is no segment of the list of composes, or of a newer form")

// segment is one as it was read.
type segment struct {
	tag   blob.Tag
	cells []cell // by id
	// packed are the rows, and ends where each ends unpacked.
	packed []byte
	ends   []int
	// since is the look at the bucket after which it was read.
	since int64
}

// find gives the place of a compose.
func (s *segment) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(s.cells, id, func(c cell, id int64) int { return int(c.id - id) })
}

// codec packs and unpacks. It is safe for concurrent use.
type codec struct {
	in  *zstd.Decoder
	out *zstd.Encoder
}

func newCodec() codec {
	// With these options neither can fail.
	in, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(parallel), zstd.WithDecoderMaxMemory(2*segmentMost))
	out, err2 := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err := errors.Join(err, err2); err != nil {
		panic(fmt.Sprintf("zstd: %v", err))
	}
	return codec{in, out}
}

// pack makes a segment of rows that are in order.
func (c codec) pack(rows []entry, writer string) []byte {
	columns := columns{Writer: writer}
	var lines bytes.Buffer
	for _, row := range rows {
		raw := encode(row)
		lines.Write(raw)
		lines.WriteByte('\n')
		columns.add(cellOf(row), len(raw)+1)
	}
	raw, err := json.Marshal(columns)
	if err != nil {
		panic(fmt.Sprintf("columns: %v", err)) // strings and numbers
	}
	front := c.out.EncodeAll(raw, nil)
	body := binary.BigEndian.AppendUint32([]byte(magic), uint32(len(front))) //nolint:gosec // far below 4 GiB
	return c.out.EncodeAll(lines.Bytes(), append(body, front...))
}

// unpack reads a segment but for its rows.
func (c codec) unpack(o blob.Object) (*segment, error) {
	rest, ok := bytes.CutPrefix(o.Body, []byte(magic))
	if !ok || len(rest) < 4 {
		return nil, fmt.Errorf("%s: %w", o.Key, errSegment)
	}
	length := int64(binary.BigEndian.Uint32(rest))
	if rest = rest[4:]; length > int64(len(rest)) {
		return nil, fmt.Errorf("%s: %w", o.Key, errSegment)
	}
	raw, err := c.in.DecodeAll(rest[:length], nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Key, err)
	}
	var columns columns
	if err := json.Unmarshal(raw, &columns); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Key, err)
	}
	if !columns.even() {
		return nil, fmt.Errorf("%s: %w", o.Key, errSegment)
	}
	s := &segment{tag: o.Tag, cells: columns.cells(), packed: rest[length:]}
	end := 0
	for _, length := range columns.Length {
		end += length
		s.ends = append(s.ends, end)
	}
	return s, nil
}

// rows unpacks the lines of all rows.
func (c codec) rows(s *segment) ([]byte, error) {
	raw, err := c.in.DecodeAll(s.packed, nil)
	if err == nil && len(s.ends) > 0 && len(raw) != s.ends[len(s.ends)-1] {
		err = errSegment
	}
	return raw, err
}

// row reads the n-th of the lines.
func (s *segment) row(lines []byte, n int) (entry, error) {
	begin := 0
	if n > 0 {
		begin = s.ends[n-1]
	}
	if begin < 0 || begin > s.ends[n] || s.ends[n] > len(lines) {
		return entry{}, errSegment
	}
	return decode(lines[begin:s.ends[n]])
}
