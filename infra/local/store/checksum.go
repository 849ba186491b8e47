package store

import (
	"crypto/sha1" //nolint:gosec // one of the checksums S3 knows
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

const checksumHeader = "x-amz-checksum-"

// crc64NVME is the polynomial of CRC-64/NVME, 0xad93d23594c93659, reflected.
// Source: NVM Express NVM Command Set Specification, "64b CRC".
const crc64NVME = 0x9a6c9329ac4bc9b5

// checksum makes the hash for one of S3's checksum algorithms; nil if this
// store does not know it.
func checksum(algorithm string) hash.Hash {
	switch algorithm {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "crc64nvme":
		return crc64.New(crc64.MakeTable(crc64NVME))
	case "sha1":
		return sha1.New() //nolint:gosec // see the import
	case "sha256":
		return sha256.New()
	}
	return nil
}

// checksums are the sums that come with a body, each by its algorithm.
type checksums struct {
	hashes map[string]hash.Hash
	want   map[string]string // base64
}

// announced finds the checksums that a request says it brings, in its header
// or behind its body.
func announced(h http.Header) (*checksums, error) {
	c := &checksums{hashes: map[string]hash.Hash{}, want: map[string]string{}}
	for name := range h {
		name = strings.ToLower(name)
		algorithm, ok := strings.CutPrefix(name, checksumHeader)
		if !ok || algorithm == "type" || algorithm == "mode" || algorithm == "algorithm" {
			continue
		}
		if err := c.add(algorithm); err != nil {
			return nil, err
		}
		c.want[algorithm] = h.Get(name)
	}
	for _, names := range h.Values("X-Amz-Trailer") {
		for name := range strings.SplitSeq(names, ",") {
			algorithm, _ := strings.CutPrefix(strings.ToLower(strings.TrimSpace(name)), checksumHeader)
			if err := c.add(algorithm); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *checksums) add(algorithm string) error {
	h := checksum(algorithm)
	if h == nil {
		return failure{http.StatusNotImplemented, "NotImplemented", "this store does not know the checksum " + algorithm}
	}
	c.hashes[algorithm] = h
	return nil
}

func (c *checksums) Write(p []byte) (int, error) {
	for _, h := range c.hashes {
		h.Write(p)
	}
	return len(p), nil
}

// verify compares the sums with those that came, in the header or in the
// trailers.
func (c *checksums) verify(trailers map[string]string) error {
	for name, value := range trailers {
		algorithm, _ := strings.CutPrefix(name, checksumHeader)
		if c.hashes[algorithm] == nil {
			return failure{http.StatusBadRequest, "MalformedTrailerError", "a trailer that was not announced"}
		}
		c.want[algorithm] = value
	}
	for algorithm := range c.hashes {
		if c.sum(algorithm) != c.want[algorithm] {
			return failure{http.StatusBadRequest, "BadDigest", "the body does not have the " + algorithm + " that came with it"}
		}
	}
	return nil
}

func (c *checksums) sum(algorithm string) string {
	return base64.StdEncoding.EncodeToString(c.hashes[algorithm].Sum(nil))
}

// sums gives all sums, to be kept or given back.
func (c *checksums) sums() map[string]string {
	sums := map[string]string{}
	for algorithm := range c.hashes {
		sums[algorithm] = c.sum(algorithm)
	}
	return sums
}
