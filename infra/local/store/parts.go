package store

import (
	"crypto/md5" //nolint:gosec // S3's ETag, not a safeguard
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

// partMin is the smallest part that is not the last, partsMax the highest
// number of one. Source: "Amazon S3 multipart upload limits".
const (
	partMin  = 5 << 20
	partsMax = 10000
)

// part is one piece of an upload, verified when it came.
type part struct {
	body *spool
	sums map[string]string // base64, by algorithm
}

// chosen gives the parts a completion names, in its order, after comparing
// what it says of each.
func (u *upload) chosen(named []completedPart) ([]part, error) {
	for i := range named {
		if i > 0 && named[i].PartNumber <= named[i-1].PartNumber {
			return nil, failure{http.StatusBadRequest, "InvalidPartOrder", "the parts are not in ascending order"}
		}
	}
	parts := make([]part, 0, len(named))
	for i, n := range named {
		p, ok := u.parts[n.PartNumber]
		switch {
		case !ok || strings.Trim(n.ETag, `"`) != strings.Trim(string(p.body.tag()), `"`):
			return nil, failure{http.StatusBadRequest, "InvalidPart", fmt.Sprintf("part %d was not uploaded like this", n.PartNumber)}
		case i < len(named)-1 && p.body.size < partMin:
			return nil, failure{http.StatusBadRequest, "EntityTooSmall", fmt.Sprintf("part %d is too small not to be the last", n.PartNumber)}
		}
		for algorithm, sum := range n.checksums() {
			if have := p.sums[algorithm]; sum != "" && have != "" && have != sum {
				return nil, failure{http.StatusBadRequest, "InvalidPart", fmt.Sprintf("part %d has another %s", n.PartNumber, algorithm)}
			}
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return nil, failure{http.StatusBadRequest, "MalformedXML", "no parts are named"}
	}
	return parts, nil
}

// join writes the parts to sp, verifies the whole, and gives its tag: the MD5
// of the parts' MD5s and their number, as S3 has it.
func join(sp *spool, parts []part, header http.Header) (blob.Tag, error) {
	whole, err := announced(header)
	if err != nil {
		return "", err
	}
	composite := compositeSums(header, whole)
	tags := md5.New() //nolint:gosec // see the import
	for _, p := range parts {
		if err := p.body.copyTo(io.MultiWriter(sp, whole)); err != nil {
			return "", err
		}
		tags.Write(p.body.sum())
		if err := composite.add(p); err != nil {
			return "", err
		}
	}
	if err := whole.verify(nil); err != nil {
		return "", err
	}
	if err := composite.verify(len(parts)); err != nil {
		return "", err
	}
	return blob.Tag(`"` + hex.EncodeToString(tags.Sum(nil)) + "-" + strconv.Itoa(len(parts)) + `"`), nil
}

// composites are checksums of the parts' checksums.
type composites struct{ *checksums }

// compositeSums takes from whole those checksums that are of this kind: the
// request says so, or "-" and the number of parts follow.
func compositeSums(h http.Header, whole *checksums) composites {
	c := composites{&checksums{hashes: whole.hashes, want: whole.want}}
	composite := strings.EqualFold(h.Get("X-Amz-Checksum-Type"), "COMPOSITE")
	for _, sum := range whole.want {
		composite = composite || strings.Contains(sum, "-")
	}
	if composite {
		whole.hashes, whole.want = nil, nil
	} else {
		c.hashes, c.want = nil, nil
	}
	return c
}

func (c composites) add(p part) error {
	for algorithm, h := range c.hashes {
		raw, err := base64.StdEncoding.DecodeString(p.sums[algorithm])
		if err != nil || len(raw) == 0 {
			return failure{http.StatusBadRequest, "InvalidPart", "a part came without the " + algorithm + " the whole has"}
		}
		h.Write(raw)
	}
	return nil
}

func (c composites) verify(parts int) error {
	for algorithm, want := range c.want {
		c.want[algorithm] = strings.TrimSuffix(want, "-"+strconv.Itoa(parts))
	}
	return c.checksums.verify(nil)
}

// withoutChecksums gives a request's header without those of the object.
func withoutChecksums(h http.Header) http.Header {
	h = h.Clone()
	for name := range h {
		if strings.HasPrefix(strings.ToLower(name), checksumHeader) {
			h.Del(name)
		}
	}
	return h
}
