package frame

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// Object is what repomd.xml says of one written document.
type Object struct {
	Checksum     string // sha256, hexadecimal
	OpenChecksum string // of the decompressed document; "" if omitted
	Size         int64
	OpenSize     int64
}

// output writes one document and adds up what is said of it.
type output struct {
	to        io.Writer
	sum, open hash.Hash // open is nil if omitted
	size      int64
	openSize  int64
}

func newOutput(to io.Writer, omit bool) *output {
	o := &output{to: to, sum: sha256.New()}
	if !omit {
		o.open = sha256.New()
	}
	return o
}

// write takes compressed bytes, and the openSize bytes they stand for, which
// may be missing if their checksum is not wanted.
func (o *output) write(packed, open []byte, openSize int64) error {
	_, _ = o.sum.Write(packed)
	if o.open != nil {
		_, _ = o.open.Write(open)
	}
	o.size += int64(len(packed))
	o.openSize += openSize
	if _, err := o.to.Write(packed); err != nil {
		return fmt.Errorf("write metadata: %w", err)
	}
	return nil
}

// frame writes a short text as a frame of its own, and gives its size. It takes
// the lowest level, whose encoder is small.
func (o *output) frame(c *codec, f Format, text []byte) (int64, error) {
	f.Level = 1
	packed, err := c.compress(f, text, nil)
	if err != nil {
		return 0, err
	}
	return int64(len(packed)), o.write(packed, text, int64(len(text)))
}

func (o *output) object() Object {
	done := Object{Checksum: hex.EncodeToString(o.sum.Sum(nil)), Size: o.size, OpenSize: o.openSize}
	if o.open != nil {
		done.OpenChecksum = hex.EncodeToString(o.open.Sum(nil))
	}
	return done
}
