package store

import (
	"encoding/xml"
	"net/http"
	"time"
)

func (c *call) createBucket() error {
	if c.r.ContentLength != 0 {
		var doc struct {
			Location string `xml:"LocationConstraint"`
		}
		if err := c.document(&doc); err != nil {
			return err
		}
	}
	if !goodBucket(c.name) {
		return failure{http.StatusBadRequest, "InvalidBucketName", "the name is not a bucket's"}
	}
	if _, ok := c.server.find(c.name); ok {
		return failure{http.StatusConflict, "BucketAlreadyOwnedByYou", "the bucket exists and is yours"}
	}
	if _, err := c.server.Bucket(c.name); err != nil {
		return err
	}
	c.w.Header().Set("Location", "/"+c.name)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) headBucket() error {
	c.w.Header().Set("X-Amz-Bucket-Region", c.server.opts.Region)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) location() error {
	region := c.server.opts.Region
	if region == DefaultRegion {
		region = "" // as S3 says it
	}
	writeXML(c.w, http.StatusOK, struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Space   string   `xml:"xmlns,attr"`
		Region  string   `xml:",chardata"`
	}{Space: namespace, Region: region})
	return nil
}

func (c *call) listBuckets() error {
	type bucket struct {
		Name         string
		CreationDate string
	}
	doc := struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Space   string   `xml:"xmlns,attr"`
		Owner   struct{ ID string }
		Buckets []bucket `xml:"Buckets>Bucket"`
	}{Space: namespace}
	doc.Owner.ID = "owner"
	for _, name := range c.server.names() {
		// When a bucket was made is not kept; clients want some date.
		doc.Buckets = append(doc.Buckets, bucket{name, stamp(time.Unix(0, 0))})
	}
	writeXML(c.w, http.StatusOK, doc)
	return nil
}
