package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Format is how frames are compressed. Frames of another format cannot be
// copied, but what they hold can be taken out.
type Format struct {
	// Compression is "zstd" or "gzip". zstd needs a libsolv of RHEL 8.4 or
	// newer; yum of RHEL 7 reads only gzip.
	Compression string
	// Level is 1 to 22 for zstd, 1 to 9 for gzip; 0 means 7 and 6.
	Level int
}

// Suffix is what a file of this format's name ends in: ".zst" or ".gz".
func (f Format) Suffix() string {
	if f.Compression == "gzip" {
		return ".gz"
	}
	return ".zst"
}

func (f Format) check() (Format, error) {
	switch f.Compression {
	case "", "zstd":
		f.Compression = "zstd"
		if f.Level == 0 {
			f.Level = 7
		}
		if f.Level < 1 || f.Level > 22 {
			return f, fmt.Errorf("zstd level %d: it is 1 to 22", f.Level)
		}
		// The library has four levels. To write down the lowest name of each
		// lets frames be copied between formats that only look different.
		for f.Level > 1 && zstd.EncoderLevelFromZstd(f.Level-1) == zstd.EncoderLevelFromZstd(f.Level) {
			f.Level--
		}
	case "gzip":
		if f.Level == 0 {
			f.Level = 6
		}
		if f.Level < 1 || f.Level > 9 {
			return f, fmt.Errorf("gzip level %d: it is 1 to 9", f.Level)
		}
	default:
		return f, fmt.Errorf("compression %.40q: it is zstd or gzip", f.Compression)
	}
	return f, nil
}

// codec compresses and decompresses whole frames. It is one goroutine's.
type codec struct {
	zstdTo   *zstd.Encoder
	zstdFrom *zstd.Decoder
	gzipTo   *gzip.Writer
	gzipFrom *gzip.Reader
}

// compress appends raw, compressed, to out. The same raw gives the same bytes,
// whatever this codec did before: resumed work depends on it.
func (c *codec) compress(f Format, raw, out []byte) ([]byte, error) {
	if f.Compression == "zstd" {
		if c.zstdTo == nil {
			to, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1),
				zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(f.Level)), zstd.WithZeroFrames(true),
				zstd.WithWindowSize(segmentBytes), zstd.WithLowerEncoderMem(true))
			if err != nil {
				return nil, fmt.Errorf("prepare zstd: %w", err)
			}
			c.zstdTo = to
		}
		return c.zstdTo.EncodeAll(raw, out), nil
	}
	buffer := bytes.NewBuffer(out)
	if c.gzipTo == nil {
		to, err := gzip.NewWriterLevel(buffer, f.Level)
		if err != nil {
			return nil, fmt.Errorf("prepare gzip: %w", err)
		}
		c.gzipTo = to
	} else {
		c.gzipTo.Reset(buffer)
	}
	if _, err := c.gzipTo.Write(raw); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	if err := c.gzipTo.Close(); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return buffer.Bytes(), nil
}

var errLength = errors.New("is not of the length its index says")

// expand decompresses what must give exactly size bytes, into out's memory if
// that is large enough.
func (c *codec) expand(f Format, packed []byte, size int, out []byte) ([]byte, error) {
	if cap(out) < size {
		// Of few different sizes, so that most buffers can be used again.
		out = make([]byte, 0, 1<<bits.Len(uint(size)))
	}
	if f.Compression == "zstd" {
		if c.zstdFrom == nil {
			from, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
			if err != nil {
				return nil, fmt.Errorf("prepare zstd: %w", err)
			}
			c.zstdFrom = from
		}
		raw, err := c.zstdFrom.DecodeAll(packed, out[:0:size]) // more than size is an error
		if err == nil && len(raw) != size {
			err = errLength
		}
		if err != nil {
			return nil, err
		}
		return out[:size], nil // with all of its memory
	}
	var err error
	if c.gzipFrom == nil {
		c.gzipFrom, err = gzip.NewReader(bytes.NewReader(packed))
	} else {
		err = c.gzipFrom.Reset(bytes.NewReader(packed))
	}
	if err != nil {
		return nil, err
	}
	raw := out[:size]
	if _, err := io.ReadFull(c.gzipFrom, raw); err != nil {
		return nil, err
	}
	// The checksum is read with the end.
	if n, err := c.gzipFrom.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, errors.Join(errLength, err)
	}
	return raw, nil
}

// close ends the codec's goroutines and frees its tables.
func (c *codec) close() {
	if c.zstdTo != nil {
		_ = c.zstdTo.Close()
	}
	if c.zstdFrom != nil {
		c.zstdFrom.Close()
	}
}
