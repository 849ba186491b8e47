package store

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// rule says when what is below a prefix goes away.
type rule struct {
	ID      string
	Prefix  string
	Enabled bool
	// Days after which an object expires, and an upload in parts that was not
	// completed. Zero: never.
	Expire, Abort int
}

// lifecycleDoc is the S3 document. An element this store does not honour is an
// error: a rule that is stored but not kept would be worse.
type lifecycleDoc struct {
	XMLName xml.Name  `xml:"LifecycleConfiguration"`
	Space   string    `xml:"xmlns,attr,omitempty"`
	Rules   []ruleDoc `xml:"Rule"`
}

type ruleDoc struct {
	ID         string         `xml:"ID,omitempty"`
	Status     string         `xml:"Status"`
	Prefix     string         `xml:"Prefix,omitempty"`
	Filter     *filterDoc     `xml:"Filter"`
	Expiration *expirationDoc `xml:"Expiration"`
	Abort      *abortDoc      `xml:"AbortIncompleteMultipartUpload"`
	Others     []otherDoc     `xml:",any"`
}

type filterDoc struct {
	Prefix string     `xml:"Prefix"`
	Others []otherDoc `xml:",any"`
}

type expirationDoc struct {
	Days   int        `xml:"Days"`
	Others []otherDoc `xml:",any"`
}

type abortDoc struct {
	Days int `xml:"DaysAfterInitiation"`
}

type otherDoc struct{ XMLName xml.Name }

func parseLifecycle(raw []byte) ([]rule, error) {
	var doc lifecycleDoc
	if err := parseXML(raw, &doc); err != nil {
		return nil, err
	}
	if n := len(doc.Rules); n == 0 || n > 1000 {
		return nil, failure{http.StatusBadRequest, "MalformedXML", fmt.Sprintf("%d rules; it takes 1 to 1000", n)}
	}
	rules := make([]rule, 0, len(doc.Rules))
	for _, d := range doc.Rules {
		r, err := d.rule()
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func (d ruleDoc) rule() (rule, error) {
	r := rule{ID: d.ID, Prefix: d.Prefix, Enabled: d.Status == "Enabled"}
	others := d.Others
	if d.Filter != nil {
		r.Prefix = d.Filter.Prefix
		others = append(others, d.Filter.Others...)
	}
	if d.Expiration != nil {
		r.Expire = d.Expiration.Days
		others = append(others, d.Expiration.Others...)
	}
	if d.Abort != nil {
		r.Abort = d.Abort.Days
	}
	switch {
	case len(others) > 0:
		return r, failure{http.StatusNotImplemented, "NotImplemented", "this store does not know the lifecycle element " + others[0].XMLName.Local}
	case !r.Enabled && d.Status != "Disabled":
		return r, failure{http.StatusBadRequest, "MalformedXML", "a rule is neither Enabled nor Disabled"}
	case d.Expiration != nil && r.Expire < 1, d.Abort != nil && r.Abort < 1, r.Expire+r.Abort == 0:
		return r, failure{http.StatusBadRequest, "InvalidArgument", "a rule needs a positive number of days"}
	}
	return r, nil
}

func formatLifecycle(rules []rule) lifecycleDoc {
	doc := lifecycleDoc{Space: namespace}
	for _, r := range rules {
		d := ruleDoc{ID: r.ID, Status: "Disabled", Filter: &filterDoc{Prefix: r.Prefix}}
		if r.Enabled {
			d.Status = "Enabled"
		}
		if r.Expire > 0 {
			d.Expiration = &expirationDoc{Days: r.Expire}
		}
		if r.Abort > 0 {
			d.Abort = &abortDoc{Days: r.Abort}
		}
		doc.Rules = append(doc.Rules, d)
	}
	return doc
}

func (c *call) putLifecycle() error {
	var doc lifecycleDoc
	if err := c.document(&doc); err != nil {
		return err
	}
	raw, err := xml.Marshal(doc)
	if err != nil {
		return err
	}
	rules, err := parseLifecycle(raw)
	if err != nil {
		return err
	}
	if err := c.bucket.setRules(rules); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) getLifecycle() error {
	rules := c.bucket.currentRules()
	if len(rules) == 0 {
		return failure{http.StatusNotFound, "NoSuchLifecycleConfiguration", "the bucket has no lifecycle rules"}
	}
	writeXML(c.w, http.StatusOK, formatLifecycle(rules))
	return nil
}

func (c *call) deleteLifecycle() error {
	if err := c.bucket.setRules(nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (b *Bucket) currentRules() []rule {
	b.rulesMu.RLock()
	defer b.rulesMu.RUnlock()
	return b.rules
}

func (b *Bucket) setRules(rules []rule) error {
	b.rulesMu.Lock()
	defer b.rulesMu.Unlock()
	if b.rulesFile != "" {
		if err := b.saveRules(rules); err != nil {
			return err
		}
	}
	b.rules = rules
	return nil
}

func (b *Bucket) saveRules(rules []rule) error {
	if len(rules) == 0 {
		if err := os.Remove(b.rulesFile); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	raw, err := xml.Marshal(formatLifecycle(rules))
	if err != nil {
		return err
	}
	return writeFile(b.rulesFile, raw, b.sync)
}
