package store

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	lineMax    = 256     // bytes of a chunk's first line
	trailerMax = 4 << 10 // bytes after the last chunk
)

func badChunk(what string) error {
	return failure{http.StatusBadRequest, "InvalidChunk", "aws-chunked body: " + what}
}

// chunked takes the framing off an aws-chunked body and verifies it: the
// chunks' signatures where there are any, and the trailer's. Bytes are handed
// out before their chunk is verified, so a reader must not act on them before
// it has seen io.EOF.
//
// Source: "Signature calculations: transferring payload in multiple chunks",
// without and with trailing headers, in the Amazon S3 API reference.
type chunked struct {
	in       *bufio.Reader
	signed   *signature // nil: chunks are not signed
	previous string     // the signature before this chunk's
	trailer  bool       // a trailer must follow
	trailers map[string]string

	left  int64 // bytes of this chunk not read yet
	claim string
	sum   hash.Hash
	err   error
}

func newChunked(body io.Reader, signed *signature, trailer bool) *chunked {
	c := &chunked{in: bufio.NewReader(body), signed: signed, trailer: trailer, sum: sha256.New()}
	if signed != nil {
		c.previous = signed.signature
	}
	return c
}

func (c *chunked) Read(p []byte) (int, error) {
	for c.err == nil && c.left == 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.in.Read(p)
	c.left -= int64(n)
	if c.signed != nil {
		c.sum.Write(p[:n])
	}
	switch {
	case errors.Is(err, io.EOF):
		c.err = io.ErrUnexpectedEOF
	case err != nil:
		c.err = err
	case c.left == 0:
		c.err = c.finish()
	}
	return n, c.err
}

// next reads the first line of a chunk; after the last chunk it verifies the
// end and gives io.EOF.
func (c *chunked) next() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	size, rest, _ := strings.Cut(line, ";")
	n, err := strconv.ParseUint(size, 16, 62)
	if err != nil || len(size) == 0 || size[0] == '+' {
		return badChunk("the size of a chunk is not a number")
	}
	c.left, c.claim = int64(n), ""
	if c.signed != nil {
		var ok bool
		if c.claim, ok = strings.CutPrefix(rest, "chunk-signature="); !ok {
			return badChunk("a chunk is not signed")
		}
	}
	if n > 0 {
		return nil
	}
	if err := c.verify(); err != nil {
		return err
	}
	return c.end()
}

// line reads one line of bounded length, without its end.
func (c *chunked) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF):
		return "", io.ErrUnexpectedEOF
	case err != nil && !errors.Is(err, bufio.ErrBufferFull):
		return "", err
	case err != nil || len(line) > lineMax || !bytes.HasSuffix(line, []byte("\r\n")):
		return "", badChunk("the first line of a chunk does not end")
	}
	return string(line[:len(line)-2]), nil
}

// finish verifies a chunk that was read.
func (c *chunked) finish() error {
	if line, err := c.line(); err != nil || line != "" {
		return badChunk("a chunk does not end where it should")
	}
	return c.verify()
}

func (c *chunked) verify() error {
	if c.signed == nil {
		return nil
	}
	empty := sha256.Sum256(nil)
	want := c.signed.sign(algorithm+"-PAYLOAD", c.signed.time, c.signed.scope(), c.previous,
		hex.EncodeToString(empty[:]), hex.EncodeToString(c.sum.Sum(nil)))
	return c.advance(want, c.claim)
}

// advance makes want the signature before the next one, if it was claimed.
func (c *chunked) advance(want, claim string) error {
	if !hmac.Equal([]byte(want), []byte(claim)) {
		return failure{http.StatusForbidden, "SignatureDoesNotMatch", "the signature of a chunk or trailer is wrong"}
	}
	c.previous = want
	c.sum.Reset()
	return nil
}

// end reads what follows the last chunk. minio-go ends a trailer's line with a
// bare line feed before the empty one, so empty lines do not count.
func (c *chunked) end() error {
	raw, err := io.ReadAll(io.LimitReader(c.in, trailerMax+1))
	if err != nil {
		return err
	}
	if len(raw) > trailerMax {
		return badChunk("the trailer is too long")
	}
	c.trailers = map[string]string{}
	claim := ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.TrimSpace(value)
		switch {
		case line == "":
		case !ok || !c.trailer || claim != "" || c.trailers[name] != "":
			return badChunk("a trailer that does not belong there")
		case name == "x-amz-trailer-signature":
			claim = value
		default:
			c.trailers[name] = value
			c.sum.Write([]byte(name + ":" + value + "\n"))
		}
	}
	if c.signed != nil && c.trailer {
		want := c.signed.sign(algorithm+"-TRAILER", c.signed.time, c.signed.scope(), c.previous,
			hex.EncodeToString(c.sum.Sum(nil)))
		if err := c.advance(want, claim); err != nil {
			return err
		}
	}
	return io.EOF
}
