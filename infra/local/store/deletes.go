package store

import (
	"encoding/xml"
	"fmt"
	"net/http"

	"github.com/distaff-project/distaff/shared/blob"
)

// deletion is a DeleteObjects document.
type deletion struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Objects []struct {
		Key       string
		VersionID string `xml:"VersionId"`
		ETag      string
	} `xml:"Object"`
}

// check refuses what this store would not do as asked.
func (d *deletion) check() error {
	if len(d.Objects) == 0 || len(d.Objects) > blob.ListMax {
		return failure{http.StatusBadRequest, "MalformedXML", fmt.Sprintf("%d objects to delete; it takes 1 to %d", len(d.Objects), blob.ListMax)}
	}
	for _, o := range d.Objects {
		if o.VersionID != "" && o.VersionID != "null" || o.ETag != "" {
			return failure{http.StatusNotImplemented, "NotImplemented", "this store has no versions, and deletes under no condition"}
		}
	}
	return nil
}

// deleteObjects answers DeleteObjects: each key has an answer of its own.
func (c *call) deleteObjects() error {
	var asked deletion
	if err := c.document(&asked); err != nil {
		return err
	}
	if err := asked.check(); err != nil {
		return err
	}
	type deleted struct{ Key string }
	type refused struct{ Key, Code, Message string }
	answer := struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Space   string   `xml:"xmlns,attr"`
		Deleted []deleted
		Errors  []refused `xml:"Error"`
	}{Space: namespace}
	for _, o := range asked.Objects {
		err := blob.CheckKey(o.Key)
		if err == nil {
			_, err = c.bucket.keep.remove(c.r.Context(), o.Key, nil)
		}
		switch {
		case err != nil:
			f := failureOf(err)
			answer.Errors = append(answer.Errors, refused{o.Key, f.code, f.message})
		case !asked.Quiet:
			answer.Deleted = append(answer.Deleted, deleted{o.Key})
		}
	}
	writeXML(c.w, http.StatusOK, answer)
	return nil
}
