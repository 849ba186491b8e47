package store

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
)

// createUpload answers CreateMultipartUpload.
func (c *call) createUpload() error {
	u, err := c.server.uploads.begin(c.name, c.key, headersOf(c.r.Header), c.server.opts.Now())
	if err != nil {
		return err
	}
	writeXML(c.w, http.StatusOK, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Space    string   `xml:"xmlns,attr"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Space: namespace, Bucket: c.name, Key: c.key, UploadID: u.id})
	return nil
}

func (c *call) upload() (*upload, error) {
	return c.server.uploads.find(c.query.Get("uploadId"), c.name, c.key)
}

// putPart answers UploadPart.
func (c *call) putPart() error {
	n, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || n < 1 || n > partsMax {
		return failure{http.StatusBadRequest, "InvalidArgument", fmt.Sprintf("a part's number is 1 to %d", partsMax)}
	}
	u, err := c.upload()
	if err != nil {
		return err
	}
	sp := c.bucket.keep.spool()
	sums, err := c.receive(sp)
	if err == nil {
		err = sp.park()
	}
	if err == nil {
		err = u.add(n, part{body: sp, sums: sums.sums()})
	}
	if err != nil {
		sp.discard()
		return err
	}
	giveBack(c.w.Header(), sums)
	c.w.Header().Set("ETag", string(sp.tag()))
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// abortUpload answers AbortMultipartUpload.
func (c *call) abortUpload() error {
	u, err := c.upload()
	if err != nil {
		return err
	}
	c.server.uploads.end(u)
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// completion is a CompleteMultipartUpload document.
type completion struct {
	XMLName xml.Name        `xml:"CompleteMultipartUpload"`
	Parts   []completedPart `xml:"Part"`
}

type completedPart struct {
	PartNumber        int
	ETag              string
	ChecksumCRC32     string
	ChecksumCRC32C    string
	ChecksumCRC64NVME string
	ChecksumSHA1      string
	ChecksumSHA256    string
}

func (p completedPart) checksums() map[string]string {
	return map[string]string{
		"crc32": p.ChecksumCRC32, "crc32c": p.ChecksumCRC32C, "crc64nvme": p.ChecksumCRC64NVME,
		"sha1": p.ChecksumSHA1, "sha256": p.ChecksumSHA256,
	}
}

// completeUpload answers CompleteMultipartUpload: the parts become one object,
// under the request's condition.
func (c *call) completeUpload() error {
	cond, err := condition(c.r.Header)
	if err != nil {
		return err
	}
	var doc completion
	// The checksums of this request are the object's, not the document's.
	header := c.r.Header
	c.r.Header = withoutChecksums(header)
	if err := c.document(&doc); err != nil {
		return err
	}
	u, err := c.upload()
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return errNoUpload
	}
	parts, err := u.chosen(doc.Parts)
	if err != nil {
		return err
	}
	sp := c.bucket.keep.spool()
	defer sp.discard()
	tag, err := join(sp, parts, header)
	if err != nil {
		return err
	}
	m, err := c.bucket.commit(c.r.Context(), meta{Key: c.key, Tag: tag, headers: u.headers}, sp, cond)
	if err != nil {
		return err
	}
	u.discard()
	c.server.uploads.forget(u)
	writeXML(c.w, http.StatusOK, struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		Space   string   `xml:"xmlns,attr"`
		Bucket  string
		Key     string
		ETag    string
	}{Space: namespace, Bucket: c.name, Key: c.key, ETag: string(m.Tag)})
	return nil
}
