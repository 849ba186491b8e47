package store

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// getObject answers GET and HEAD.
func (c *call) getObject() error {
	m, body, err := c.bucket.keep.open(c.r.Context(), c.key)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	h := c.w.Header()
	for name, value := range map[string]string{
		"ETag": string(m.Tag), "Content-Type": m.Type, "Cache-Control": m.CacheControl,
		"Content-Encoding": m.Encoding, "Content-Disposition": m.Disposition,
	} {
		// A signed address may say how its answer is to be taken.
		if override := c.query.Get("response-" + strings.ToLower(name)); override != "" {
			value = override
		}
		if value != "" {
			h.Set(name, value)
		}
	}
	if err := checkRange(c.r.Header.Get("Range"), m.Size); err != nil {
		return err
	}
	if m.Encoding != "" && c.r.Header.Get("Range") == "" && c.r.Header.Get("If-Match") == "" && c.r.Header.Get("If-Unmodified-Since") == "" {
		// net/http leaves the length of encoded content out; clients want it.
		h.Set("Content-Length", strconv.FormatInt(m.Size, 10))
	}
	http.ServeContent(c.w, c.r, "", m.Modified, body)
	return nil
}

// checkRange refuses, in S3's words, a range that begins after the end.
// Anything else net/http knows how to serve.
func checkRange(value string, size int64) error {
	spec, ok := strings.CutPrefix(value, "bytes=")
	if !ok {
		return nil
	}
	if strings.Contains(spec, ",") {
		return failure{http.StatusNotImplemented, "NotImplemented", "this store serves one range at a time"}
	}
	first, _, _ := strings.Cut(spec, "-")
	if from, err := strconv.ParseInt(strings.TrimSpace(first), 10, 64); err == nil && from >= size {
		return blob.ErrRange
	}
	return nil
}

func (c *call) putObject() error {
	cond, err := condition(c.r.Header)
	if err != nil {
		return err
	}
	sp := c.bucket.keep.spool()
	defer sp.discard()
	sums, err := c.receive(sp)
	if err != nil {
		return err
	}
	m := meta{Key: c.key, Tag: sp.tag(), headers: headersOf(c.r.Header)}
	if m, err = c.bucket.commit(c.r.Context(), m, sp, cond); err != nil {
		return err
	}
	giveBack(c.w.Header(), sums)
	c.w.Header().Set("ETag", string(m.Tag))
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func giveBack(h http.Header, sums *checksums) {
	for algorithm, sum := range sums.sums() {
		h.Set(checksumHeader+algorithm, sum)
	}
}

func (c *call) deleteObject() error {
	if c.r.Header.Get("If-Match") != "" || c.r.Header.Get("X-Amz-If-Match-Size") != "" ||
		c.r.Header.Get("X-Amz-If-Match-Last-Modified-Time") != "" {
		// Other servers ignore the condition and delete. Nobody is to rely on it.
		return failure{http.StatusNotImplemented, "NotImplemented", "this store deletes under no condition"}
	}
	if _, err := c.bucket.keep.remove(c.r.Context(), c.key, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// condition reads what must hold for a write.
func condition(h http.Header) (blob.Cond, error) {
	matching, absent := h.Get("If-Match"), h.Get("If-None-Match")
	switch {
	case h.Get("If-Modified-Since") != "", h.Get("If-Unmodified-Since") != "",
		matching == "*", matching != "" && absent != "", absent != "" && absent != "*":
		return "", failure{http.StatusNotImplemented, "NotImplemented", "this store writes under If-Match with a tag or If-None-Match: *"}
	case absent != "":
		return blob.Absent, nil
	case matching != "":
		// Some clients leave the quotes out.
		return blob.Match(blob.Tag(`"` + strings.Trim(matching, `"`) + `"`)), nil
	}
	return blob.Any, nil
}

// headersOf takes from a PUT what its GETs will carry.
func headersOf(h http.Header) headers {
	kept := headers{
		Type: h.Get("Content-Type"), CacheControl: h.Get("Cache-Control"), Disposition: h.Get("Content-Disposition"),
	}
	if kept.Type == "" {
		kept.Type = blob.DefaultType
	}
	// "aws-chunked" is about the way here, not about the object.
	var encodings []string
	for _, line := range h.Values("Content-Encoding") {
		for e := range strings.SplitSeq(line, ",") {
			if e = strings.TrimSpace(e); e != "" && e != "aws-chunked" {
				encodings = append(encodings, e)
			}
		}
	}
	kept.Encoding = strings.Join(encodings, ",")
	return kept
}

// stamp is a time as S3's documents have it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
