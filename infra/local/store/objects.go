package store

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type commonPrefix struct{ Prefix string }

type listResult struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Space                 string   `xml:"xmlns,attr"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []commonPrefix
}

// listObjects answers ListObjectsV2.
func (c *call) listObjects() error {
	q := c.query
	if q.Get("list-type") != "2" {
		return failure{http.StatusNotImplemented, "NotImplemented", "this store lists by ListObjectsV2"}
	}
	res := listResult{
		Space: namespace, Name: c.name, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"),
		StartAfter: q.Get("start-after"), ContinuationToken: q.Get("continuation-token"), MaxKeys: blob.ListMax,
	}
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return failure{http.StatusBadRequest, "InvalidArgument", "max-keys is not a number"}
		}
		res.MaxKeys = min(n, blob.ListMax)
	}
	after := res.StartAfter
	if res.ContinuationToken != "" {
		raw, err := base64.RawURLEncoding.DecodeString(res.ContinuationToken)
		if err != nil {
			return failure{http.StatusBadRequest, "InvalidArgument", "the continuation token is not one of this store"}
		}
		after = string(raw)
	}
	if err := c.page(c.r.Context(), &res, after); err != nil {
		return err
	}
	if q.Get("encoding-type") == "url" {
		res.encode()
	}
	writeXML(c.w, http.StatusOK, res)
	return nil
}

// page fills res with what comes after after. Below a delimiter only the
// common prefix is listed, and the walk goes on behind it.
func (c *call) page(ctx context.Context, res *listResult, after string) error {
	for res.MaxKeys > 0 {
		// One more than fits tells whether there is more.
		room := res.MaxKeys - res.KeyCount
		found, err := c.bucket.keep.list(ctx, res.Prefix, after, room+1)
		if err != nil {
			return err
		}
		again := false
		for _, m := range found {
			if res.KeyCount == res.MaxKeys {
				res.IsTruncated = true
				res.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(after))
				return nil
			}
			res.KeyCount++
			if group, ok := res.group(m.Key); ok {
				res.CommonPrefixes = append(res.CommonPrefixes, commonPrefix{group})
				after, again = group+"\xff", true // no key has this byte
				break
			}
			res.Contents = append(res.Contents, listedObject{m.Key, stamp(m.Modified), string(m.Tag), m.Size, "STANDARD"})
			after = m.Key
		}
		if !again {
			return nil
		}
	}
	return nil
}

// group gives the common prefix a key belongs to.
func (r *listResult) group(key string) (string, bool) {
	if r.Delimiter == "" {
		return "", false
	}
	rest := strings.TrimPrefix(key, r.Prefix)
	at := strings.Index(rest, r.Delimiter)
	if at < 0 {
		return "", false
	}
	return r.Prefix + rest[:at+len(r.Delimiter)], true
}

// encode escapes what encoding-type=url asks to have escaped.
func (r *listResult) encode() {
	r.EncodingType = "url"
	for _, s := range []*string{&r.Prefix, &r.Delimiter, &r.StartAfter} {
		*s = url.QueryEscape(*s)
	}
	for i := range r.Contents {
		r.Contents[i].Key = url.QueryEscape(r.Contents[i].Key)
	}
	for i := range r.CommonPrefixes {
		r.CommonPrefixes[i].Prefix = url.QueryEscape(r.CommonPrefixes[i].Prefix)
	}
}
