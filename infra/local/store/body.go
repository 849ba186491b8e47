package store

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Content-MD5 is part of S3's protocol
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
)

// documentMax is the largest XML document read: a deletion of 1000 keys of
// 1024 bytes fits.
const documentMax = 2 << 20

// receive copies the request's body to w and verifies all that came with it:
// length, framing, signatures and checksums. Only when it gives no error may
// what was written be used.
func (c *call) receive(w io.Writer) (*checksums, error) {
	sums, err := announced(c.r.Header)
	if err != nil {
		return nil, err
	}
	length := c.r.ContentLength
	var in io.Reader = c.r.Body
	var frames *chunked
	payload, hashed := sha256.New(), false
	sinks := []io.Writer{w, sums}
	switch c.signed.payload {
	case "UNSIGNED-PAYLOAD":
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
		frames = newChunked(in, c.signed, false)
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
		frames = newChunked(in, c.signed, true)
	case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
		frames = newChunked(in, nil, true)
	default:
		if raw, err := hex.DecodeString(c.signed.payload); err != nil || len(raw) != sha256.Size {
			return nil, failure{http.StatusNotImplemented, "NotImplemented", "this store does not know such a payload: x-amz-content-sha256"}
		}
		hashed = true
		sinks = append(sinks, payload)
	}
	sum := md5.New() //nolint:gosec // see the import
	claimed := c.r.Header.Get("Content-Md5")
	if claimed != "" {
		sinks = append(sinks, sum)
	}
	if frames != nil {
		in, length = frames, -1
		if text := c.r.Header.Get("X-Amz-Decoded-Content-Length"); text != "" {
			if length, err = strconv.ParseInt(text, 10, 64); err != nil || length < 0 {
				return nil, failure{http.StatusBadRequest, "InvalidArgument", "x-amz-decoded-content-length is not a length"}
			}
		}
	}
	if frames == nil && length < 0 {
		return nil, failure{http.StatusLengthRequired, "MissingContentLength", "the length is missing"}
	}
	n, err := io.Copy(io.MultiWriter(sinks...), in)
	switch {
	case err != nil:
		return nil, err
	case length >= 0 && n != length:
		return nil, failure{http.StatusBadRequest, "IncompleteBody", "the body has another length than announced"}
	case hashed && hex.EncodeToString(payload.Sum(nil)) != c.signed.payload:
		return nil, failure{http.StatusBadRequest, "XAmzContentSHA256Mismatch", "the body is not the one that was signed"}
	case claimed != "" && base64.StdEncoding.EncodeToString(sum.Sum(nil)) != claimed:
		return nil, failure{http.StatusBadRequest, "BadDigest", "the body does not have the Content-MD5 that came with it"}
	}
	var trailers map[string]string
	if frames != nil {
		trailers = frames.trailers
	}
	return sums, sums.verify(trailers)
}

// document reads a small XML body into v.
func (c *call) document(v any) error {
	var buf bytes.Buffer
	if _, err := c.receive(&limited{&buf}); err != nil {
		return err
	}
	return parseXML(buf.Bytes(), v)
}

func parseXML(raw []byte, v any) error {
	if err := xml.Unmarshal(raw, v); err != nil {
		return failure{http.StatusBadRequest, "MalformedXML", "the XML cannot be read: " + err.Error()}
	}
	return nil
}

// limited is a buffer that takes one document.
type limited struct{ buf *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > documentMax {
		return 0, errTooLarge
	}
	return l.buf.Write(p)
}
